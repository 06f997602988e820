"""Break the writing of `bokwon restore` at every step: nothing may be half-written or lost.

    python benchmarks/fuzz_writers.py [--out benchmarks/results/fuzz_writers.json] [--every 1]

A layer below the command counts its writes, syncs, renames, removals and new folders. At each of these steps in turn
one of the following happens: the write is cut short, the disk is full from there on, the step fails (EIO), the reader
has gone (EPIPE), SIGTERM arrives, or the process is killed. Afterwards the output is what it was or what it becomes,
byte for byte; the exit code is the documented one; nothing unfinished is left, except by a kill; where the original
was restored in place, `bokwon undo` still brings all of it back; and a run of a folder is finished by the same command
with `--resume`. Of a folder the steps of the command and those of its worker process are broken one at a time.
Standard output has tests of its own, with real pipes.
"""

from __future__ import annotations

import argparse
import builtins
import errno
import io
import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from bokwon.cli.main import main as bokwon

SIDE = 40
KINDS = ("short", "ENOSPC", "EIO", "EPIPE", "SIGTERM", "SIGKILL")
_WORKER = "BOKWON_FUZZ_WORKER"
"""In the environment: what happens in a worker process, and at which step."""
_STEPS, _STRUCK = "worker-steps", "worker-struck"
"""Files with a byte for each step of the workers, and with one if something has happened in one."""
_OURS = ("stdout", "stderr", _STEPS, _STRUCK)
_WRITING = set("wxa+")


@dataclass(frozen=True)
class Scenario:
    """A command, and what it works on.

    Attributes:
        arguments: Of the command.
        outputs: The files that it writes.
        undo: The command that brings the original back, where it was restored in place.
        folder: Whether it restores a folder.
        in_worker: Whether the steps of its worker process are broken, not its own.
    """

    arguments: tuple[str, ...]
    outputs: tuple[str, ...]
    undo: tuple[str, ...] = ()
    folder: bool = False
    in_worker: bool = False


def _restore(image: str, output: str, *more: str) -> tuple[str, ...]:
    mask = "mask" + Path(image).suffix.replace(".jpg", ".png")
    return ("restore", image, output, "--mask", mask, "--method", "telea", "--quiet", *more)


_FOLDER = ("restore", "in", "out", "--masks", "masks", "--method", "telea", "-j", "1", "--quiet")
_IN_FOLDER = ("out/a.png", "out/b.png")
SCENARIOS = {
    "a file beside": Scenario(_restore("page.png", "out.png"), ("out.png",)),
    "in place with a record": Scenario(
        _restore("page.png", "page.png", "--record"), ("page.png",), ("undo", "page.png.record", "page.png", "--quiet")
    ),
    "a JPEG in place with a record": Scenario(
        _restore("photo.jpg", "photo.jpg", "--record"),
        ("photo.jpg",),
        ("undo", "photo.jpg.record", "photo.jpg", "--quiet"),
    ),
    "several pages": Scenario(_restore("book.tif", "out.tif"), ("out.tif",)),
    "a PDF": Scenario(_restore("leaf.pdf", "out.pdf"), ("out.pdf",)),
    "a folder": Scenario(_FOLDER, _IN_FOLDER, folder=True),
    "a folder, in the worker": Scenario(_FOLDER, _IN_FOLDER, folder=True, in_worker=True),
}


def prepare() -> None:
    """Write the images and masks into the working folder."""
    rng = np.random.default_rng(3)
    hole = np.zeros((SIDE, SIDE), bool)
    hole[10:20, 10:20] = True
    # So large that it is written in several steps.
    pages = [Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)) for _ in range(2)]
    pages[0].save("page.png")
    pages[0].save("photo.jpg")
    pages[0].save("book.tif", save_all=True, append_images=pages[1:])
    Image.fromarray(hole).save("mask.png")
    Image.fromarray(hole).save("mask.tif", save_all=True, append_images=[Image.fromarray(hole)])
    pages[0].save("leaf.pdf")
    Image.fromarray(hole).save("mask.pdf")
    for name in ("in", "masks", "out"):
        Path(name).mkdir()
    for name, page in zip("ab", pages, strict=True):
        page.save(f"in/{name}.png")
        Image.fromarray(hole).save(f"masks/{name}.png")
    for name in ("out.png", "out.tif", "out.pdf", "out/a.png"):
        Path(name).write_bytes(b"what was there before")


