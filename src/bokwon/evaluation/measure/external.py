"""Methods of others: a folder of results, or a command that is run for every pair."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError
from bokwon.evaluation.data.crops import read_image
from bokwon.evaluation.data.pairs import Pair
from bokwon.evaluation.measure.filler import Filler
from bokwon.evaluation.measure.machine import Cost
from bokwon.types import Hole
from bokwon.utilities.checksums import sha256_of_file

__all__ = ["Command", "ResultFolder"]

_SUFFIXES = (".png", ".tif", ".tiff", ".webp", ".bmp", ".jpg", ".jpeg")
_FIX = "write the pairs with `bokwon evaluate --write-pairs DIR`, and fill all of them"
_PLACES = ("{image}", "{mask}", "{out}")


class ResultFolder(Filler):
    """Results of another program: one file for each pair, with the names that `bokwon evaluate --write-pairs` gives.

    Args:
        folder: The folder.

    Raises:
        FileAccessError: It is no folder.
    """

    description = "results from a folder"

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise FileAccessError(f"{folder} is no folder", "name the folder with the results of the method")
        self.folder = folder

    def find(self, name: str) -> Path:
        """Return the result of a pair.

        Raises:
            FileAccessError: There is none.
        """
        path = self._file(name)
        if path is None:
            raise FileAccessError(f"{self.folder} has no result named {name}.png", _FIX)
        return path

    def _file(self, name: str) -> Path | None:
        return next((path for s in _SUFFIXES if (path := self.folder / f"{name}{s}").is_file()), None)

    def check(self, pairs: Sequence[Pair]) -> None:
        """Check that every pair has a result of its size. Call it before measuring.

        Raises:
            FileAccessError: Results are missing.
            InputFileError: A result has another size, or is not an image.
        """
        missing = [pair.name for pair in pairs if self._file(pair.name) is None]
        if missing:
            raise FileAccessError(
                f"{self.folder} lacks results of {len(missing)} of {len(pairs)} pairs, such as {missing[0]}.png",
                _FIX,
            )
        for pair in pairs:
            path = self.find(pair.name)
            try:
                with Image.open(path) as image:
                    size = image.size
            # Decoders meet damage with whatever exception their parsing happens to hit.
            except Exception as error:
                raise InputFileError(f"{path} cannot be read: {error}", "write it again") from error
            _check_size(path, size, pair.window[2:])

    def digest(self, name: str) -> str:
        """Return the checksum of a pair's result, so that a changed result is measured again."""
        path = self.find(name)
        status = path.stat()
        return _digest(path, status.st_mtime_ns, status.st_size)

    def run(self, damaged: NDArray[np.uint8], hole: Hole, name: str) -> tuple[NDArray[np.uint8], Cost]:
        """Return the result of a pair; its time and memory are not known. See `Filler.run`."""
        path = self.find(name)
        filled = read_image(path)
        _check_size(path, (filled.shape[1], filled.shape[0]), (hole.shape[1], hole.shape[0]))
        return _composite(damaged, hole, filled), Cost(None, None, None)


# A small process in between: the peak memory that the system reports for a program includes that of its parent.
_LAUNCHER = """
import json, subprocess, sys, time
begun = time.perf_counter()
process = subprocess.Popen(sys.argv[2:])
if sys.platform == "win32":
    cost = [process.wait(), time.perf_counter() - begun, None, None]
else:
    import os
    _, status, usage = os.wait4(process.pid, 0)
    # Bytes on macOS, KiB elsewhere.
    peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    seconds = time.perf_counter() - begun
    cost = [os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, peak]
with open(sys.argv[1], "w") as stream:
    json.dump(cost, stream)
"""
_UNKNOWN = (None, None, None)


