"""Draws docs/gallery/masks.png: one row a kind of mask, one column a hole-ratio bin, without and with border holes.

Run: python docs/gallery/draw_masks.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bokwon.synthesis.masks.bins import BINS, CELLS
from bokwon.synthesis.masks.generate import KINDS, make_mask

SIDE, LABEL, GAP = 150, 110, 5


def main(folder: Path) -> None:
    """Draw the gallery into a folder."""
    cells = sorted(CELLS, key=lambda cell: (cell.bin, cell.border))
    width, height = LABEL + len(cells) * (SIDE + GAP), 58 + 2 * len(KINDS) * (SIDE + GAP)
    sheet = Image.new("L", (width, height), 120)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, width, 57), fill=250)
    draw.rectangle((0, 0, LABEL - 1, height), fill=250)
    font = ImageFont.load_default(18)
    for number, (low, high) in BINS.items():
        left = LABEL + 2 * (number - 1) * (SIDE + GAP)
        draw.text((left + SIDE, 5), f"({low}, {high}]", 30, font=font, anchor="ma")
        draw.text((left + SIDE // 2, 31), "inner", 30, font=font, anchor="ma")
        draw.text((left + SIDE + GAP + SIDE // 2, 31), "border", 30, font=font, anchor="ma")
    for row in range(2 * len(KINDS)):
        kind, top = KINDS[row // 2], 58 + row * (SIDE + GAP)
        if row % 2 == 0:
            draw.text((6, top + SIDE - 8), kind, 30, font=font)
        for column, cell in enumerate(cells):
            rng = np.random.default_rng((row, column))
            hole = make_mask(rng, (512, 512), kind, cell.ratio, cell.border_class)
            small = Image.fromarray(hole).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
            sheet.paste(small, (LABEL + column * (SIDE + GAP), top))
    folder.mkdir(parents=True, exist_ok=True)
    sheet.save(folder / "masks.png", optimize=True)
    print(f"wrote {folder / 'masks.png'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
