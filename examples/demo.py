"""Find the damage of the example pages and restore it; then restore them with the masks that belong to them.

Run: python examples/demo.py [OUT]. The sheet shows for each page: damaged; what was found; restored from that, without
any mask; restored with the given mask.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

EXAMPLES = Path(__file__).resolve().parent
PAGES = ("woodblock.tif", "hangul.png", "typescript.jpg")
MARGIN = 12
# Lower than the default of 0.9, because the confidence often stays below it. A mistake in an example does no harm.
CERTAIN = "0.65"


def bokwon(*arguments: str | Path) -> None:
    """Run the command."""
    subprocess.run([sys.executable, "-m", "bokwon", *map(str, arguments)], check=True)


def restore(page: Path, out: Path) -> list[Path]:
    """Restore a page without and with its mask; return the pictures of its row."""
    by_itself, with_mask = out / "found" / page.name, out / page.name
    found, overlay = (by_itself.with_name(f"{page.stem}-{what}.png") for what in ("mask", "found"))
    bokwon("detect", page, found, "--threshold", CERTAIN, "--overlay", overlay)
    bokwon("restore", page, by_itself, "--mask", "auto", "--certain", CERTAIN)
    bokwon("restore", page, with_mask, "--mask", page.with_name(f"{page.stem}-mask.png"), "-v")
    return [page, overlay, by_itself, with_mask]


def draw_sheet(rows: list[list[Path]], path: Path) -> None:
    """Draw the pictures of each page in a row."""
    pictures = [[Image.open(file).convert("RGB") for file in row] for row in rows]
    width = max(sum(image.width + MARGIN for image in row) for row in pictures) + MARGIN
    height = sum(max(image.height for image in row) + MARGIN for row in pictures) + MARGIN
    sheet = Image.new("RGB", (width, height), "white")
    top = MARGIN
    for row in pictures:
        left = MARGIN
        for image in row:
            sheet.paste(image, (left, top))
            left += image.width + MARGIN
        top += max(image.height for image in row) + MARGIN
    sheet.save(path)


def main() -> None:
    """Restore all examples."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output")
    (out / "found").mkdir(parents=True, exist_ok=True)
    sheet = out / "before-after.png"
    draw_sheet([restore(EXAMPLES / name, out) for name in PAGES], sheet)
    print(f"Restored pages:              {out.resolve()}")
    print(f"Restored without any mask:   {(out / 'found').resolve()}")
    print(f"Damaged, found, both results: {sheet.resolve()}")


if __name__ == "__main__":
    main()
