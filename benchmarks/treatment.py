"""What the treatment report costs a run of `bokwon restore` on a folder of small pages.

    python benchmarks/treatment.py [--pages 12] [--rounds 3] [--width 600] [--height 800]

The same folder is restored with the report and with `--no-report`, in turns, in one worker with one thread. The unit is
processor time of the whole command: other work on the machine does not count in it.
"""

from __future__ import annotations

import argparse
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image
from report import machine, table, write

WAYS = (("with the model", ()), ("--method telea", ("--method", "telea")))


def main() -> None:
    options = read_options(pages=12, rounds=3, width=600, height=800)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pages(folder / "in", options.pages, (options.width, options.height))
        for told, method in WAYS:
            with_report, without = [], []
            for _ in range(options.rounds):
                without.append(_seconds(folder, *method, "--no-report"))
                with_report.append(_seconds(folder, *method))
            plain, more = statistics.median(without), statistics.median(with_report)
            # Of neighbours in time, which met the same state of the machine.
            pairs = [(one - other) / other for one, other in zip(with_report, without, strict=True)]
            each = 1000 * (more - plain) / options.pages
            rows.append((told, f"{plain:.2f}", f"{more:.2f}", f"{each:.0f}", f"{100 * statistics.median(pairs):.1f} %"))
    head = ("run", "without, s", "with the report, s", "ms a page", "more")
    write(
        "treatment.md",
        f"# The treatment report\n\n{options.pages} generated pages of {options.width} x {options.height} pixels with "
        f"damage, {options.rounds} rounds in turns, processor time of the whole command, {date.today()}. "
        f"{machine()}.\n\nCommand: `python {shlex.join(sys.argv)}`\n\n{table(head, rows)}",
    )


def read_options(**defaults: int) -> argparse.Namespace:
    """Read whole numbers from the command line, such as `--pages 12`."""
    parser = argparse.ArgumentParser()
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def make_pages(folder: Path, count: int, size: tuple[int, int]) -> None:
    """Write lines of strokes on grainy paper, and masks of twelve tunnels and two holes each."""
    import cv2

    folder.mkdir()
    for number in range(count):
        rng = np.random.default_rng(number)
        page = np.full((size[1], size[0], 3), (214, 224, 232), np.float32) + rng.normal(0, 4, (size[1], size[0], 1))
        hole = np.zeros((size[1], size[0]), np.uint8)
        for top in range(60, size[1] - 40, 44):
            for left in range(50, size[0] - 60, 26):
                ends = np.array((left, top)) + rng.integers(0, 20, (3, 2))
                cv2.polylines(page, [ends.astype(np.int32)], False, (40, 50, 60), 3, cv2.LINE_AA)
        for _ in range(12):
            steps = rng.normal(0, 14, (8, 2)).cumsum(axis=0) + rng.uniform(0.1, 0.9, 2) * size
            cv2.polylines(hole, [steps.astype(np.int32)], False, 255, 10)
        for _ in range(2):
            cv2.circle(hole, tuple(int(side) for side in rng.uniform(0.1, 0.9, 2) * size), 40, 255, -1)
        Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)).save(folder / f"{number:03}.png")
        Image.fromarray(hole).save(folder / f"{number:03}-mask.png")


def _seconds(folder: Path, *arguments: str) -> float:
    """Return the processor time of the command."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "bokwon", "restore", "in", "out", "-q", "-j", "1", "--threads", "1", *arguments]
    subprocess.run(command, cwd=folder, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
