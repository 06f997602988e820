"""How many masks a second `bokwon masks make` writes at 512 x 512, by kind; the result goes to results/masks.md.

Run: python benchmarks/masks.py [--count N] [-j JOBS]
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from bokwon.synthesis.masks.dataset import MaskSet, make_set
from bokwon.synthesis.masks.generate import KINDS

RESULT = Path(__file__).parent / "results" / "masks.md"


def processor() -> str:
    """Name of the processor, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def measure(kind: str, count: int, jobs: int) -> tuple[float, float]:
    """Write a set into a temporary folder.

    Args:
        kind: Kind of mask.
        count: Number of masks.
        jobs: Worker processes.

    Returns:
        Seconds from the call to the finished set, start of the workers included; and seconds of all processors.
    """
    with tempfile.TemporaryDirectory() as folder:
        before, start = os.times(), time.perf_counter()
        make_set(Path(folder) / "set", MaskSet(count=count, size=(512, 512), kind=kind), jobs)
        wall, after = time.perf_counter() - start, os.times()
    # user, system, children's user, children's system
    return wall, sum(after[:4]) - sum(before[:4])


def main() -> None:
    """Measure every kind and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2400)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    options = parser.parse_args()
    lines = [
        "# Masks per second",
        "",
        f"`python benchmarks/masks.py --count {options.count} -j {options.jobs}`: {options.count:,} masks of 512 x 512 "
        f"pixels over all twelve cells, drawn, written as 1-bit PNG and listed, by {options.jobs} processes; starting "
        "them is included.",
        "",
        f"{processor()}, {os.cpu_count()} cores; Python {platform.python_version()}, NumPy {np.__version__}, "
        f"OpenCV {cv2.__version__}; {time.strftime('%Y-%m-%d')}.",
        "",
        "Processor time counts both processes: where it is less than twice the time on the clock, other programs had "
        "the rest of the cores. The last column is what two cores that do nothing else reach.",
        "",
        "| kind | masks/s on the clock | load when it began | processor ms a mask | masks/s of two whole cores |",
        "|---|---|---|---|---|",
    ]
    for kind in KINDS:
        load = os.getloadavg()[0]
        wall, busy = measure(kind, options.count, options.jobs)
        each = busy / options.count
        lines.append(f"| {kind} | {options.count / wall:.0f} | {load:.1f} | {1000 * each:.1f} | {2 / each:.0f} |")
        print(lines[-1], flush=True)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