class Command(Filler):
    """An external program. It is started for every pair, without a shell.

    Args:
        text: The command. `{image}`, `{mask}` and `{out}` are replaced by the names of PNG files: the damaged image,
            the mask (white = hole), and the image that the program must write.
        timeout: Time limit of a run, seconds. A pair that takes longer has failed.

    Raises:
        ArgumentError: A placeholder is missing, or quotes do not match.
        FileAccessError: There is no such program.
    """

    def __init__(self, text: str, timeout: float) -> None:
        try:
            self._arguments = shlex.split(text)
        except ValueError as error:
            raise ArgumentError(f"the command {text} cannot be read: {error}", "close its quotes") from error
        lacking = [place for place in _PLACES if not any(place in argument for argument in self._arguments)]
        if lacking:
            raise ArgumentError(
                f"the command {text} has no {' and no '.join(lacking)}",
                "write it as command:'prog {image} {mask} {out}'",
            )
        if shutil.which(self._arguments[0]) is None:
            raise FileAccessError(f"there is no program {self._arguments[0]}", "check its name or give its path")
        self._timeout = timeout
        self.description = f"command {Path(self._arguments[0]).name}, started for every pair"

    def run(self, damaged: NDArray[np.uint8], hole: Hole, name: str) -> tuple[NDArray[np.uint8], Cost]:
        """Run the command; see `Filler.run`. The cost includes starting the process and loading its model."""
        with tempfile.TemporaryDirectory(prefix="bokwon-pair-") as folder:
            files = [Path(folder) / f"{what}.png" for what in ("image", "mask", "out")]
            Image.fromarray(damaged).save(files[0])
            Image.fromarray(hole).save(files[1])
            arguments = list(self._arguments)
            for place, file in zip(_PLACES, files, strict=True):
                arguments = [argument.replace(place, str(file)) for argument in arguments]
            cost = self._start(arguments, Path(folder) / "errors.txt")
            if not files[2].is_file():
                raise BokwonError(f"{self._arguments[0]} wrote no {{out}}", "let it write a PNG file there")
            filled = read_image(files[2])
        _check_size(Path("{out}"), (filled.shape[1], filled.shape[0]), (hole.shape[1], hole.shape[0]))
        return _composite(damaged, hole, filled), cost

    def _start(self, arguments: list[str], errors: Path) -> Cost:
        told = errors.with_name("cost.json")
        expired = threading.Event()
        with errors.open("wb") as stream:
            # A session of its own: what the program starts can be ended with it.
            process = subprocess.Popen(
                [sys.executable, "-S", "-E", "-c", _LAUNCHER, str(told), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stream,
                start_new_session=True,
            )

        def end() -> None:
            expired.set()
            _kill(process)

        timer = threading.Timer(self._timeout, end)
        timer.start()
        try:
            process.wait()
        finally:
            timer.cancel()
        if expired.is_set():
            raise BokwonError(
                f"{self._arguments[0]} took longer than {self._timeout:g} seconds", "give it more with --timeout"
            )
        code, seconds, cpu, peak = json.loads(told.read_text()) if told.exists() else (process.returncode, *_UNKNOWN)
        if code != 0:
            lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise BokwonError(
                f"{self._arguments[0]} left with exit code {code}: {lines[-1] if lines else 'it said nothing'}",
                "run the command by hand on one pair of --write-pairs",
            )
        return Cost(seconds, cpu, peak)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
        return
    # It may have ended in the same moment.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _check_size(path: Path, found: tuple[int, int], wanted: tuple[int, int]) -> None:
    if found != wanted:
        raise InputFileError(
            f"{path} is {found[0]} x {found[1]} pixels, and its pair {wanted[0]} x {wanted[1]}",
            "results must have the size of their pair",
        )


def _composite(damaged: NDArray[np.uint8], hole: Hole, filled: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # As for every other method: outside the hole the picture is the input.
    return np.where(hole[..., None], filled, damaged)


@cache
def _digest(path: Path, changed: int, size: int) -> str:
    return sha256_of_file(path)[:16]
