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

HOLE = np.zeros((30, 40), bool)
HOLE[3:9, 5:16] = True
PIXELS = np.random.default_rng(3).integers(0, 256, (30, 40, 3)).astype(np.uint8)
# Loaded by every Python process: pictures with the word in them hang in C, without ever letting go of Python's lock.
HANGING = """
import re
from PIL import Image

usual = Image.open

def opened(stream, *arguments, **options):
    if hasattr(stream, "read"):
        begun = stream.tell()
        data = stream.read()
        stream.seek(begun)
        if b"HANG" in data:
            re.match(r"(a+)+b", "a" * 60)
    return usual(stream, *arguments, **options)

Image.open = opened
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    Path("patch").mkdir(exist_ok=True)
    Path("patch/sitecustomize.py").write_text(HANGING)
    path = os.pathsep.join(filter(None, (str(Path("patch").absolute()), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "bokwon", "restore", *arguments, "--method", "telea"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})


def save(path: str, *, hangs: bool) -> None:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Comment", "HANG" if hangs else "fine")
    Image.fromarray(PIXELS).save(path, pnginfo=text)


@pytest.mark.skipif(os.name != "posix", reason="forks")
def test_a_file_that_hangs_is_given_up(folder: Path) -> None:
    save("page.png", hangs=True)
    Path("out.png").write_bytes(b"old")
    done = run("page.png", "out.png", "--mask", "mask.png", "--record", "--timeout", "3")
    assert done.returncode == 8
    assert done.stderr == (
        "bokwon: error: page.png was not done in 3 seconds; give it more time (--timeout SECONDS), "
        "or restore fewer pages at once (--pages)\n"
    )
    assert Path("out.png").read_bytes() == b"old"
    assert sorted(path.name for path in Path().iterdir()) == ["mask.png", "out.png", "page.png", "patch"]


def test_the_same_command_has_time_for_a_sound_file(folder: Path) -> None:
    save("page.png", hangs=False)
    assert run("page.png", "out.png", "--mask", "mask.png", "--timeout", "300").returncode == 0
    assert Path("out.png").exists()


def test_in_a_folder_the_others_go_on(folder: Path) -> None:
    Path("in").mkdir()
    for name, hangs in (("a", False), ("b", True), ("c", False)):
        save(f"in/{name}.png", hangs=hangs)
        Image.fromarray(HOLE).save(f"in/{name}-mask.png")
    done = run("in", "out", "-j", "1", "--timeout", "5")
    assert done.returncode == 4
    assert "bokwon: error: in/b.png was not done in 5 seconds; give it more time" in done.stderr
    entries = [json.loads(line) for line in Path("out/report.jsonl").read_text().splitlines()]
    assert [(entry["file"], entry["status"], entry["code"]) for entry in entries] == [
        ("a.png", "restored", 0), ("b.png", "failed", 8), ("c.png", "restored", 0)
    ]  # fmt: skip
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "c.png", "report.jsonl"]


@pytest.mark.parametrize("seconds", ["0", "nan", "inf", "soon"])
def test_a_limit_that_is_none_is_refused(folder: Path, seconds: str) -> None:
    done = run("page.png", "out.png", "--mask", "mask.png", "--timeout", seconds)
    assert done.returncode == 1
    assert "--timeout" in done.stderr
