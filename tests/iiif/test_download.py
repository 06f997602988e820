"""Images of a manifest become files: whole, at full size, once, and noted."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.iiif import download
from bokwon.iiif.connection import Connection
from bokwon.iiif.download import Scan, download_images
from bokwon.iiif.manifest import read_manifest
from bokwon.utilities.locks import lock_folder
from tests.iiif.server import Fault, Served, Server, cut_off_unnoticed, hang_up, manifest, say, status

NOISE = np.random.default_rng(2).integers(0, 256, (90, 130, 3)).astype(np.uint8)


@pytest.fixture
def said() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def get(server: Server, tmp_path: Path, said: list[tuple[str, str]]) -> Any:
    """Downloads images of the server by name."""

    def act(*names: str, max_pixels: int = 1_000_000, content: dict[str, Any] | None = None) -> list[Scan]:
        found = read_manifest(content or manifest(server, *names), "m.json")
        tell = lambda level, text: said.append((level, text))  # noqa: E731
        return download_images(found, found.images, tmp_path / "scans", Connection(), max_pixels=max_pixels, tell=tell)

    return act


def notes(folder: Path) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = json.loads((folder / "scans/iiif.json").read_text(encoding="utf-8"))["pages"]
    return pages


def answer_of(server: Server, name: str) -> bytes:
    served = server.images[name]
    return served.answer("full", "max" if served.version == 3 else "full", "jpg")[1]


def test_a_whole_answer_is_kept_byte_for_byte(server: Server, get: Any, tmp_path: Path) -> None:
    assert get("gray", "colour") == [Scan("p001-fol-1r.jpg", "new"), Scan("p002-fol-2r.jpg", "new")]
    for name, file in (("gray", "p001-fol-1r.jpg"), ("colour", "p002-fol-2r.jpg")):
        content = (tmp_path / "scans" / file).read_bytes()
        assert content == answer_of(server, name)
    assert server.requests == [
        "/iiif/gray/info.json",
        "/iiif/gray/full/max/0/default.jpg",
        "/iiif/colour/info.json",
        "/iiif/colour/full/full/0/default.jpg",
    ]
    first, second = notes(tmp_path)
    assert first["sha256"] == hashlib.sha256(answer_of(server, "gray")).hexdigest()
    assert (first["url"], first["label"], first["width"], first["height"]) == (
        server.service("gray"),
        "fol. 1r",
        70,
        50,
    )
    assert "tiles" not in second
    assert sorted(path.name for path in (tmp_path / "scans").iterdir()) == [
        "iiif.json",
        "p001-fol-1r.jpg",
        "p002-fol-2r.jpg",
    ]


@pytest.mark.parametrize(
    ("served", "tiles"),
    [
        (Served(NOISE, most={"maxWidth": 100}, tile=64), 6),
        (Served(NOISE, version=2, level=1, most={"maxArea": 8192}, tile=64), 6),
        (Served(NOISE, most={"maxWidth": 100}), 2),
        (Served(NOISE, version=2, most={"maxWidth": 100, "maxHeight": 60}), 4),
        # Servers that do not say what they keep to: they answer smaller, or refuse.
        (Served(NOISE, silent={"maxWidth": 100}, tile=64), 6),
        (Served(NOISE, version=2, silent={"maxArea": 8192}, tile=64, refuses=403), 6),
        (Served(NOISE, level=0, silent={"maxWidth": 100}, tile=64, refuses=404), 6),
        (Served(NOISE, version=2, level=0, silent={"maxWidth": 100}, tile=64, refuses=501), 6),
        (Served(NOISE, level=0, most={"maxWidth": 100}, tile=64), 6),
        (Served(NOISE, silent={"maxWidth": 100}), 4),
        (Served(NOISE, version=1, silent={"maxWidth": 100}, tile=64), 6),
    ],
)
def test_larger_images_than_a_server_gives_are_stitched(
    server: Server, get: Any, tmp_path: Path, served: Served, tiles: int
) -> None:
    served.more["preferredFormats"] = ["png"]
    server.images["page"] = served
    assert get("page") == [Scan("p001-fol-1r.png", "new")]
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "scans/p001-fol-1r.png")), NOISE)
    assert notes(tmp_path)[0]["tiles"] == tiles
    assert server.most_at_once == 1


def test_what_tiles_of_jpeg_show_is_kept_without_loss(server: Server, get: Any, tmp_path: Path) -> None:
    served = server.images["page"] = Served(NOISE, most={"maxWidth": 80}, tile=80)
    get("page")
    found = np.array(Image.open(tmp_path / "scans/p001-fol-1r.png"))
    tile = Image.open(io.BytesIO(served.answer("80,80,50,10", "50,10", "jpg")[1]))
    np.testing.assert_array_equal(found[80:, 80:], np.array(tile))


def test_what_cannot_be_had_at_full_size_is_said(server: Server, get: Any) -> None:
    server.images["page"] = Served(NOISE, level=0, silent={"maxWidth": 100})
    server.images["other"] = Served(NOISE, level=0, silent={"maxWidth": 100}, refuses=403)
    smaller, refused = get("page", "other")
    assert (smaller.name, smaller.state) == ("p001-fol-1r", "failed")
    assert "only smaller than its full size of 130x90" in str(smaller.error)
    assert server.service("page") in str(smaller.error)
    assert "answers 403" in str(refused.error)


def test_pages_are_not_requested_twice(server: Server, get: Any, tmp_path: Path) -> None:
    get("gray", "colour")
    (tmp_path / "scans/p002-fol-2r.jpg").unlink()
    server.requests.clear()
    assert [scan.state for scan in get("gray", "colour")] == ["there", "new"]
    assert server.requests == ["/iiif/colour/info.json", "/iiif/colour/full/full/0/default.jpg"]


def test_an_interrupted_download_leaves_whole_files_only(
    server: Server, get: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download, "_decoded", interrupt)
        with pytest.raises(KeyboardInterrupt):
            get("gray")
    assert list((tmp_path / "scans").iterdir()) == []
    # Killed between the note and the file, and while the file was copied.
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", interrupt)
        with pytest.raises(KeyboardInterrupt):
            get("gray")
    (tmp_path / "scans/.bokwon-0-0.part").write_bytes(b"half")
    assert [path.name for path in (tmp_path / "scans").iterdir() if path.suffix != ".part"] == ["iiif.json"]
    assert [scan.state for scan in get("gray")] == ["new"]
    assert {path.name for path in (tmp_path / "scans").iterdir()} == {"iiif.json", "p001-fol-1r.jpg"}


def test_a_scan_that_was_changed_is_not_replaced(
    server: Server, get: Any, tmp_path: Path, said: list[tuple[str, str]]
) -> None:
    get("gray")
    scan = tmp_path / "scans/p001-fol-1r.jpg"
    scan.write_bytes(b"turned by somebody")
    server.requests.clear()
    assert get("gray") == [Scan("p001-fol-1r.jpg", "there")]
    assert scan.read_bytes() == b"turned by somebody"
    assert server.requests == []
    assert said[1:] == [("warning", f"{scan} was changed after its download, or is not from there: it stays")]


def test_another_image_in_the_same_place_is_downloaded(server: Server, get: Any, tmp_path: Path) -> None:
    get("gray")
    server.images["page"] = Served(NOISE, more={"preferredFormats": ["png"]})
    assert get("page") == [Scan("p001-fol-1r.png", "new")]
    assert [path.name for path in (tmp_path / "scans").glob("p*")] == ["p001-fol-1r.png"]
    assert [page["file"] for page in notes(tmp_path)] == ["p001-fol-1r.png"]


def test_a_folder_is_for_one_manifest_and_one_run(server: Server, get: Any, tmp_path: Path) -> None:
    get("gray")
    other = {**manifest(server, "gray"), "id": "https://a.example/other"}
    with pytest.raises(
        ArgumentError, match=r"holds the scans of .*manifest\.json, and not of https://a\.example/other"
    ):
        get(content=other)
    lock = lock_folder(tmp_path / "scans")
    with pytest.raises(ArgumentError, match="another run is writing to"):
        get("gray")
    if lock is not None:
        os.close(lock)
    assert [scan.state for scan in get("gray")] == ["there"]


def test_an_image_over_the_limit_is_not_requested(server: Server, get: Any) -> None:
    (scan,) = get("gray", max_pixels=3499)
    assert isinstance(scan.error, InputFileError)
    assert "has more than 0.003499 megapixels" in str(scan.error)
    assert server.requests == ["/iiif/gray/info.json"]


def test_an_answer_cannot_be_larger_than_its_image(server: Server, get: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_HEADER_BYTES", 1000)
    server.faults["/iiif/gray/full"] = [say(b"x" * 100_000)]
    (scan,) = get("gray")
    assert "is larger than 29,000 bytes" in str(scan.error)
    # Nor may it have more pixels, however well they are packed.
    for side, told in ((3000, "has more than 1 megapixels"), (300, "has 300x300 pixels, and its info.json says 70x50")):
        buffer = io.BytesIO()
        Image.new("1", (side, side)).save(buffer, "PNG")
        server.faults["/iiif/gray/full"] = [say(buffer.getvalue())] * 2
        (scan,) = get("gray")
        assert told in str(scan.error)


@pytest.mark.parametrize("fault", [cut_off_unnoticed, say(b"<html>Log in</html>"), say(b"")])
def test_a_broken_answer_is_asked_for_once_more(server: Server, get: Any, tmp_path: Path, fault: Fault) -> None:
    server.faults["/iiif/gray/full"] = [fault]
    assert [scan.state for scan in get("gray")] == ["new"]
    assert (tmp_path / "scans/p001-fol-1r.jpg").read_bytes() == answer_of(server, "gray")
    (tmp_path / "scans/p001-fol-1r.jpg").unlink()
    server.faults["/iiif/gray/full"] = [fault] * 2
    (scan,) = get("gray")
    assert scan.state == "failed"
    assert "/iiif/gray/full/max/0/default.jpg" in str(scan.error)
    assert [path.name for path in (tmp_path / "scans").iterdir()] == ["iiif.json"]


def test_a_tile_of_another_size_fails(server: Server, get: Any) -> None:
    served = server.images["page"] = Served(NOISE, most={"maxWidth": 100}, tile=64)
    server.faults["/iiif/page/64,64"] = [say(served.answer("0,0,26,64", "max", "jpg")[1])] * 2
    (scan,) = get("page")
    assert "/64,64,64,26/64,26/0/default.jpg has" in str(scan.error)


def test_a_page_that_fails_stops_no_other(server: Server, get: Any) -> None:
    server.documents["/iiif/gray/info.json"] = b"broken"
    server.images["wide"] = Served(NOISE)
    server.faults["/iiif/wide"] = [status(404)]
    assert [scan.state for scan in get("gray", "wide", "colour")] == ["failed", "failed", "new"]


def test_a_server_that_is_down_is_left_alone(server: Server, get: Any) -> None:
    server.faults["/iiif/"] = [hang_up] * 100
    scans = get("gray", "gray", "gray", "colour", "colour")
    assert [scan.state for scan in scans] == ["failed"] * 5
    assert "not requested: the server did not answer for 3 pages in a row" in str(scans[4].error)
    assert len(server.requests) == 12
    assert scans[4].error is not None
    assert scans[4].error.exit_code == FileAccessError.exit_code


def test_an_image_without_a_service_is_downloaded_as_it_is(
    server: Server, get: Any, tmp_path: Path, said: list[tuple[str, str]]
) -> None:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, "TIFF")
    server.documents["/static/page"] = buffer.getvalue()
    content = manifest(server, "gray")
    body = content["items"][0]["items"][0]["items"][0]["body"]
    body |= {"id": f"{server.url}/static/page", "service": [], "width": 260, "height": "180"}
    assert get(content=content) == [Scan("p001-fol-1r.tif", "new")]
    assert ("warning", f"{server.url}/static/page has 130x90 pixels, and the manifest says 260x180") in said
    assert (tmp_path / "scans/p001-fol-1r.tif").read_bytes() == buffer.getvalue()
    for url in ("file:///etc/passwd", "page.jpg"):
        body["id"] = url
        content["id"] = url
        (scan,) = read_scans(get, content, tmp_path)
        assert "is not a URL that begins with http" in str(scan.error)


def read_scans(get: Any, content: dict[str, Any], folder: Path) -> list[Scan]:
    (folder / "scans/iiif.json").unlink()
    (folder / "scans/p001-fol-1r.tif").unlink(missing_ok=True)
    scans: list[Scan] = get(content=content)
    return scans


def test_terms_of_the_whole_and_of_a_page_are_noted(server: Server, get: Any, tmp_path: Path) -> None:
    server.images["gray"].more["rights"] = "https://a.example/of-the-image"
    content = manifest(server, "gray", "colour")
    content["items"][1]["rights"] = "https://a.example/of-the-canvas"
    get(content=content)
    told = json.loads((tmp_path / "scans/iiif.json").read_text(encoding="utf-8"))
    assert told["manifest"] == f"{server.url}/manifest.json"
    assert told["rights"] == ["http://rightsstatements.org/vocab/NoC-NC/1.0/"]
    assert told["requiredStatement"]["value"] == {"en": ["<span>By an archive</span>"]}
    assert [page["rights"] for page in told["pages"]] == [
        ["https://a.example/of-the-image"],
        ["https://a.example/of-the-canvas"],
    ]


def test_a_full_disk_ends_the_download(server: Server, get: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(FileAccessError, match=r"cannot write to .*scans: No space left on device"):
        get("gray", "colour")