class Layer:
    """Counts the steps of writing, and lets something happen at one of them.

    Args:
        kind: Of `KINDS`; None to count only.
        step: At which step, from 0.
        in_worker: Whether this is a worker process: only the first one meets with something, and signals to end reach
            the command.
    """

    def __init__(self, kind: str | None, step: int, *, in_worker: bool = False) -> None:
        self.kind, self.step, self.count, self.in_worker = kind, step, 0, in_worker
        self._log = os.open(_STEPS, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if in_worker else None
        self._write = os.write

    def happens(self, writing: bool, *, may_fail: bool = True) -> bool:
        """Take a step; return whether its write is to be cut short. What tidies up may not fail: then it cannot."""
        now, self.count = self.count, self.count + 1
        if self._log is not None:
            self._write(self._log, b".")
        if self.kind == "ENOSPC" and now >= self.step and writing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if now != self.step or (self.in_worker and not self._is_first()):
            return False
        if self.kind == "EPIPE" and writing:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        if self.kind == "EIO" and may_fail:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self.kind == "SIGTERM":
            os.kill(os.getppid() if self.in_worker else os.getpid(), signal.SIGTERM)
        if self.kind == "SIGKILL":
            os.kill(os.getpid(), signal.SIGKILL)
        return self.kind == "short" and writing

    def _is_first(self) -> bool:
        try:
            os.close(os.open(_STRUCK, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True

    def install(self) -> None:
        """Put the layer below Python's files and system calls."""
        layer, usual_open, usual_write = self, io.open, os.write

        class File(io.FileIO):
            def write(self, data: Any) -> int | None:
                view = memoryview(data).cast("B")
                return super().write(view[: len(view) // 2 or 1] if layer.happens(True) else view)

        def opened(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            # What is not closed with its file is a pipe to a process.
            if "b" not in mode or not _WRITING & set(mode) or not options.get("closefd", True):
                return usual_open(file, mode, *arguments, **options)
            more = {key: options[key] for key in ("opener", "closefd") if key in options}
            raw = File(file, mode.replace("b", ""), **more)
            return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)

        def write(number: int, data: Any) -> int:
            view = memoryview(data).cast("B")
            return usual_write(number, view[: len(view) // 2 or 1] if layer.happens(True) else view)

        builtins.open = io.open = opened
        os.write = write
        for name in ("fsync", "rename", "replace", "unlink", "rmdir", "remove", "mkdir"):
            setattr(
                os, name, self._counted(getattr(os, name), may_fail=name in ("fsync", "rename", "replace", "mkdir"))
            )

    def _counted(self, function: Callable[..., Any], *, may_fail: bool) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.happens(False, may_fail=may_fail)
            return function(*arguments, **options)

        return counted


def run(
    arguments: tuple[str, ...], kind: str | None = None, step: int = -1, *, in_worker: bool = False
) -> tuple[int, int]:
    """Run the command in a fork of this process; return its exit code and the number of steps."""
    for name in (_STEPS, _STRUCK):
        Path(name).unlink(missing_ok=True)
    ends = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.environ[_WORKER] = f"{kind if in_worker else ''}:{step}"
        layer = Layer(None if in_worker else kind, step)
        usual_write = os.write
        layer.install()
        sys.stderr = os.fdopen(2, "w", closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        code = 99
        try:
            bokwon(list(arguments))
        except SystemExit as left:
            code = int(left.code or 0)
        finally:
            usual_write(ends[1], str(layer.count).encode())
            os._exit(code)
    os.close(ends[1])
    with os.fdopen(ends[0], "rb") as stream:
        count = stream.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if in_worker:
        return code, Path(_STEPS).stat().st_size if Path(_STEPS).exists() else 0
    return code, int(count or 0)


def allowed(scenario: Scenario, kind: str) -> set[int]:
    """Return the exit codes that may come of what happens."""
    # The command may have done its work before, or be beyond the point where it can be stopped.
    codes = {"short": {0}, "ENOSPC": {0, 5}, "EIO": {0, 5}, "EPIPE": {0, 5, 141}, "SIGTERM": {0, 143}, "SIGKILL": {-9}}
    if scenario.in_worker:
        # One file has failed; a worker that is killed has its file done by another.
        return {"SIGTERM": {0, 143}, "short": {0}, "SIGKILL": {0}}.get(kind, {0, 4})
    return codes[kind]


def state() -> dict[str, bytes]:
    """Return the files of the working folder."""
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file() and path.name not in _OURS}


def restart(files: dict[str, bytes]) -> None:
    """Make the working folder hold these files and nothing else."""
    for path in sorted(Path().rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    for name, data in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(data)


def samples(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def outputs(scenario: Scenario) -> dict[str, bytes]:
    """Return the output files that are there."""
    return {name: Path(name).read_bytes() for name in scenario.outputs if Path(name).exists()}


def judge(scenario: Scenario, kind: str, code: int, before: dict[str, bytes], done: dict[str, bytes]) -> str:
    """Return what is wrong after a run; nothing for a good one."""
    if code not in allowed(scenario, kind):
        return f"exit code {code}: {Path('stderr').read_text(errors='replace')[-200:]}"
    found = outputs(scenario)
    for name in scenario.outputs:
        if found.get(name) not in (before.get(name), done[name]):
            return f"{name} is neither what it was nor what it becomes"
    if code == 0 and found != done:
        return "exit code 0 and the old output"
    killed = kind == "SIGKILL" and not scenario.in_worker
    if not killed and (parts := list(Path().rglob(".bokwon-*"))):
        return f"{parts[0]} is left"
    if scenario.folder:
        code, _ = run((*scenario.arguments, "--resume"))
        if code != 0 or outputs(scenario) != done or list(Path().rglob(".bokwon-*")):
            return f"the run that goes on ends with {code}, and the outputs are not those of one that was not broken"
    if scenario.undo:
        again, _ = run(scenario.arguments)
        undone, _ = run(scenario.undo)
        (output,) = scenario.outputs
        with tempfile.NamedTemporaryFile(suffix=".png") as original:
            original.write(before[output])
            original.flush()
            # It refuses to lose the originals of a run that was finished.
            if again not in (0, 1) or undone != 0:
                return f"the next run ends with {again}, and undo with {undone}"
            if not np.array_equal(samples(output), samples(original.name)):
                return "original pixels are lost"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--every", type=int, default=1, help="break only each so many steps")
    parser.add_argument("--scenarios", help="semicolon between; all by default")
    arguments = parser.parse_args()
    out = arguments.out.absolute() if arguments.out else None
    cv2.setNumThreads(1)
    result: dict[str, Any] = {}
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        prepare()
        before = state()
        for name in arguments.scenarios.split(";") if arguments.scenarios else SCENARIOS:
            scenario = SCENARIOS[name]
            restart(before)
            code, steps = run(scenario.arguments, in_worker=scenario.in_worker)
            if code != 0:
                raise RuntimeError(f"{name}: {Path('stderr').read_text()}")
            done = outputs(scenario)
            result[name] = {"steps": steps, "every": arguments.every}
            for kind in KINDS:
                codes: Counter[str] = Counter()
                for step in range(0, steps, arguments.every):
                    restart(before)
                    code, _ = run(scenario.arguments, kind, step, in_worker=scenario.in_worker)
                    wrong = judge(scenario, kind, code, before, done)
                    codes["FAULT" if wrong else str(code)] += 1
                    if wrong:
                        print(f"{name}, {kind} at step {step}: {wrong}", file=sys.stderr)
                faults += codes["FAULT"]
                result[name][kind] = dict(sorted(codes.items()))
            print(json.dumps({name: result[name]}), flush=True)
        os.chdir("/")
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n")
    sys.exit(faults > 0)


if __name__ == "__mp_main__" and os.environ.get(_WORKER):
    # A worker process of the command, which imports this module as the main one of its parent.
    _kind, _step = os.environ[_WORKER].split(":")
    Layer(_kind or None, int(_step), in_worker=True).install()

if __name__ == "__main__":
    main()
