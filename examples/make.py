"""Make the example pages: rendered, damaged, each with the mask of what is missing.

    python examples/make.py [FOLDER]

Needs Debian's fonts-arphic-bkai00mp, fonts-arphic-uming, fonts-unfonts-core and fonts-liberation.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bokwon.synthesis.damage.damage import apply_damage
from bokwon.synthesis.pages.fonts import SCRIPTS, find_fonts
from bokwon.synthesis.pages.render import render_page

PAGES = (
    ("woodblock", 11, (720, 560), ("insect", "tear"), "tif", {"compression": "tiff_deflate"}),
    ("hangul", 4, (640, 520), ("burn", "abrasion"), "png", {}),
    ("typescript", 5, (560, 640), ("crease", "insect"), "jpg", {"quality": 92}),
)


def main() -> None:
    """Write FOLDER/NAME.{tif,png,jpg} and FOLDER/NAME-mask.png."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    fonts = find_fonts(SCRIPTS)
    for style, seed, size, kinds, suffix, options in PAGES:
        page = render_page(seed, size, style, fonts)
        damaged = apply_damage(page.image, np.random.default_rng(seed), kinds, coverage=(0.03, 0.06))
        Image.fromarray(damaged.image).save(folder / f"{style}.{suffix}", dpi=(150, 150), **options)
        # Drawn a little wider than the loss, as one does by hand: its shadowed edge is damage too.
        mask = cv2.dilate(damaged.hole.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        Image.fromarray(mask).save(folder / f"{style}-mask.png")


if __name__ == "__main__":
    main()
