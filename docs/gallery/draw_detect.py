"""Draws docs/gallery/detect.jpg: what the damage detector finds on real pages and photographs, and what it misses.

Each pair: the picture, and the same in gray with what was found. Regions with an outline are in the mask. The colours
are those of docs/user/detect.md. Pictures were chosen to show both; figures for all are in docs/research/detection.md.

Run: python docs/gallery/draw_detect.py DATA [FOLDER] [--model M]
DATA is $DATA; nothing of it was trained on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import bokwon
from bokwon.detection import draw_overlay
from bokwon.detection.detector import as_gray

HEIGHT, GAP, CAPTION = 360, 8, 26
# Picture, part of it (left, top, right, bottom as shares), what is to be seen, and whether torn edges are looked for.
SHOWN: tuple[tuple[str, tuple[float, float, float, float], str, bool], ...] = (
    ("detect/zone_20.jpg", (0.4, 0.0, 1.0, 0.25), "a hole through which the bed is seen: found", False),
    ("detect/zone_04.jpg", (0.4, 0.75, 1.0, 1.0), "a piece torn off the edge: found with --outline", True),
    ("detect/zone_25.jpg", (0.4, 0.38, 1.0, 0.56), "smeared ink: found, a part of it above the threshold", False),
    ("detect/zone_14.jpg", (0.08, 0.1, 0.7, 0.4), "painted initials: marked, but below the threshold", False),
    ("damaged/family_real_0014.jpg", (0.0, 0.0, 1.0, 1.0), "cracks: most found above the threshold", False),
    (
        "damaged/hdr_sample_1_damaged_img.jpg",
        (0.0, 0.0, 1.0, 1.0),
        "white holes: most found, half of them above the threshold",
        False,
    ),
)


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--model", default="detect")
    options = parser.parse_args()
    detectors = {outline: bokwon.Detector(options.model, outline=outline) for outline in (False, True)}
    cells = [cell(detectors[outline], options.data / name, part, caption) for name, part, caption, outline in SHOWN]
    rows = [cells[number : number + 2] for number in range(0, len(cells), 2)]
    width = max(sum(one.width + GAP for one in row) for row in rows)
    sheet = Image.new("RGB", (width, sum(row[0].height + GAP for row in rows)), "white")
    top = 0
    for row in rows:
        left = 0
        for one in row:
            sheet.paste(one, (left, top))
            left += one.width + GAP
        top += row[0].height + GAP
    path = options.folder / "detect.jpg"
    sheet.save(path, quality=72, optimize=True)
    print(f"wrote {path}")


def cell(detector: bokwon.Detector, path: Path, part: tuple[float, float, float, float], caption: str) -> Image.Image:
    """Draw one picture beside what was found in it."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    damage = detector.detect(picture)
    overlay = Image.fromarray(draw_overlay(as_gray(np.asarray(picture), "RGB"), damage))
    width, height = picture.size
    box = tuple(round(share * side) for share, side in zip(part, (width, height, width, height), strict=True))
    shown = [one.crop(box) for one in (picture, overlay)]
    scale = HEIGHT / shown[0].height
    size = (round(shown[0].width * scale), HEIGHT)
    shown = [one.resize(size, Image.Resampling.LANCZOS) for one in shown]
    drawn = Image.new("RGB", (2 * size[0] + 2, HEIGHT + CAPTION), "white")
    drawn.paste(shown[0], (0, 0))
    drawn.paste(shown[1], (size[0] + 2, 0))
    font = ImageFont.load_default(15)
    ImageDraw.Draw(drawn).text((2, HEIGHT + 4), f"{path.name}: {caption}", (30, 30, 30), font)
    return drawn


if __name__ == "__main__":
    main()
