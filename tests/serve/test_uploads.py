"""Bodies of requests: what they may be, and that names of uploads never become paths."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bokwon.errors import ArgumentError
from bokwon.serve.problems import HttpError
from bokwon.serve.uploads import Body, clean_name, receive_body


def receive(
    folder: Path, body: bytes, kind: str | None, query: str = "", names: tuple[str, ...] = ("image", "mask")
) -> Body:
    headers = [] if kind is None else [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": query.encode()}
    scope["app"] = None
    parts = [body[:7], body[7:]]

    async def read() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    return asyncio.run(receive_body(Request(scope, read), folder, names))


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    lines = b""
    for name, file, content in parts:
        also = "" if file is None else f'; filename="{file}"'
        lines += f'--x\r\nContent-Disposition: form-data; name="{name}"{also}\r\n\r\n'.encode() + content + b"\r\n"
    return lines + b"--x--\r\n"


FORM = "multipart/form-data; boundary=x"


def test_a_form_brings_files_and_fields(tmp_path: Path) -> None:
    body = form(("image", "leaf 7.tif", b"pixels"), ("grow", None, b"2"), ("mask", "m.png", b"holes"))
    found = receive(tmp_path, body, FORM, "holes=black")
    assert found.fields == [("holes", "black"), ("grow", "2")]
    assert found.only("image").name == "leaf 7.tif"
    assert found.only("image").path.read_bytes() == b"pixels"
    source = found.only("mask").source
    assert (source.name, source.path) == ("m.png", tmp_path / "mask")


@pytest.mark.parametrize(
    "kind", [None, "", "image/png", "image/svg+xml", "application/octet-stream", "application/PDF"]
)
def test_raw_bytes_are_the_image(tmp_path: Path, kind: str | None) -> None:
    found = receive(tmp_path, b"pixels of a page", kind, "grow=2")
    assert found.only("image").path.read_bytes() == b"pixels of a page"
    assert (found.only("image").name, found.fields) == ("the image", [("grow", "2")])


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.png",
        "/etc/passwd",
        "..\\..\\evil.png",
        "C:\\evil.png",
        "..",
        ".",
        "image\x00.png",
        "con",
        "~/.ssh/id",
    ],
)
def test_names_of_uploads_are_no_paths(tmp_path: Path, name: str) -> None:
    (tmp_path / "own").mkdir()
    found = receive(tmp_path / "own", form(("image", name, b"pixels")), FORM)
    assert found.only("image").path == tmp_path / "own" / "image"
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*")] == [Path("own"), Path("own/image")]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("leaf7.tif", "leaf7.tif"),
        ("../box/leaf7.tif", "leaf7.tif"),
        ("box\\leaf7.tif", "leaf7.tif"),
        ("낱장 7.tif", "낱장 7.tif"),
        ("a\r\nSet-Cookie: b.png", "aSet-Cookie: b.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("box/", "the image"),
        ("", "the image"),
        (None, "the image"),
        ("x" * 200 + ".png", "x" * 116 + ".png"),
    ],
)
def test_names_are_shown_without_folders_and_control_characters(name: str | None, shown: str) -> None:
    assert clean_name(name, "the image") == shown


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/x-www-form-urlencoded", "image/"])
def test_other_types_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(HttpError, match=f"the body is {kind}") as refused:
        receive(tmp_path, b"{}", kind)
    assert refused.value.status == 415


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"rubbish", FORM), (b"rubbish", "multipart/form-data"), (form(("grow", None, b"2" * 20_000)), FORM)],
)
def test_forms_that_cannot_be_read_are_refused(tmp_path: Path, body: bytes, kind: str) -> None:
    with pytest.raises(HTTPException) as refused:
        receive(tmp_path, body, kind)
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([("image", "a.png", b"a"), ("image", "b.png", b"b")], "the file 'image' is sent twice"),
        ([("page", "a.png", b"a")], "no file 'page' is expected here"),
        ([("../image", "a.png", b"a")], "no file '../image' is expected here"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, parts: list[Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        receive(tmp_path, form(*parts), FORM)


def test_more_files_than_asked_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HTTPException, match="Too many files"):
        receive(tmp_path, form(*[("image", "a.png", b"a")] * 3), FORM)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="no file 'image' was sent; send it as the field image"):
        receive(tmp_path, form(("grow", None, b"2")), FORM).only("image")
