"""Draws docs/gallery/restored_*.jpg: 24 results at full size, each damaged (hole magenta), restored, and as it was.

As `bokwon restore` leaves them; the pages once more with `--finish off`, as they were filled: *_off.jpg.

Eight real pages, eight rendered pages in fonts that training never saw, eight photographs that come with scikit-image
(public domain). Holes are drawn by seed: nothing is chosen by its result.

Run: python docs/gallery/draw_restored.py PAGES RENDERED [FOLDER] [--page-model M] [--photo-model M]
PAGES holds real pages ($DATA/pages/val), RENDERED the folder `unseen` of docs/research/results.md.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import bokwon
from bokwon.synthesis.masks.generate import make_mask

SIDE, GAP, COUNT = 384, 6, 8
HOLE_COLOUR = (214, 26, 92)
# Kind and hole-to-image ratio of the eight holes, the same for each sheet.
HOLES = (
    ("strokes", (0.03, 0.06)),
    ("document", (0.03, 0.06)),
    ("mixed", (0.06, 0.1)),
    ("document", (0.08, 0.12)),
    ("strokes", (0.12, 0.2)),
    ("occlusion", (0.12, 0.2)),
    ("mixed", (0.2, 0.3)),
    ("occlusion", (0.35, 0.45)),
)
PHOTOGRAPHS = (
    "astronaut.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "rocket.jpg",
    "hubble_deep_field.jpg",
    "coins.png",
    "moon.png",
)


def main() -> None:
    """Draw the sheets."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pages", type=Path)
    parser.add_argument("rendered", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--page-model", default="document")
    parser.add_argument("--photo-model", default="photo")
    options = parser.parse_args()
    settings = bokwon.RestoreSettings(options.page_model, precision="float32")
    finished = bokwon.Restorer(settings)
    filled = bokwon.Restorer(replace(settings, finish="off"))
    sheets = {
        "pages": (finished, spread(options.pages)),
        "rendered": (finished, spread(options.rendered)),
        "pages_off": (filled, spread(options.pages)),
        "rendered_off": (filled, spread(options.rendered)),
        "photographs": (
            bokwon.Restorer(replace(settings, model=options.photo_model)),
            [photographs() / name for name in PHOTOGRAPHS],
        ),
    }
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, (restorer, files) in sheets.items():
        path = options.folder / f"restored_{name}.jpg"
        Image.fromarray(sheet(restorer, files)).save(path, quality=88, optimize=True)
        print(f"wrote {path}: {', '.join(file.name for file in files)}")


def photographs() -> Path:
    """Return the folder of scikit-image's pictures."""
    import skimage

    return Path(skimage.__file__).parent / "data"


def spread(folder: Path) -> list[Path]:
    """Return `COUNT` images of a folder, at equal steps through their names."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".png", ".jpg"))
    return [files[number * len(files) // COUNT] for number in range(COUNT)]


def sheet(restorer: bokwon.Restorer, files: list[Path]) -> NDArray[np.uint8]:
    """Restore a window of each file; two of them stand in a row."""
    across, down = 2 * 3 * SIDE + 5 * GAP, COUNT // 2 * (SIDE + GAP) - GAP
    out = np.full((down, across, 3), 120, np.uint8)
    for number, (file, (kind, ratio)) in enumerate(zip(files, HOLES, strict=True)):
        truth = window(file, number)
        hole = make_mask(np.random.default_rng((7, number)), (SIDE, SIDE), kind, ratio)
        damaged = truth.copy()
        damaged[hole] = HOLE_COLOUR
        restored = restorer.restore(damaged, hole).image
        top, left = number // 2 * (SIDE + GAP), number % 2 * 3 * (SIDE + GAP)
        for place, picture in enumerate((damaged, restored, truth)):
            x = left + place * (SIDE + GAP)
            out[top : top + SIDE, x : x + SIDE] = picture
    return out


def window(file: Path, number: int) -> NDArray[np.uint8]:
    """Cut a window out of an image, its place drawn by seed; images that are smaller are enlarged."""
    with Image.open(file) as image:
        picture = image.convert("RGB")
    if min(picture.size) < SIDE:
        scale = SIDE / min(picture.size)
        picture = picture.resize(
            (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS
        )
    rng = np.random.default_rng((3, number))
    # From the middle half of the page: margins show nothing.
    left = int((picture.width - SIDE) * rng.uniform(0.25, 0.75))
    top = int((picture.height - SIDE) * rng.uniform(0.25, 0.75))
    return np.array(picture.crop((left, top, left + SIDE, top + SIDE)))


if __name__ == "__main__":
    main()
