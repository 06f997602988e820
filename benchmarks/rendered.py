"""Rendered pages in fonts that training never saw: the shipped model beside Telea and Navier-Stokes.

    python benchmarks/rendered.py OUT [--model document] [--count 60]

writes OUT/{truth,mask,damaged,telea,ns,model}/NN.png, reads them again, prints the table of in-hole PSNR and writes
OUT/sheet.jpg with every page. Pages are 256 x 256 by the generator's defaults, holes cover 1 to 50 % in equal parts of
five bins. Needs the Debian packages fonts-oradano-mincho-gsrr and fonts-cns11643-kai.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import bokwon
from bokwon.errors import MissingDependencyError
from bokwon.synthesis.masks.generate import make_mask
from bokwon.synthesis.pages.fonts import SCRIPTS, Font, find_fonts
from bokwon.synthesis.pages.render import render_crop

SIZE = 256
UNSEEN = ("oradano", "cns11643")
BINS = ((0.01, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.4, 0.5))
METHODS = ("telea", "ns", "model")
SEED = 20260
PANEL = 192


def unseen_fonts() -> list[Font]:
    """Fonts kept out of training."""
    fonts = [font for font in find_fonts(SCRIPTS) if any(word in str(font.path).lower() for word in UNSEEN)]
    if not fonts:
        raise MissingDependencyError(
            "no unseen font is installed", "apt-get install fonts-oradano-mincho-gsrr fonts-cns11643-kai"
        )
    return fonts


def make_pictures(out: Path, model: str, count: int) -> None:
    """Render, damage and restore; everything goes to files."""
    fonts = unseen_fonts()
    restorer = bokwon.Restorer(bokwon.RestoreSettings(model, precision="float32", finish="off"))
    for name in ("truth", "mask", "damaged", *METHODS):
        (out / name).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        page = render_crop((SEED, index), SIZE, fonts=fonts).image
        hole = make_mask(np.random.default_rng((SEED + 1, index)), (SIZE, SIZE), "mixed", BINS[index % len(BINS)])
        damaged = page.copy()
        damaged[hole] = 255
        pictures = {"truth": page, "mask": hole, "damaged": damaged, "model": restorer.restore(damaged, hole).image}
        for method in ("telea", "ns"):
            pictures[method] = bokwon.restore(damaged, hole, method=method).image
        for name, picture in pictures.items():
            Image.fromarray(picture).save(out / name / f"{index:02d}.png")


def read(out: Path, name: str, index: int) -> NDArray[np.float64]:
    """One saved picture, as numbers."""
    return np.asarray(Image.open(out / name / f"{index:02d}.png"), np.float64)


def in_hole_psnr(out: Path, method: str, index: int) -> float:
    """PSNR over the pixels of the hole, dB."""
    hole = read(out, "mask", index) > 0
    error = (read(out, method, index) - read(out, "truth", index))[hole]
    return float(10 * np.log10(255**2 / max(float(np.mean(error**2)), 1e-12)))


def print_table(out: Path, count: int) -> None:
    """Print the table from the saved pictures."""
    psnr = {method: [in_hole_psnr(out, method, index) for index in range(count)] for method in METHODS}
    print(f"| holes | pages | {' | '.join(METHODS)} | model - best of the others |")
    print("|---|---|---|---|---|---|")
    rows = [(f"{low:.0%}-{high:.0%}", range(i, count, len(BINS))) for i, (low, high) in enumerate(BINS)]
    for name, indices in [*rows, ("**all**", range(count))]:
        means = {method: statistics.fmean(psnr[method][i] for i in indices) for method in METHODS}
        figures = " | ".join(f"{means[method]:.2f}" for method in METHODS)
        print(f"| {name} | {len(indices)} | {figures} | {means['model'] - max(means['telea'], means['ns']):+.2f} |")
    wins = sum(psnr["model"][i] > max(psnr["telea"][i], psnr["ns"][i]) for i in range(count))
    print(f"\nThe model is above both on {wins} of {count} pages.")


def draw_sheet(out: Path, count: int) -> None:
    """Draw all pages: damaged, Telea, model, truth; three pages a row."""
    panels = ("damaged", "telea", "model", "truth")
    rows = []
    for first in range(0, count, 3):
        row = [
            Image.open(out / name / f"{index:02d}.png").convert("RGB").resize((PANEL, PANEL), Image.Resampling.LANCZOS)
            for index in range(first, min(first + 3, count))
            for name in panels
        ]
        row += [Image.new("RGB", (PANEL, PANEL), "white")] * (3 * len(panels) - len(row))
        rows.append(np.concatenate([np.asarray(panel) for panel in row], 1))
    Image.fromarray(np.concatenate(rows, 0)).save(out / "sheet.jpg", quality=85)


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="document")
    parser.add_argument("--count", type=int, default=60)
    arguments = parser.parse_args()
    make_pictures(arguments.out, arguments.model, arguments.count)
    print_table(arguments.out, arguments.count)
    draw_sheet(arguments.out, arguments.count)
    print(f"Sheet: {arguments.out / 'sheet.jpg'}")


if __name__ == "__main__":
    main()
