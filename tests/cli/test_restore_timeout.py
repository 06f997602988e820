"""`--timeout`: a file whose decoder never returns is given up, alone and in a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Call

HOLE = np.zeros((30, 40), bool)
HOLE[3:9, 5:16] = True
PIXELS = np.random.default_rng(3).integers(0, 256, (30, 40, 3)).astype(np.uint8)
# Loaded by every Python process: pictures with the word in them hang in C, without ever letting go of Python's lock.
HANGING = """
import os, re
if os.environ.get("NO_FORK"):
    del os.fork
from PIL import ImageFile

usual = ImageFile.ImageFile.__init__

def opened(self, stream, *arguments, **options):
    begun = stream.tell()
    data = stream.read()
    stream.seek(begun)
    if b"HANG" in data:
        re.match(r"(a+)+b", "a" * 60)
    usual(self, stream, *arguments, **options)

ImageFile.ImageFile.__init__ = opened
"""


def run(*arguments: str, no_fork: bool = False) -> subprocess.CompletedProcess[str]:
    Path("patch").mkdir(exist_ok=True)
    Path("patch/sitecustomize.py").write_text(HANGING)
    path = os.pathsep.join(filter(None, (str(Path("patch").absolute()), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "bokwon", "restore", *arguments, "--method", "telea"]
    environment = {**os.environ, "PYTHONPATH": path, **({"NO_FORK": "1"} if no_fork else {})}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def save(path: str, *, hangs: bool) -> None:
    Image.fromarray(PIXELS).save(path, tiffinfo={270: "HANG" if hangs else "fine"})


@pytest.mark.parametrize("no_fork", [False, True])
def test_a_file_that_hangs_is_given_up(folder: Path, *, no_fork: bool) -> None:
    save("page.tif", hangs=True)
    Path("out.tif").write_bytes(b"old")
    done = run("page.tif", "out.tif", "--mask", "mask.png", "--record", "--timeout", "3", no_fork=no_fork)
    assert done.returncode == 8
    assert done.stderr == (
        "bokwon: error: page.tif was not done in 3 seconds; give it more time (--timeout SECONDS), "
        "or restore fewer pages at once (--pages)\n"
    )
    assert Path("out.tif").read_bytes() == b"old"
    assert sorted(path.name for path in Path().iterdir()) == ["mask.png", "out.tif", "page.tif", "patch"]


@pytest.mark.parametrize("no_fork", [False, True])
def test_the_same_command_has_time_for_a_sound_file(folder: Path, *, no_fork: bool) -> None:
    save("page.tif", hangs=False)
    done = run("page.tif", "out.tif", "--mask", "mask.png", "--timeout", "300", no_fork=no_fork)
    assert done.returncode == 0
    assert done.stderr == "bokwon: wrote out.tif: 5.50% of page.tif filled, mask mask.png: white is hole\n"
    assert Path("out.tif").exists()


def test_in_a_folder_the_others_go_on(folder: Path) -> None:
    Path("in").mkdir()
    for name, hangs in (("a", False), ("b", True), ("c", False)):
        save(f"in/{name}.tif", hangs=hangs)
        Image.fromarray(HOLE).save(f"in/{name}-mask.png")
    done = run("in", "out", "-j", "1", "--timeout", "5")
    assert done.returncode == 4
    assert "bokwon: error: in/b.tif was not done in 5 seconds; give it more time" in done.stderr
    entries = [json.loads(line) for line in Path("out/report.jsonl").read_text().splitlines()]
    assert [(entry["file"], entry["status"], entry["code"]) for entry in entries] == [
        ("a.tif", "restored", 0), ("b.tif", "failed", 8), ("c.tif", "restored", 0)
    ]  # fmt: skip
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "a.tif",
        "c.tif",
        "report.html",
        "report.jsonl",
        "report_files",
    ]


@pytest.mark.parametrize("seconds", ["0", "nan", "inf", "soon"])
def test_a_limit_that_is_none_is_refused(folder: Path, call: Call, seconds: str) -> None:
    done = call("restore", "page.tif", "out.tif", "--mask", "mask.png", "--timeout", seconds)
    assert done.returncode == 1
    assert "--timeout" in done.stderr
