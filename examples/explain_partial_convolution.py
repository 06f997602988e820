"""Explain partial convolution with pictures: one sheet of three rows.

    python examples/explain_partial_convolution.py OUT.png [IMAGE MASK]

1. An image with a hole, averaged by an ordinary convolution, which mixes the hole's black into everything around it,
   and by a partial convolution, which averages what is known alone.
2. How much of each window is known, sum(M) / sum(1), and the factor by which a partial convolution makes up for it.
3. How the hole shrinks from layer to layer of an encoder.

Without IMAGE and MASK it takes the typescript that lies beside it. Needs `pip install "bokwon[train]"`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from bokwon.nn import partial_conv2d, window_count

EXAMPLES = Path(__file__).resolve().parent
SIDE = 256
KERNEL = 15
MARGIN, LINE = 8, 18


def main() -> None:
    """Draw the sheet."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "partial_convolution.png")
    given = sys.argv[2:4] if len(sys.argv) > 3 else (EXAMPLES / "typescript.jpg", EXAMPLES / "typescript-mask.png")
    image, valid = read(Path(given[0]), Path(given[1]))
    draw_sheet([averages(image, valid), windows(image, valid), layers(valid)], out)
    print(out)


def read(image_file: Path, mask_file: Path) -> tuple[Tensor, Tensor]:
    """Read an image (1, 3, H, W) in [0, 1] and its mask (1, 1, H, W), 1 where a pixel is known, around the hole."""
    hole = np.asarray(Image.open(mask_file).convert("L")) > 127
    rows, columns = np.nonzero(hole)
    top = max(0, min(int(np.median(rows)) - SIDE // 2, hole.shape[0] - SIDE))
    left = max(0, min(int(np.median(columns)) - SIDE // 2, hole.shape[1] - SIDE))
    box = (slice(top, top + SIDE), slice(left, left + SIDE))
    pixels = np.asarray(Image.open(image_file).convert("RGB"))[box].astype(np.float32) / 255
    image = torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None]
    return image, torch.from_numpy(~hole[box].copy()).float()[None, None]


def averages(image: Tensor, valid: Tensor) -> list[tuple[str, Tensor]]:
    """Average with both kinds of convolution, channel by channel."""
    kernel = torch.full((3, 1, KERNEL, KERNEL), 1 / KERNEL**2)
    damaged = image * valid
    ordinary = F.conv2d(damaged, kernel, padding=KERNEL // 2, groups=3)
    partial, updated = partial_conv2d(damaged, valid, kernel, padding=KERNEL // 2, groups=3)
    return [
        ("image with a hole", damaged),
        (f"ordinary {KERNEL}x{KERNEL} mean", ordinary),
        (f"partial {KERNEL}x{KERNEL} mean", partial * updated),
    ]


def windows(image: Tensor, valid: Tensor) -> list[tuple[str, Tensor]]:
    """Show what equation 1 divides by."""
    count = window_count(valid, image.shape, (1, 3, KERNEL, KERNEL), padding=KERNEL // 2)
    share = count / (3 * KERNEL**2)
    factor = torch.where(count > 0, 1 / share.clamp(min=1e-6), 0)
    return [
        ("mask M: white is known", valid),
        ("share known: sum(M) / sum(1)", share),
        ("factor: 1 (dark) to 5 (white)", ((factor - 1) / 4).clamp(0, 1)),
    ]


def layers(valid: Tensor) -> list[tuple[str, Tensor]]:
    """Follow the mask through three layers of the paper's encoder."""
    shown = []
    mask = valid
    for number, kernel in enumerate((7, 5, 5), 1):
        _, mask = partial_conv2d(mask, mask, torch.ones(1, 1, kernel, kernel), stride=2, padding=kernel // 2)
        missing = 100 * (1 - float(mask.mean()))
        shown.append((f"after layer {number}: {missing:.1f} % hole", F.interpolate(mask, size=valid.shape[2:])))
    return shown


def draw_sheet(rows: list[list[tuple[str, Tensor]]], out: Path) -> None:
    """Draw rows of pictures (1, 1 or 3, H, W), each with a line above it."""
    width = max(len(row) for row in rows) * (SIDE + MARGIN) + MARGIN
    sheet = Image.new("RGB", (width, len(rows) * (SIDE + LINE + MARGIN) + MARGIN), "white")
    brush = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        for place, (text, picture) in enumerate(row):
            left, top = MARGIN + place * (SIDE + MARGIN), MARGIN + number * (SIDE + LINE + MARGIN)
            pixels = (picture[0].clamp(0, 1) * 255).byte().numpy().transpose(1, 2, 0)
            brush.text((left, top), text, "black")
            sheet.paste(Image.fromarray(np.repeat(pixels, 3 // pixels.shape[2], 2)), (left, top + LINE))
    sheet.save(out)


if __name__ == "__main__":
    main()
