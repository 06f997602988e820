"""Draw the pictures of docs/research/pages.md: a row a style, and a tile for every trait of paper, ink and scan.

Run from the root of the project: python docs/gallery/draw_pages.py
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.synthesis.pages.canvas import Canvas
from bokwon.synthesis.pages.fonts import SCRIPTS, Font, find_fonts
from bokwon.synthesis.pages.ink import Ink, lay_ink
from bokwon.synthesis.pages.paper import Paper, render_paper
from bokwon.synthesis.pages.render import STYLES, render_crop, render_page
from bokwon.synthesis.pages.scan import Bend, Scan, capture
from bokwon.synthesis.pages.show_through import show_through
from bokwon.synthesis.pages.text import TextSource, read_text
from bokwon.synthesis.pages.vertical import write_columns
from bokwon.synthesis.pages.writer import Hand, Writer, choose_hand

Picture = NDArray[np.uint8]

TILE, GAP, LABEL = 300, 8, 22
PLAIN = Paper(tone=(236, 226, 205), mottle=0, grain=0, fibres=0, laid=0, shading=0, foxing=0, show_through=0)
CLEAN = Ink(opacity=0.95, bleed=0.3, uneven=0.0)
#: A page of every style that shows what is its own.
SEEDS = {
    "woodblock": 102, "brush": 101, "hangul": 105, "mixed": 106, "kana": 106, "hangul_print": 105,
    "hangul_hand": 103, "latin_print": 102, "latin_hand": 101, "typescript": 107,
}  # fmt: skip
STILL = Scan(blur=0.3, noise=0, quality=0)


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--text", type=Path, nargs="*", default=[], help="text files; built-in lists by default")
    arguments = parser.parse_args()
    fonts = find_fonts(SCRIPTS, exclude=["oradano", "cns11643"])
    text = read_text(arguments.text)
    arguments.out.mkdir(parents=True, exist_ok=True)
    _save(arguments.out / "pages.jpg", draw_styles(fonts, text))
    _save(arguments.out / "pages_traits.jpg", draw_traits(fonts))


def draw_styles(fonts: list[Font], text: TextSource) -> Picture:
    """Draw one row for every style: a whole page, two details at full size, two crops."""
    rows: list[Picture] = []
    for name in STYLES:
        seed = SEEDS.get(name, 0)
        page = render_page(seed, (1200, 900), name, fonts, text).image
        whole = np.asarray(cv2.resize(page, (TILE * 3 // 4, TILE), interpolation=cv2.INTER_AREA), np.uint8)
        details = [page[y : y + TILE, x : x + TILE] for y, x in ((450, 300), (200, 540))]
        crops = [render_crop(seed + number, TILE, name, fonts, text).image for number in range(2)]
        rows.append(_label(_row([whole, *details, *crops]), name))
    return np.vstack(rows)


def draw_traits(fonts: list[Font]) -> Picture:
    """Draw one tile for every trait of paper, ink and scan, each alone on an otherwise perfect page."""
    strokes = _write_strokes(fonts)
    papers = {
        "plain": PLAIN, "mottle": replace(PLAIN, mottle=7), "grain": replace(PLAIN, grain=5),
        "fibres": replace(PLAIN, fibres=5), "laid lines": replace(PLAIN, laid=4),
        "shading": replace(PLAIN, shading=60), "foxing": replace(PLAIN, foxing=250),
        "show-through": replace(PLAIN, show_through=0.35),
    }  # fmt: skip
    inks = {
        "bleed": replace(CLEAN, bleed=1.8), "uneven": replace(CLEAN, uneven=0.6), "fade": replace(CLEAN, fade=0.9),
        "wear": replace(CLEAN, wear=0.9), "lighter": replace(CLEAN, weight=-0.2), "bolder": replace(CLEAN, weight=0.2),
    }  # fmt: skip
    scans = {
        "blur": replace(STILL, blur=1.6), "noise": replace(STILL, noise=10), "JPEG 20": replace(STILL, quality=20),
        "gray": replace(STILL, mode="gray"), "bitonal": replace(STILL, mode="bitonal"),
    }  # fmt: skip
    bends = {"turn": Bend(angle=1.5), "wave": Bend(wave=9), "warp": Bend(warp=1.6, cell=30)}
    tiles = [_label(_develop(strokes, paper=paper), name) for name, paper in papers.items()]
    tiles += [_label(_develop(strokes, ink=ink), name) for name, ink in inks.items()]
    tiles += [_label(_develop(strokes, scan=scan), name) for name, scan in scans.items()]
    tiles += [_label(_develop(strokes, bend=bend), name) for name, bend in bends.items()]
    across = len(papers)
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % across)
    return np.vstack([_row(tiles[start : start + across]) for start in range(0, len(tiles), across)])


def _write_strokes(fonts: list[Font]) -> Picture:
    rng = np.random.default_rng(5)
    hand = choose_hand(rng, "woodblock", [font for font in fonts if "UMing" in font.family] or fonts)
    style = replace(hand.style, rules=1, frame=1, spine=0, notes=0, marks=0)
    canvas = Canvas(180, 180, 60, 40)
    writer = Writer(Hand(style, hand.fonts, hand.script), 34, TextSource())
    write_columns(rng, canvas, writer, 400, 260)
    return np.maximum(canvas.layer("black"), canvas.layer("rules"))


def _develop(
    strokes: Picture, paper: Paper = PLAIN, ink: Ink = CLEAN, scan: Scan = STILL, bend: Bend | None = None
) -> Picture:
    rng = np.random.default_rng(1)
    height, width = strokes.shape
    if bend is not None:
        source = bend.writing_map(rng, bend.page_map(rng, height, width))
        strokes = np.asarray(cv2.remap(strokes, source[0], source[1], cv2.INTER_LINEAR), np.uint8)
    sheet = render_paper(rng, height, width, paper)
    if paper.show_through > 0:
        show_through(rng, sheet, strokes.astype(np.float32) * np.float32(1 / 255), paper.show_through, 34)
    density, _ = lay_ink(rng, strokes.astype(np.float32) * np.float32(1 / 255), ink, 34)
    sheet += density[..., None] * (np.array(ink.colour, np.float32) - sheet)
    return capture(rng, sheet, scan)


def _row(tiles: list[Picture]) -> Picture:
    white = np.full((tiles[0].shape[0], GAP, 3), 255, np.uint8)
    return np.hstack([part for tile in tiles for part in (tile, white)])[:, :-GAP]


def _label(picture: Picture, text: str) -> Picture:
    strip = np.full((LABEL, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, text, (2, LABEL - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return np.vstack([strip, picture])


def _save(path: Path, picture: Picture) -> None:
    packed = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])[1]
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(packed.tobytes())
    temporary.replace(path)
    print(path, picture.shape, f"{path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
