"""The command with standard streams of every kind: closed, full, unbuffered, non-blocking."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")

RESTORE = [sys.executable, "-m", "bokwon", "restore"]
OPTIONS = ["--mask", "mask.png", "--method", "telea"]
SIZE = (500, 400)


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page of noise, which no pipe takes at once, its mask, and what the command makes of it."""
    folder = tmp_path_factory.mktemp("restored")
    pixels = np.random.default_rng(1).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "page.png")
    hole = np.zeros(SIZE, bool)
    hole[50:60, 50:90] = True
    Image.fromarray(hole).save(folder / "mask.png")
    subprocess.run([*RESTORE, "page.png", "expected.png", *OPTIONS], check=True, capture_output=True, cwd=folder)
    return folder


@pytest.fixture
def folder(restored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, in which the test works."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(restored, tmp_path, dirs_exist_ok=True))


def expected() -> bytes:
    return Path("expected.png").read_bytes()


def set_blocking(stream: int, blocking: bool) -> None:
    os.set_blocking(stream, blocking)


@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}])
@pytest.mark.parametrize("blocking", [True, False])
def test_a_slow_reader_gets_the_whole_picture(folder: Path, environment: dict[str, str], blocking: bool) -> None:
    reading, writing = os.pipe()
    set_blocking(writing, blocking)
    with subprocess.Popen([*RESTORE, "page.png", "-", *OPTIONS], stdout=writing, env=os.environ | environment) as done:
        os.close(writing)
        received = bytearray()
        while piece := os.read(reading, 50_000):
            received += piece
            time.sleep(0.002)
        assert done.wait(timeout=60) == 0
    os.close(reading)
    assert bytes(received) == expected()


@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_a_reader_that_leaves_early_is_141(folder: Path, environment: dict[str, str]) -> None:
    command = [*RESTORE, "page.png", "-", *OPTIONS]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=os.environ | environment) as done:
        assert done.stdout is not None
        assert done.stderr is not None
        assert len(done.stdout.read(10)) == 10
        done.stdout.close()
        assert done.stderr.read() == b""
        assert done.wait(timeout=60) == 141


def run_closed(*descriptors: int, arguments: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return subprocess.run([*RESTORE, *arguments], preexec_fn=close, check=False, **options)


def test_without_standard_error_the_picture_stays_clean(folder: Path) -> None:
    arguments = ["page.png", "-", *OPTIONS, "--verbose"]
    done = run_closed(2, arguments=arguments, stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert done.stdout == expected()


def test_without_any_stream_a_file_and_a_folder_are_restored(folder: Path) -> None:
    Path("in").mkdir()
    for name in ("a", "b", "c"):
        Path(f"in/{name}.png").write_bytes(Path("page.png").read_bytes())
        Path(f"in/{name}-mask.png").write_bytes(Path("mask.png").read_bytes())
    assert run_closed(0, 1, 2, arguments=["page.png", "out.png", *OPTIONS]).returncode == 0
    assert Path("out.png").read_bytes() == expected()
    assert run_closed(0, 1, 2, arguments=["in", "out", "--method", "telea"]).returncode == 0
    assert [Path(f"out/{name}.png").read_bytes() for name in ("a", "b", "c")] == [expected()] * 3


@pytest.mark.parametrize(
    ("descriptor", "arguments", "said"),
    [
        (0, ["-", "out.png", *OPTIONS], b"bokwon: error: standard input is closed; name a file for INPUT and MASK\n"),
        (1, ["page.png", "-", *OPTIONS], b"bokwon: error: standard output is closed; name an output file\n"),
    ],
)
def test_a_closed_stream_that_is_needed_is_five(
    folder: Path, descriptor: int, arguments: list[str], said: bytes
) -> None:
    done = run_closed(descriptor, arguments=arguments, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (5, said)
    assert not Path("out.png").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_a_full_standard_error_stops_nothing(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*RESTORE, "page.png", "out.png", *OPTIONS, "-v"], stderr=full, check=False)
    assert done.returncode == 0
    assert Path("out.png").read_bytes() == expected()


def test_a_slow_writer_is_waited_for(folder: Path) -> None:
    reading, writing = os.pipe()
    set_blocking(reading, False)
    with subprocess.Popen([*RESTORE, "-", "out.png", *OPTIONS], stdin=reading) as done:
        os.close(reading)
        data = Path("page.png").read_bytes()
        for start in range(0, len(data), 60_000):
            os.write(writing, data[start : start + 60_000])
            time.sleep(0.01)
        os.close(writing)
        assert done.wait(timeout=60) == 0
    assert Path("out.png").read_bytes() == expected()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_text_that_cannot_be_written_is_five() -> None:
    command = [sys.executable, "-m", "bokwon", "models", "list"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 5
    assert b"cannot write to standard output: No space left on device" in done.stderr
    closed = subprocess.run(command, preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE, check=False)
    assert closed.returncode == 5
    assert b"standard output is closed" in closed.stderr
