"""Draws docs/gallery/damage.jpg: one row a kind of damage, on rendered pages; and its truth.

Run: python docs/gallery/draw_damage.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from bokwon.synthesis.damage.damage import KINDS, Damaged, apply_damage
from bokwon.synthesis.pages.render import render_page

SIDE, LABEL = 300, 96
STRENGTHS = (0.25, 0.6, 0.8, 1.0)
# Shares that show each kind well in a square of 300 pixels.
COVERAGE = {
    "insect": 0.03,
    "tear": 0.14,
    "crease": 0.015,
    "burn": 0.10,
    "abrasion": 0.16,
    "flaking": 0.06,
    "mould": 0.02,
    "stain": 0.35,
    "tape": 0.14,
    "scratch": 0.010,
}
HOLE, TOUCHED = (225, 30, 40), (40, 110, 215)


def pages() -> list[npt.NDArray[np.uint8]]:
    """Crops of rendered pages in different styles; the last one as a rubbing, white on black."""
    styles = ("woodblock", "brush", "latin_hand", "hangul", "typescript")
    crops = []
    for number, style in enumerate(styles):
        page = render_page(40 + number, (900, 700), style=style).image
        crops.append(np.ascontiguousarray(page[120 : 120 + SIDE, 180 : 180 + SIDE]))
    rubbing = 255 - render_page(61, (900, 700), style="woodblock").image[150 : 150 + SIDE, 160 : 160 + SIDE]
    grey = (0.8 * rubbing.astype(float).mean(2, keepdims=True) + 12).clip(0, 255)
    crops.append(np.repeat(grey, 3, axis=2).astype(np.uint8))
    return crops


def truth(damaged: Damaged) -> npt.NDArray[np.uint8]:
    """The damaged image with the hole in red and what is damaged but readable in blue."""
    picture = damaged.image.astype(float)
    touched = (damaged.classes > 0) & ~damaged.hole
    picture[touched] = 0.55 * picture[touched] + 0.45 * np.array(TOUCHED)
    picture[damaged.hole] = 0.15 * picture[damaged.hole] + 0.85 * np.array(HOLE)
    return picture.astype(np.uint8)


def row(kind: str | None, number: int, crops: list[npt.NDArray[np.uint8]]) -> list[npt.NDArray[np.uint8]]:
    """Four strengths of a kind, then the truth of the third; of random combinations if no kind is given."""
    cells, third = [], None
    for column, strength in enumerate(STRENGTHS):
        crop = crops[(number + column) % len(crops)]
        rng = np.random.default_rng((number, column, 4))
        kinds = None if kind is None else [kind]
        coverage = None if kind is None else COVERAGE[kind]
        damaged = apply_damage(crop, rng, kinds, coverage=coverage, strength=strength, unit=0.9)
        cells.append(damaged.image)
        third = damaged if column == 2 else third
    return [*cells, truth(third)] if third else cells


def main(folder: Path) -> None:
    """Draw the gallery into a folder."""
    crops = pages()
    gap = 6
    kinds: list[str | None] = [*KINDS, None]
    width, height = LABEL + 5 * (SIDE + gap), 34 + len(kinds) * (SIDE + gap)
    sheet = Image.new("RGB", (width, height), (250, 250, 250))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(20)
    for column, head in enumerate([*(f"strength {s}" for s in STRENGTHS), "truth of the third"]):
        draw.text((LABEL + column * (SIDE + gap), 6), head, (40, 40, 40), font=font)
    for number, kind in enumerate(kinds):
        top = 34 + number * (SIDE + gap)
        draw.text((6, top + SIDE // 2 - 12), kind or "random", (40, 40, 40), font=font)
        for column, cell in enumerate(row(kind, number, crops)):
            sheet.paste(Image.fromarray(cell), (LABEL + column * (SIDE + gap), top))
    folder.mkdir(parents=True, exist_ok=True)
    sheet.save(folder / "damage.jpg", quality=84)
    print(f"wrote {folder / 'damage.jpg'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
