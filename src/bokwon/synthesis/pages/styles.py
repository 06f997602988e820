"""The kinds of pages, as data."""

from __future__ import annotations

from dataclasses import dataclass

from bokwon.errors import ArgumentError

__all__ = ["STYLES", "Style", "find_style"]


@dataclass(frozen=True)
class Style:
    """One kind of page.

    Attributes:
        name: What it is called on the command line.
        vertical: Whether it has columns from right to left, or lines from left to right.
        scripts: Scripts of the text with their shares.
        faces: Suitable letter forms. Others are used only if no font has one of these.
        mixed: Whether scripts alternate on a page. Otherwise each page has one script.
        rules: Chance of lines between the columns or under the lines.
        frame: Chance of a printed frame.
        spine: Chance of the folded spine of a block-printed leaf with its fish tails.
        notes: Chance, for each character, of a note in two rows of small characters.
        marks: Chance of punctuation.
        red: Chance of red writing on the page.
        seal: Chance of a seal.
        pitch: Least and greatest distance of columns or lines, in character sizes.
        warp: Deformation of each character, in character sizes.
        sway: Irregularity of positions, in character sizes.
        fill: How the amount of ink varies: `even`, `dipped` (more after every dip) or `typed` (different for each
            type).
        bleed: Mean bleeding of the ink, in pixels for characters of 28 pixels.
        wear: Mean wear of block or type, in [0, 1].
        inks: Indices into `ink.BLACKS` to choose from.
        weight: Relative frequency of the style if none is asked for.
    """

    name: str
    vertical: bool
    scripts: tuple[tuple[str, float], ...]
    faces: tuple[str, ...]
    mixed: bool = False
    rules: float = 0.0
    frame: float = 0.0
    spine: float = 0.0
    notes: float = 0.0
    marks: float = 1.0
    red: float = 0.1
    seal: float = 0.1
    pitch: tuple[float, float] = (1.2, 1.5)
    warp: float = 0.01
    sway: float = 0.02
    fill: str = "even"
    bleed: float = 0.6
    wear: float = 0.1
    inks: tuple[int, ...] = (0, 1, 2, 3)
    weight: float = 1.0


_ALL = (
    Style("woodblock", True, (("hanja", 1.0),), ("print", "kai"), rules=0.85, frame=0.95, spine=0.7, notes=0.012,
          marks=0.15, red=0.08, seal=0.2, pitch=(1.12, 1.4), warp=0.028, sway=0.03, bleed=0.8, wear=0.35, weight=3.0),
    Style("brush", True, (("hanja", 1.0),), ("brush", "kai"), rules=0.3, frame=0.15, notes=0.004, marks=0.25, red=0.2,
          seal=0.4, pitch=(1.2, 1.8), warp=0.035, sway=0.06, fill="dipped", bleed=0.9, wear=0.1, inks=(0, 1, 3, 4),
          weight=2.0),
    Style("hangul", True, (("old_hangul", 1.0),), ("print", "brush"), rules=0.45, frame=0.5, spine=0.3, marks=0.1,
          red=0.05, seal=0.15, pitch=(1.15, 1.5), warp=0.03, sway=0.04, bleed=0.8, wear=0.25, weight=1.5),
    Style("mixed", True, (("hangul", 0.6), ("hanja", 0.4)), ("print", "brush", "kai"), mixed=True, rules=0.35,
          frame=0.4, notes=0.003, pitch=(1.2, 1.7), warp=0.015, sway=0.02, bleed=0.6, wear=0.15, weight=1.5),
    Style("kana", True, (("kana", 1.0),), ("print", "brush", "kai"), rules=0.3, frame=0.3, pitch=(1.3, 1.8),
          warp=0.02, sway=0.04, bleed=0.7, wear=0.15, weight=1.0),
    Style("hangul_print", False, (("hangul", 1.0),), ("print", "sans"), red=0.03, seal=0.05, pitch=(1.35, 1.9),
          warp=0.004, sway=0.004, bleed=0.5, wear=0.1, weight=0.8),
    Style("hangul_hand", False, (("hangul", 1.0),), ("hand", "brush"), rules=0.4, red=0.08, seal=0.15,
          pitch=(1.3, 2.0), warp=0.035, sway=0.06, fill="dipped", bleed=0.7, wear=0.05, inks=(0, 1, 3, 7, 7, 8),
          weight=0.8),
    Style("latin_print", False, (("latin", 1.0),), ("print",), red=0.04, seal=0.05, pitch=(1.1, 1.5), warp=0.006,
          sway=0.005, bleed=0.6, wear=0.15, weight=1.2),
    Style("latin_hand", False, (("latin", 1.0),), ("hand", "brush"), rules=0.35, red=0.08, seal=0.15,
          pitch=(1.2, 1.9), warp=0.045, sway=0.05, fill="dipped", bleed=0.7, wear=0.05,
          inks=(0, 3, 4, 5, 5, 6, 7, 8, 9), weight=1.2),
    Style("typescript", False, (("latin", 0.75), ("hangul", 0.25)), ("typescript",), red=0.05, seal=0.2,
          pitch=(1.25, 2.0), warp=0.006, sway=0.02, fill="typed", bleed=0.5, wear=0.2, inks=(0, 1, 2, 3, 7, 8),
          weight=1.0),
)  # fmt: skip

#: Every style by its name.
STYLES: dict[str, Style] = {style.name: style for style in _ALL}


def find_style(name: str) -> Style:
    """Return the style of a name.

    Raises:
        ArgumentError: There is none.
    """
    if name not in STYLES:
        raise ArgumentError(f"unknown page style {name}", f"choose from {', '.join(STYLES)}")
    return STYLES[name]
