"""A small folder in which the commands of the docs run: the files that they name, with tiny pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
SIDE = 96
# What Python blocks may use without saying where it comes from.
NAMES = {
    # Until the program ends.
    "http.md": (
        "import atexit, subprocess\n"
        "_server = subprocess.Popen(['bokwon', 'serve', '--port', '8765'], stdout=subprocess.PIPE)\n"
        "atexit.register(_server.wait)\n"
        "atexit.register(_server.terminate)\n"
        "_server.stdout.readline()\n"
    ),
    "damage.md": "import numpy as np\nimage = np.full((96, 96, 3), 220, np.uint8)\n",
    "losses.md": (
        "import torch\n"
        "truth = torch.rand(1, 3, 32, 32)\n"
        "output = torch.rand(1, 3, 32, 32, requires_grad=True)\n"
        "valid = torch.ones(1, 1, 32, 32)\n"
        "valid[..., 8:16, 8:16] = 0\n"
    ),
}


def build(folder: Path) -> None:
    """Fill the folder, `bin` with the programs `bokwon` and `python` among it."""
    page, photograph, mask = _page(), _photograph(), _mask()
    for name in ("page.png", "page.tif"):
        page.save(folder / name)
    photograph.save(folder / "photograph.png")
    for name in ("mask.png", "photograph-mask.png"):
        mask.save(folder / name)
    painted = page.convert("RGB")
    painted.paste((255, 0, 0), mask=mask)
    painted.save(folder / "painted.png")
    for place in ("scans", "scans/box3", "masks", "masks/box3", "book-masks", "images", "cells"):
        (folder / place).mkdir()
    for name in ("leaf7.png", "box3/leaf8.png"):
        page.save(folder / "scans" / name)
        mask.save(folder / "masks" / name)
    page.save(folder / "scans" / "cover.png")  # has no mask
    page.save(folder / "images" / "one.png")
    photograph.save(folder / "images" / "two.png")
    mask.save(folder / "cells" / "one.png")
    page.save(folder / "book.tif", save_all=True, append_images=[page, page])
    page.convert("RGB").save(folder / "book.pdf", save_all=True, append_images=[page.convert("RGB")] * 2)
    for number in (1, 3):
        mask.save(folder / "book-masks" / f"book_p{number:03}.png")
    for name in ("examples", "benchmarks", "docs", "src"):
        (folder / name).symlink_to(ROOT / name)
    _programs(folder / "bin")


def _page() -> Image.Image:
    with Image.open(ROOT / "examples" / "hangul.png") as image:
        return image.convert("L").crop((0, 0, SIDE, SIDE))


def _photograph() -> Image.Image:
    with Image.open(ROOT / "examples" / "typescript.jpg") as image:
        return image.convert("RGB").crop((0, 0, SIDE, SIDE))


def _mask() -> Image.Image:
    hole = np.zeros((SIDE, SIDE), bool)
    hole[40:56, 30:50] = True
    return Image.fromarray(hole)


def _programs(folder: Path) -> None:
    folder.mkdir()
    for name, call in (("bokwon", "-m bokwon "), ("python", "")):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {call}"$@"\n', encoding="utf-8")
        program.chmod(0o755)
