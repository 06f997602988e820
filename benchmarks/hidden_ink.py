"""How much of the lost characters' ink the holes of a reading report hide: what no restoration can know.

    python benchmarks/hidden_ink.py REPORT/results.json PAGES MASKS

REPORT was made with `bokwon evaluate --images PAGES --masks MASKS --read ...` on pages of `bokwon pages make`. Counted
are whole characters of the crops that a reader could read undamaged, by the share of their ink that lies in the hole;
ink is how much darker a pixel is than the paper in the character's box, what is fainter than a third of the darkest
left out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

SHARES = (0.02, 0.25, 0.5, 0.75, 0.95)
FAINT = 0.35


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("pages", type=Path)
    parser.add_argument("masks", type=Path)
    arguments = parser.parse_args()
    hidden, lost = list[float](), 0
    for pair in json.loads(arguments.results.read_text(encoding="utf-8"))["pairs"]:
        reading = pair.get("reading")
        if not reading or not reading["readable"]:
            continue
        lost += errors(reading["readings"]["damaged"]) - errors(reading["readings"]["undamaged"])
        x, y, width, height = pair["window"]
        page = arguments.pages / pair["image"]
        crop = np.asarray(Image.open(page).convert("L"), float)[y : y + height, x : x + width]
        hole = np.asarray(Image.open(arguments.masks / pair["mask"]).convert("L")) > 127
        for character in json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["characters"]:
            left, top, right, bottom = np.subtract(character["box"], (x, y, x, y))
            if min(left, top) < 0 or right > width or bottom > height:
                continue
            box = np.s_[top:bottom, left:right]
            ink = np.clip(np.percentile(crop[box], 95) - crop[box], 0, None)
            ink[ink < FAINT * ink.max()] = 0
            hidden.append(float((ink * hole[box]).sum() / max(ink.sum(), 1e-9)))
    print(f"{len(hidden)} characters, {lost} more reading errors after damage than before")
    for share in SHARES:
        print(f"more than {100 * share:.0f} % of the ink hidden: {sum(one > share for one in hidden)}")


def errors(reading: dict[str, int]) -> int:
    """Return all errors of a reading."""
    return reading["substituted"] + reading["inserted"] + reading["missing"]


if __name__ == "__main__":
    main()
