"""What the processes of the tests do: in a file of its own, which they can import."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bokwon.errors import ArgumentError, MissingDependencyError


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


def hang(number: int) -> int:
    if number == 1:
        # In C, and without ever letting go of Python's lock.
        re.match(r"(a+)+b", "a" * 60)
    if number == 2:
        time.sleep(600)
    return number


def start_hanging() -> Callable[[int], int]:
    return hang


def start_wrongly() -> Callable[[int], int]:
    raise ArgumentError("no model", "name one")


def start_unexpectedly() -> Callable[[int], int]:
    raise KeyError("no room")


def start_without_memory() -> Callable[[int], int]:
    raise MemoryError


def run_out(_: int) -> int:
    # Pickling drops the cause.
    raise MissingDependencyError("a package cannot be imported", "install it") from ImportError(
        "codec.so: failed to map segment from shared object"
    )


def start_and_die() -> Callable[[int], int]:
    os._exit(9)


class UnportableError(Exception):
    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


def start_unportably() -> Callable[[int], int]:
    raise UnportableError("this", "that")
