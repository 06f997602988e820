"""`bokwon restore --watch` in a process of its own: files that arrive, a clean stop, a restart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main

HOLE = np.zeros((40, 60), bool)
HOLE[10:20, 10:30] = True
PAGE = np.random.default_rng(1).integers(0, 256, HOLE.shape).astype(np.uint8)
PATIENCE = 120.0
"""Seconds after which a test gives up."""


@contextmanager
def watching(*more: str) -> Iterator[subprocess.Popen[str]]:
    command = ["-m", "bokwon", "restore", "--watch", "in", "out", "--settle", "0.4", "--method", "telea", "-j", "1"]
    command += ["--mask", "beside"]
    with Path("said.txt").open("a") as said:
        process = subprocess.Popen(
            [sys.executable, *command, *more], stderr=said, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, Path("said.txt").read_text()
        assert time.monotonic() < end, Path("said.txt").read_text()
        time.sleep(0.1)


def entries() -> dict[str, str]:
    lines = Path("out/report.jsonl").read_text().splitlines()
    return {entry["file"]: entry["status"] for entry in map(json.loads, filter(None, lines))}


@pytest.fixture
def page(folder: Path) -> bytes:
    Path("in").mkdir()
    Image.fromarray(PAGE).save("page.png")
    Image.fromarray(HOLE).save("in/leaf1-mask.png")
    Image.fromarray(HOLE).save("in/leaf2-mask.png")
    return Path("page.png").read_bytes()


def test_files_are_taken_once_they_are_whole_and_the_end_is_clean(page: bytes) -> None:
    with watching() as process:
        wait_for(lambda: "watching in" in Path("said.txt").read_text(), process)
        # A copy that goes on for longer than a file needs to settle.
        with Path("in/leaf1.png").open("wb") as copy:
            for start in range(0, len(page), len(page) // 8):
                copy.write(page[start : start + len(page) // 8])
                copy.flush()
                time.sleep(0.2)
        wait_for(Path("out/leaf1.png").exists, process)
        # It waits for its mask, and is done again once it has changed.
        Path("in/leaf3.png").write_bytes(page)
        Path("in/leaf2.png").write_bytes(page[:200])
        wait_for(lambda: entries().get("leaf2.png") == "failed", process)
        Path("in/leaf2.png").write_bytes(page)
        wait_for(Path("out/leaf2.png").exists, process)
        assert not Path("out/leaf3.png").exists()
        Image.fromarray(HOLE).save("in/leaf3-mask.png")
        wait_for(lambda: entries().get("leaf3.png") == "restored", process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 143
    assert entries() == {"leaf1.png": "restored", "leaf2.png": "restored", "leaf3.png": "restored"}
    said = Path("said.txt").read_text()
    assert said.count("leaf1.png: restored") == 1
    assert "bokwon: error: interrupted" in said
    assert {path.name for path in Path("out").iterdir()} == {"leaf1.png", "leaf2.png", "leaf3.png", "report.jsonl"}
    for name in ("leaf1", "leaf2", "leaf3"):
        restored = np.array(Image.open(f"out/{name}.png"))
        np.testing.assert_array_equal(restored[~HOLE], PAGE[~HOLE])
        assert (restored[HOLE] != PAGE[HOLE]).any()


def test_a_restart_does_only_what_is_new(page: bytes) -> None:
    Path("in/leaf1.png").write_bytes(page)
    with watching() as process:
        wait_for(Path("out/leaf1.png").exists, process)
        wait_for(lambda: entries() == {"leaf1.png": "restored"}, process)
    first = Path("out/leaf1.png").stat().st_mtime_ns
    Path("in/leaf2.png").write_bytes(page)
    with watching() as process:
        wait_for(lambda: entries().get("leaf2.png") == "restored", process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
    assert Path("out/leaf1.png").stat().st_mtime_ns == first


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["page.png", "out.png", "--watch"], "--watch is for one folder"),
        (["in", "out", "--watch", "--cluster"], "--watch is for one folder of this machine"),
        (["in", "page.png", "--watch"], "page.png is a file, but in is a folder"),
        (["in", "in", "--watch"], "same folder"),
        (["in", "out", "--watch", "--settle", "inf"], "--settle inf is no number"),
    ],
)
def test_what_cannot_be_watched_is_said(
    page: bytes, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("restore", *arguments) == 1
    assert said in capsys.readouterr().err
