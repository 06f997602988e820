"""Restore the example pages with the shipped model, and set before and after side by side.

Run: python examples/demo.py [OUT]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

EXAMPLES = Path(__file__).resolve().parent
PAGES = ("woodblock.tif", "hangul.png", "typescript.jpg")
MARGIN = 12


def restore(page: Path, out: Path) -> Path:
    """Run the command on one page."""
    output = out / page.name
    mask = page.with_name(f"{page.stem}-mask.png")
    command = [sys.executable, "-m", "bokwon", "restore", str(page), str(output), "--mask", str(mask), "-v"]
    subprocess.run(command, check=True)
    return output


def draw_sheet(pairs: list[tuple[Path, Path]], path: Path) -> None:
    """Draw each page before and after, a pair a row."""
    rows = [[Image.open(file).convert("RGB") for file in pair] for pair in pairs]
    width = max(sum(image.width + MARGIN for image in row) for row in rows) + MARGIN
    height = sum(max(image.height for image in row) + MARGIN for row in rows) + MARGIN
    sheet = Image.new("RGB", (width, height), "white")
    top = MARGIN
    for row in rows:
        left = MARGIN
        for image in row:
            sheet.paste(image, (left, top))
            left += image.width + MARGIN
        top += max(image.height for image in row) + MARGIN
    sheet.save(path)


def main() -> None:
    """Restore all examples."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output")
    out.mkdir(parents=True, exist_ok=True)
    pairs = [(EXAMPLES / name, restore(EXAMPLES / name, out)) for name in PAGES]
    sheet = out / "before-after.png"
    draw_sheet(pairs, sheet)
    print(f"Restored pages:   {out.resolve()}")
    print(f"Before and after: {sheet.resolve()}")


if __name__ == "__main__":
    main()
