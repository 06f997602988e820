"""Compare two models, or any two methods, on your own images: which one is better, and is the difference certain?

    python examples/compare_two_models.py IMAGES ONE TWO OUT [--masks MASKS] [--per-cell 2]

IMAGES is a folder of undamaged images. ONE and TWO are what `bokwon evaluate --methods` takes: a shipped model, the
path of a model file, telea, ns, ... Without --masks, irregular holes like the paper's are drawn. OUT gets the report
of `bokwon evaluate`; the differences with their 95 % confidence intervals are printed. Needs
`pip install "bokwon[eval]"`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from bokwon.evaluation.data import list_images
from bokwon.evaluation.job import Order, evaluate
from bokwon.evaluation.measure.benchmark import Folders
from bokwon.evaluation.report import format_comparison
from bokwon.evaluation.report.compare import compare
from bokwon.synthesis.masks import CELLS, MaskSet, make_set


def main() -> None:
    """Measure both on the same pairs, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("one")
    parser.add_argument("two")
    parser.add_argument("out", type=Path)
    parser.add_argument("--masks", type=Path)
    parser.add_argument("--per-cell", type=int, default=2)
    options = parser.parse_args()

    masks = options.masks or draw_masks(options.images, options.out / "masks", options.per_cell)
    order = Order(
        Folders(options.images, masks, options.out / "report"),
        f"one={options.one},two={options.two}",
        per_cell=options.per_cell,
    )
    results = evaluate(order, progress)
    print(format_comparison(compare(results, results, "hole_psnr", ("one", "two"))))
    print(f"pictures and all figures: {options.out / 'report' / 'report.html'}")


def draw_masks(images: Path, out: Path, per_cell: int) -> Path:
    """Draw masks of all twelve cells, as large as the smallest image, but at most 512 pixels."""
    sides = []
    for path in list_images(images):
        with Image.open(path) as image:
            sides.append(min(image.size))
    side = min(512, *sides)
    make_set(out, MaskSet(count=len(CELLS) * per_cell, size=(side, side), kind="occlusion"))
    return out


def progress(stage: str) -> Callable[[int, int], None]:
    """Print when a stage is done."""

    def report(done: int, total: int) -> None:
        if done == total:
            print(f"{stage}: {total} done", flush=True)

    return report


if __name__ == "__main__":
    main()
