from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from bokwon.synthesis.pages.canvas import Canvas
from bokwon.synthesis.pages.fonts import Font
from bokwon.synthesis.pages.styles import STYLES

VERTICAL = [name for name, style in STYLES.items() if style.vertical]
LayOut = Callable[..., Canvas]


@pytest.mark.parametrize("style", VERTICAL)
def test_columns_run_from_right_to_left(style: str, system_fonts: list[Font], lay_out: LayOut) -> None:
    plain = replace(STYLES[style], notes=0, spine=0, sway=0, marks=0)
    canvas = lay_out(plain, system_fonts)
    columns = canvas.text.strip().split("\n")
    centres = np.array([((c.box[0] + c.box[2]) / 2, (c.box[1] + c.box[3]) / 2) for c in canvas.characters])
    assert len(columns) > 5
    start, last_x = 0, float("inf")
    for column in columns:
        count = len([c for c in canvas.characters[start:] if c.text][: _count(canvas, start, column)])
        part = centres[start : start + count]
        assert part[:, 0].mean() < last_x - 10
        assert (np.diff(part[:, 1]) > 0).all()
        last_x = part[:, 0].mean()
        start += count
    assert start == len(canvas.characters)


def _count(canvas: Canvas, start: int, line: str) -> int:
    """Count the characters that make up a line: some are clusters of several code points."""
    length, count = 0, 0
    while length < len(line):
        length += len(canvas.characters[start + count].text)
        count += 1
    return count


def test_a_leaf_of_a_block_book_has_frame_rules_and_spine(system_fonts: list[Font], lay_out: LayOut) -> None:
    full = replace(STYLES["woodblock"], rules=1, frame=1, spine=1, notes=0)
    for height, width in ((700, 500), (500, 800)):
        rules = lay_out(full, system_fonts, 3, height, width).layer("rules") > 100
        # Rules and frame: columns that are inked for most of the page's height, one more than there are columns.
        tall = rules.mean(0) > 0.5
        assert np.count_nonzero(np.diff(tall.astype(int)) == 1) >= 5
        # The fish tail: a black field as wide as the strip.
        opened = cv2.morphologyEx(rules.astype(np.uint8), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
        assert opened.any()
        x = np.nonzero(opened)[1].mean() / width
        assert x == pytest.approx(0.5, abs=0.15) if width > height else x < 0.25
    bare = lay_out(replace(full, rules=0, frame=0, spine=0), system_fonts, 3)
    assert "rules" not in bare.layers


def test_interlinear_notes_stand_in_two_rows_of_small_characters(system_fonts: list[Font], lay_out: LayOut) -> None:
    noted = replace(STYLES["woodblock"], notes=0.3, sway=0)
    canvas = lay_out(noted, system_fonts, size=40)
    heights = np.array([c.box[3] - c.box[1] for c in canvas.characters])
    assert 0.2 < (heights < 26).mean() < 0.95
    plain = lay_out(replace(noted, notes=0), system_fonts, size=40)
    assert len(canvas.characters) > 1.2 * len(plain.characters)


def test_red_writing_takes_one_column(system_fonts: list[Font], lay_out: LayOut) -> None:
    for name in ("brush", "latin_hand"):
        assert lay_out(replace(STYLES[name], red=1), system_fonts).layer("red").any()
        assert "red" not in lay_out(replace(STYLES[name], red=0, rules=0), system_fonts).layers
