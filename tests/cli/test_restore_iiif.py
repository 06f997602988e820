"""`bokwon restore` on IIIF manifests and image services of a server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main
from bokwon.iiif import connection
from tests.iiif.server import Served, Server, manifest, serving, status

HOLE = np.zeros((60, 80), bool)
HOLE[20:30, 30:50] = True
PAGE = np.random.default_rng(3).integers(0, 256, HOLE.shape).astype(np.uint8)
TELEA = ("--method", "telea", "-j", "1")


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Three pages: one that comes whole, one in tiles, and one with ready-made tiles only."""
    monkeypatch.setattr(connection, "sleep", lambda seconds: None)
    monkeypatch.setenv("no_proxy", "*")
    png = {"preferredFormats": ["png"]}
    with serving() as found:
        found.images["whole"] = Served(PAGE)
        found.images["capped"] = Served(PAGE, version=2, most={"maxWidth": 70}, tile=64, more=png)
        found.images["ready"] = Served(PAGE, level=0, silent={"maxArea": 4096}, tile=64, more=png)
        found.documents["/manifest.json"] = manifest(found, "whole", "capped", "ready")
        yield found


@pytest.fixture
def masks(folder: Path) -> Path:
    (folder / "masks").mkdir()
    for number in (1, 2, 3):
        Image.fromarray(HOLE).save(folder / f"masks/p{number:03}-fol-{number}r.png")
    return folder / "masks"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def entries() -> dict[str, dict[str, Any]]:
    lines = Path("out/report.jsonl").read_text(encoding="utf-8").splitlines()
    return {entry["file"]: entry for entry in map(json.loads, lines)}


