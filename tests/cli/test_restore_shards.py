"""`bokwon restore --shard`: several runs on one folder, and what is left when one of them is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Call


def command(folder: Path, *options: object) -> list[str]:
    paths = (folder / "in", folder / "out")
    return [sys.executable, "-m", "bokwon", "restore", *map(str, paths), "--method", "telea", "-q", *map(str, options)]


def run(folder: Path, *options: object) -> None:
    done = subprocess.run(command(folder, *options), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder with a folder of twelve pages and their masks."""
    (tmp_path / "in").mkdir()
    mask = np.zeros((40, 40), np.uint8)
    mask[10:20, 10:20] = 255
    for number in range(12):
        page = np.full((40, 40), 150 + number, np.uint8)
        Image.fromarray(page).save(tmp_path / "in" / f"leaf{number:02d}.png")
        Image.fromarray(mask).save(tmp_path / "in" / f"leaf{number:02d}_mask.png")
    return tmp_path


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "out").glob("leaf*.png"))}


def test_shards_that_run_at_the_same_time_make_the_bytes_of_one_run(scans: Path, tmp_path: Path) -> None:
    running = [subprocess.Popen(command(scans, "--shard", f"{number}/3")) for number in (1, 2, 3)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    parts = outputs(scans)
    assert len(parts) == 12
    assert len(list((scans / "out").glob("report.*-of-3.jsonl"))) == 3
    run(scans, "--resume")
    lines = (scans / "out" / "report.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 12
    assert {json.loads(line)["status"] for line in lines} == {"restored"}
    assert list((scans / "out").glob("report.*-of-3.jsonl")) == []
    assert (scans / "out" / "report.html").is_file()
    assert outputs(scans) == parts
    for path in (scans / "out").glob("leaf*.png"):
        path.unlink()
    run(scans)
    assert outputs(scans) == parts


def test_what_a_killed_shard_left_undone_is_done_by_the_next_run(scans: Path) -> None:
    run(scans, "--shard", "1/2")
    done = set(outputs(scans))
    assert 0 < len(done) < 12
    # The second shard is killed before it has done anything.
    killed = subprocess.Popen(command(scans, "--shard", "2/2"))
    killed.kill()
    killed.wait()
    run(scans, "--resume")
    assert len(outputs(scans)) == 12


def test_shards_are_for_folders(scans: Path, call: Call) -> None:
    done = call("restore", scans / "in" / "leaf00.png", scans / "o.png", "--shard", "1/2")
    assert (done.returncode, "--shard is for folders" in done.stderr) == (1, True)
    done = call("restore", scans / "in", scans / "out", "--shard", "3/2")
    assert (done.returncode, "give 1/2" in done.stderr) == (1, True)
