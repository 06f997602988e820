"""How fast pages are rendered, and crops cut from pages that lie in a cache.

Run from the root of the project: python benchmarks/pages.py > benchmarks/results/pages.md
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from bokwon.synthesis.pages.dataset import PageSet, make_pages
from bokwon.synthesis.pages.fonts import SCRIPTS, find_fonts
from bokwon.synthesis.pages.render import render_crop, render_page

EXCLUDE = ("oradano", "cns11643")
SIDE = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    repeats = parser.parse_args().repeats
    cv2.setNumThreads(1)
    fonts = find_fonts(SCRIPTS, EXCLUDE)
    print(f"# Pages\n\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(f"OpenCV {cv2.__version__}, {len(fonts)} fonts, styles drawn at random. ", end="")
    print(f"Other programs kept {os.getloadavg()[0]:.1f} processes busy when this began.\n")
    print("One process. CPU seconds depend less on what else the machine does than wall seconds. Windows: 256².\n")
    print("| what | runs | CPU s each | wall s each | windows each | windows per CPU s |\n|---|---|---|---|---|---|")
    cases: list[tuple[str, Callable[[int], object], int, int]] = [
        ("`render_crop` 256²", lambda seed: render_crop(seed, SIDE, fonts=fonts), 5 * repeats, 1),
        ("`render_page` 768²", lambda seed: render_page(seed, (768, 768), fonts=fonts), repeats, 9),
        ("`render_page` 1500 x 1100", lambda seed: render_page(seed, (1500, 1100), fonts=fonts), repeats, 20),
        (
            "`render_page` 3508 x 2480",
            lambda seed: render_page(seed, (3508, 2480), fonts=fonts),
            max(2, repeats // 5),
            117,
        ),
    ]
    for name, render, runs, windows in cases:
        for seed in range(10000, 10003 if runs < 10 else 10010):
            # Fonts are opened and glyphs drawn once in a process; a cache of pages is filled by few processes.
            render(seed)
        cpu, wall = _time(render, runs)
        print(f"| {name} | {runs} | {cpu:.3f} | {wall:.3f} | {windows} | {windows / cpu:.0f} |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        _measure_cache(Path(folder) / "cache", repeats)


def _measure_cache(folder: Path, repeats: int) -> None:
    """Fill a cache with two processes, then cut windows from it with one and with two."""
    begin = time.perf_counter()
    make_pages(PageSet(count=2 * repeats, exclude_fonts=EXCLUDE), folder, jobs=2)
    filled = time.perf_counter() - begin
    print(f"\n`bokwon pages make --count {2 * repeats} --size 768x768 -j 2`, start and PNG files included: ", end="")
    print(f"{filled:.1f} s, {2 * repeats / filled:.1f} pages/s, {9 * 2 * repeats / filled:.0f} windows of 256²/s.")
    files = sorted(str(path) for path in folder.glob("*.png"))
    cut = partial(_cut, windows=9)
    cpu, _ = _time(lambda index: cut(files[index % len(files)]), 3 * len(files))
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(cut, files))
        begin = time.perf_counter()
        count = sum(pool.map(cut, files * 4, chunksize=8))
        wall = time.perf_counter() - begin
    print(
        f"\nCutting 9 windows at random places from every page of that cache: {9 / cpu:.0f} windows per CPU s in one "
    )
    print(f"process; two processes {count / wall:.0f} windows/s of wall time.")


def _cut(file: str, windows: int) -> int:
    page = cv2.imread(file)
    if page is None:
        sys.exit(f"{file} cannot be read")
    rng = np.random.default_rng(0)
    for _ in range(windows):
        y, x = rng.integers(0, (page.shape[0] - SIDE + 1, page.shape[1] - SIDE + 1))
        np.ascontiguousarray(page[y : y + SIDE, x : x + SIDE])
    return windows


def _time(run: Callable[[int], object], runs: int) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    for seed in range(runs):
        run(seed)
    return (time.process_time() - cpu) / runs, (time.perf_counter() - wall) / runs


if __name__ == "__main__":
    main()