def test_a_manifest_is_downloaded_restored_recorded_and_exported(
    server: Server, masks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("restore", f"{server.url}/manifest.json", "out/", "--masks", "masks", "--record", *TELEA)
    assert run(*command) == 0
    said = capsys.readouterr().err
    assert "bokwon: 고문서: 3 images\n" in said
    assert "bokwon: note: terms of use: http://rightsstatements.org/vocab/NoC-NC/1.0/\n" in said
    assert "bokwon: downloaded 3 scans to out/scans; terms of use in out/rights.txt\n" in said
    # Not even iiif.json, which bokwon wrote.
    assert "left alone" not in said
    assert {name: entry["status"] for name, entry in entries().items()} == {
        "p001-fol-1r.jpg": "restored",
        "p002-fol-2r.png": "restored",
        "p003-fol-3r.png": "restored",
    }
    for name in ("p002-fol-2r.png", "p003-fol-3r.png"):
        np.testing.assert_array_equal(np.array(Image.open(f"out/scans/{name}")), PAGE)
        restored = np.array(Image.open(f"out/{name}"))
        np.testing.assert_array_equal(restored[~HOLE], PAGE[~HOLE])
        assert (restored[HOLE] != PAGE[HOLE]).any()
    assert server.most_at_once == 1
    rights = Path("out/rights.txt").read_text(encoding="utf-8")
    assert f"{server.url}/manifest.json" in rights
    assert "Attribution: By an archive\n" in rights
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert "고문서" in page
    assert "NoC-NC" in page
    record = json.loads(Path("out/p002-fol-2r.png.record/record.json").read_text(encoding="utf-8"))
    assert record["origin"]["url"] == server.service("capped")
    assert run("record", "export", "out/p002-fol-2r.png.record", "--as", "iiif", "--out", "again.json", "-q") == 0
    again = json.loads(Path("again.json").read_text(encoding="utf-8"))
    assert again["rights"] == "http://rightsstatements.org/vocab/NoC-NC/1.0/"
    assert again["requiredStatement"]["value"] == {"en": ["<span>By an archive</span>"]}
    told = {entry["label"]["en"][0]: entry["value"] for entry in again["metadata"]}
    assert told["Scan from the manifest"] == {"none": [f"{server.url}/manifest.json"]}
    assert told["Page"] == {"none": ["fol. 2r"]}
    # Once more: nothing is requested but the manifest, and nothing is done.
    server.requests.clear()
    before = Path("out/p002-fol-2r.png").stat().st_mtime_ns
    assert run(*command, "--resume") == 0
    assert server.requests == ["/manifest.json"]
    assert Path("out/p002-fol-2r.png").stat().st_mtime_ns == before
    assert "downloaded 0 scans to out/scans, 3 there before" in capsys.readouterr().err


def test_pages_that_fail_are_reported_and_the_next_run_gets_them(
    server: Server, masks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults["/iiif/capped/0,0"] = [status(404)]
    server.faults["/iiif/ready/info"] = [status(429, Retry_After="9999")]
    command = ("restore", f"{server.url}/manifest.json", "out", "--masks", "masks", "--resume", *TELEA)
    assert run(*command) == 4
    said = capsys.readouterr().err
    assert "error: p002-fol-2r: " in said
    assert f"{server.service('capped')}/0,0,64,60/64,/0/default.png: the server answers 404 Not Found; check" in said
    assert "asks to wait for 9,999 seconds; run the same command again later" in said
    assert "downloaded 1 scan to out/scans, 2 failed" in said
    found = entries()
    assert {name: (entry["status"], entry["code"]) for name, entry in found.items()} == {
        "p001-fol-1r.jpg": ("restored", 0),
        "p002-fol-2r": ("failed", 5),
        "p003-fol-3r": ("failed", 5),
    }
    assert run(*command) == 0
    assert [entry["status"] for entry in entries().values()] == ["restored"] * 3
    assert "downloaded 2 scans to out/scans, 1 there before" in capsys.readouterr().err


def test_pages_of_the_manifest_can_be_chosen(server: Server, folder: Path) -> None:
    Path("m.json").write_text(json.dumps(manifest(server, "whole", "capped", "ready")), encoding="utf-8")
    assert run("restore", "m.json", "out", "--mask", "beside", "--pages", "3-end", *TELEA) == 0
    assert {name: entry["status"] for name, entry in entries().items()} == {"p003-fol-3r.png": "no mask"}
    assert not any("whole" in path or "capped" in path for path in server.requests)
    Image.fromarray(HOLE).save("out/scans/p001-fol-1r-mask.png")
    assert run("restore", "m.json", "out", "--mask", "beside", "--pages", "1", *TELEA) == 0
    # What was downloaded for other pages is left alone.
    assert {name: entry["status"] for name, entry in entries().items()} == {"p001-fol-1r.jpg": "restored"}
    assert Path("out/p003-fol-3r.png").exists()


def test_an_image_service_is_a_manifest_of_one_page(server: Server, folder: Path) -> None:
    assert run("restore", f"{server.service('ready')}/info.json", "out", "--mask", "beside", *TELEA) == 0
    np.testing.assert_array_equal(np.array(Image.open("out/p001.png")), PAGE)
    assert "Rights (권리): not stated" in Path("out/rights.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("{url}/manifest.json", "out.png"), 1, "out.png is named like a file, but"),
        (("{url}/manifest.json", "-"), 1, "standard output cannot hold a manifest"),
        (("{url}/manifest.json", "out", "--mask", "mask.png"), 1, "--mask mask.png is the mask of one image"),
        (("{url}/manifest.json", "out", "--watch"), 1, "--watch and --shard are for folders"),
        (("{url}/manifest.json", "out", "--shard", "1/2"), 1, "--watch and --shard are for folders"),
        (("{url}/manifest.json", "mask.png", "out"), 1, "/manifest.json is a manifest among several inputs"),
        (("{url}/manifest.json", "out", "--pages", "4"), 1, "there is no page 4, only 3"),
        (("{url}/manifest.json", "out", "--pages", "2-3"), 1, "none of the pages 2-3 of"),
        (("{url}/manifest.json", "out", "--masks", "nothing"), 5, "nothing does not exist"),
        (("{url}/manifest.json", "out", "--model", "./nothing.onnx"), 5, "nothing.onnx"),
        (("{url}/manifest.json?x=*", "out"), 5, "manifest.json?x=*: the server answers 404 Not Found"),
        (("{url}/text", "out"), 2, "/text is not JSON; check the address"),
        (("x.json", "out"), 2, "x.json is not JSON"),
        (("missing.json", "out"), 5, "missing.json cannot be read: No such file"),
    ],
)
def test_mistakes_are_said(
    server: Server, arguments: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.documents["/text"] = b"hello"
    for canvas in server.documents["/manifest.json"]["items"][1:]:
        canvas["items"] = []
    Path("x.json").write_text("hello")
    assert run("restore", *(item.format(url=server.url) for item in arguments)) == code
    assert said in capsys.readouterr().err
    # Nothing was begun.
    assert not [path for path in server.requests if path.startswith("/iiif")]
    assert not Path("out").exists()


@pytest.mark.parametrize("name", ["out/rights.txt", "out/scans/iiif.json"])
def test_a_file_that_is_not_ours_is_not_written_over(
    server: Server, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out/scans").mkdir(parents=True)
    Path(name).write_text("mine")
    assert run("restore", f"{server.url}/manifest.json", "out", *TELEA) == 6
    assert f"{name} exists, and no download wrote it; move it" in capsys.readouterr().err
    assert Path(name).read_text() == "mine"
    assert server.requests == []
