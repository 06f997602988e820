"""`bokwon data` as it is typed: what it makes is read by the commands it is made for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Call


def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "bokwon", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A page with a red hole and its mask, and a page with an empty mask."""
    folder = tmp_path / "scans"
    folder.mkdir()
    page = np.full((64, 64, 3), 255, np.uint8)
    mask = np.zeros((64, 64), np.uint8)
    Image.fromarray(page).save(folder / "b.png")
    Image.fromarray(mask).save(folder / "b_mask.png")
    page[20:40, 20:40], mask[20:40, 20:40] = (255, 0, 0), 255
    Image.fromarray(page).save(folder / "a.png")
    Image.fromarray(mask).save(folder / "a_mask.png")
    return folder


def test_a_set_is_measured_on(scans: Path, tmp_path: Path, colour_key: Path) -> None:
    packed = tmp_path / "set"
    done = run("data", "pack", scans, packed, "--licence", "CC-BY-4.0")
    assert done.stdout == f"{packed}: 1 page with damage, 1 sound, CC-BY-4.0\n"
    assert "complete" in run("data", "check", packed).stdout
    folders = ("--labelled", packed / "labelled", "--sound", packed / "sound")
    report = tmp_path / "report"
    run("evaluate-detect", "--model", colour_key, "--out", report, *folders)
    table = (report / "table.md").read_text(encoding="utf-8")
    assert "page_0001" in (report / "results.json").read_text(encoding="utf-8")
    assert "page_0002" in (report / "results.json").read_text(encoding="utf-8")
    assert table


def test_a_licence_is_asked_for(scans: Path, tmp_path: Path, call: Call) -> None:
    done = call("data", "pack", scans, tmp_path / "set")
    assert (done.returncode, "--licence" in done.stderr) == (1, True)
    assert not (tmp_path / "set").exists()
