"""What the processes of the tests do: in a file of its own, which they can import."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bokwon.errors import ArgumentError


def square(number: int) -> int:
    return number * number


def process(_: int) -> int:
    return os.getpid()


def late(number: int) -> int:
    time.sleep(0.3 if number == 0 else 0.0)
    return number


def fail(number: int) -> int:
    if number == 3:
        raise ArgumentError(f"{number} is too many", "take less")
    return number


def die(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def start_squaring() -> Callable[[int], int]:
    return square


def start_counting_deaths(folder: Path) -> Callable[[str], str]:
    def work(task: str) -> str:
        marks = folder / task
        if task.startswith("bad") or (task.startswith("once") and not marks.exists()):
            with marks.open("a") as stream:
                stream.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
        return task.upper()

    return work


def write_slowly(folder: Path, number: int) -> int:
    (folder / f"begun{number}").touch()
    time.sleep(0.5)
    (folder / f"done{number}").touch()
    return number


def start_writing(folder: Path) -> Callable[[int], int]:
    return partial(write_slowly, folder)
