"""From what is named to the manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bokwon.errors import FileAccessError, InputFileError
from bokwon.iiif.connection import Connection, RefusedError
from bokwon.iiif.load import load_manifest
from tests.iiif.server import Server, manifest


def test_a_manifest_is_a_file_or_a_url(server: Server, tmp_path: Path) -> None:
    content = manifest(server, "gray", "colour")
    path = tmp_path / "m.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    server.documents["/m?id=7"] = content
    here = load_manifest(str(path), Connection())
    assert server.requests == []
    assert here == load_manifest(f"{server.url}/m?id=7", Connection())
    assert server.requests == ["/m?id=7"]
    assert [image.label for image in here.images] == ["fol. 1r", "fol. 2r"]


@pytest.mark.parametrize("rest", ["", "/", "/info.json", "/full/max/0/default.jpg"])
def test_an_image_service_is_a_manifest_of_one_page(server: Server, rest: str) -> None:
    server.images["gray"].more["rights"] = "https://a.example/r"
    found = load_manifest(server.service("gray") + rest, Connection())
    assert (found.id, found.canvases, found.terms.rights) == (server.service("gray"), 1, ("https://a.example/r",))
    (image,) = found.images
    assert (image.canvas, image.label, image.service) == (1, "", server.service("gray"))


def test_a_file_may_be_the_information_of_an_image(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "info.json"
    path.write_text(json.dumps(server.images["colour"].info(server.service("colour"))), encoding="utf-8")
    assert load_manifest(str(path), Connection()).images[0].service == server.service("colour")


def test_what_is_no_manifest_is_said(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(InputFileError, match=r"x\.json is neither a IIIF manifest nor"):
        load_manifest(str(tmp_path / "x.json"), Connection())
    with pytest.raises(FileAccessError, match=r"y\.json cannot be read"):
        load_manifest(str(tmp_path / "y.json"), Connection())
    with pytest.raises(RefusedError, match=f"{server.url}/nothing: the server answers 404 Not Found; check"):
        load_manifest(f"{server.url}/nothing", Connection())
    server.documents["/page.html"] = b"<html></html>"
    with pytest.raises(InputFileError, match=r"/page\.html is not JSON"):
        load_manifest(f"{server.url}/page.html", Connection())
