"""`bokwon evaluate-detect` as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Call

RED = (255, 0, 0)


def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bokwon", "evaluate-detect", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two sound pages and a damaged one among them, a page with a zone, and one with a mask."""
    for name in ("sound", "zones", "labelled"):
        (tmp_path / name).mkdir()
    page = np.full((100, 100, 3), 255, np.uint8)
    page[50:52, 20:80] = 40
    for name in ("a", "b"):
        Image.fromarray(page).save(tmp_path / "sound" / f"{name}.png")
    torn = page.copy()
    torn[10:30, 10:30] = RED
    Image.fromarray(torn).save(tmp_path / "sound" / "torn.png")
    Image.fromarray(torn).save(tmp_path / "zones" / "zone_00.png")
    zones = {"zone_00.png": {"source": "here", "damage": [[[10, 10], [29, 10], [29, 29], [10, 29]]]}}
    (tmp_path / "zones" / "zones.json").write_text(json.dumps(zones))
    Image.fromarray(torn).save(tmp_path / "labelled" / "one.png")
    mask = np.zeros((100, 100), np.uint8)
    mask[10:30, 10:20] = 255
    Image.fromarray(mask).save(tmp_path / "labelled" / "one_mask.png")
    (tmp_path / "not_sound.csv").write_text("page,reason\nsound/torn,it is torn\n")
    return tmp_path


def test_sound_pages_zones_and_masks(data: Path, colour_key: Path) -> None:
    out = data / "report"
    known = ("--not-sound", data / "not_sound.csv", "--zones", data / "zones", "--labelled", data / "labelled")
    done = run("--out", out, "--sound", data / "sound", *known, "--model", colour_key, "--overlays")
    results = json.loads((out / "results.json").read_text())
    assert [page["page"] for page in results["sound"]] == ["sound/a", "sound/b"]
    assert [page["marked"] for page in results["sound"]] == [0, 0]
    assert results["left_out"] == [{"page": "sound/torn", "reason": "it is torn"}]
    (zone,) = results["zones"]
    assert zone["zones"] == [1.0]
    # The mask is grown by two pixels.
    assert 0.01 < zone["outside"] < 0.02
    (labelled,) = results["labelled"]
    assert labelled["found"] == 1.0
    assert labelled["iou"] == pytest.approx(200 / (24 * 24), abs=0.03)
    assert "| sound pages: number | 2 |" in done.stdout
    assert done.stdout == (out / "table.md").read_text()
    assert len(list((out / "overlays").iterdir())) == 4


def test_made_scenes_and_parts(data: Path, colour_key: Path) -> None:
    out = data / "report"
    run(
        "--out",
        out,
        "--pages",
        data / "sound",
        "--count",
        2,
        "--sound",
        data / "sound",
        "--part",
        "odd",
        "--model",
        colour_key,
    )
    results = json.loads((out / "results.json").read_text())
    assert [page["page"] for page in results["sound"]] == ["sound/b"]
    assert results["scenes"]["count"] == 2
    assert set(results["scenes"]["groups"]) >= {"missing paper and tears", "creases and scratches"}
    assert (out / "regions.csv").read_text().startswith("kind,confidence,right,area")


def test_what_is_torn_off_counts_if_asked_for(data: Path, colour_key: Path) -> None:
    page = np.zeros((200, 160, 3), np.uint8)
    page[20:180, 20:140] = 255
    page[150:180, 110:140] = 0
    Image.fromarray(page).save(data / "zones" / "zone_00.png")
    zones = {"zone_00.png": {"source": "here", "damage": [[[110, 150], [139, 150], [139, 179], [110, 179]]]}}
    (data / "zones" / "zones.json").write_text(json.dumps(zones))
    found = []
    for option in ((), ("--outline",)):
        run("--out", data / "report", "--zones", data / "zones", "--model", colour_key, *option)
        (zone,) = json.loads((data / "report" / "results.json").read_text())["zones"]
        found += zone["zones"]
    assert found[0] == 0
    assert found[1] > 0.8


def test_mistakes_are_told(data: Path, colour_key: Path, call: Call) -> None:
    (data / "bad.csv").write_text("name,why\nx,y\n")
    for arguments, code, told in (
        ((), 1, "nothing is to be measured"),
        (("--part", "some"), 1, "no part 'some'"),
        (("--sound", data / "none"), 5, "is no folder"),
        (("--sound", data / "sound", "--not-sound", data / "bad.csv"), 2, "page,reason"),
    ):
        done = call("evaluate-detect", "--out", data / "r", *arguments, "--model", colour_key)
        assert (done.returncode, told in done.stderr) == (code, True), done.stderr
