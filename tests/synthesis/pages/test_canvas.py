from __future__ import annotations

import numpy as np

from bokwon.synthesis.pages.canvas import Canvas
from bokwon.synthesis.pages.fonts import Font


def test_a_character_is_boxed_where_its_ink_is(latin_fonts: list[Font]) -> None:
    canvas = Canvas(100, 120)
    canvas.put(latin_fonts[0], "H", 60, 40, 50)
    ((left, top, right, bottom),) = [character.box for character in canvas.characters]
    rows, columns = np.nonzero(canvas.layer("black") > 64)
    assert (left, top) == (columns.min(), rows.min())
    assert (right, bottom) == (columns.max() + 1, rows.max() + 1)
    assert abs((left + right) / 2 - 60) <= 1
    assert abs((top + bottom) / 2 - 40) <= 1


def test_the_window_shows_its_part_of_the_page(latin_fonts: list[Font]) -> None:
    whole, part = Canvas(200, 200), Canvas(80, 90, left=50, top=60)
    for canvas in (whole, part):
        canvas.put(latin_fonts[0], "B", 95, 100, 40)
        canvas.polyline([(0, 90), (200, 130)], 3)
    assert np.array_equal(part.layer("black"), whole.layer("black")[60:140, 50:140])
    # Lines are anti-aliased from rounded ends: the same but for the last bit.
    difference = part.layer("rules").astype(int) - whole.layer("rules")[60:140, 50:140]
    assert abs(difference).mean() < 1


def test_half_a_character_counts_and_less_does_not(latin_fonts: list[Font]) -> None:
    for x, counted in ((4, True), (-6, False)):
        canvas = Canvas(60, 60)
        canvas.put(latin_fonts[0], "O", x, 30, 40)
        assert bool(canvas.characters) is counted
        assert canvas.text == ("O" if counted else "")
        assert canvas.layer("black").any()


def test_nothing_is_written_outside_the_window(latin_fonts: list[Font]) -> None:
    canvas = Canvas(60, 60)
    canvas.put(latin_fonts[0], "O", 500, 30, 40)
    assert not canvas.characters
    assert not canvas.layers


def test_spaces_and_line_breaks_never_double(latin_fonts: list[Font]) -> None:
    canvas = Canvas(60, 60)
    canvas.space()
    canvas.end_line()
    canvas.put(latin_fonts[0], "a", 20, 30, 20)
    canvas.space()
    canvas.space()
    canvas.end_line()
    canvas.end_line()
    canvas.put(latin_fonts[0], "b", 40, 30, 20)
    assert canvas.text == "a\nb"


def test_carving_takes_ink_away(latin_fonts: list[Font]) -> None:
    canvas = Canvas(60, 60)
    canvas.polygon([(5, 5), (55, 5), (55, 55), (5, 55)], "black")
    before = int(canvas.layer("black").sum())
    canvas.carve(latin_fonts[0], "X", 30, 30, 30)
    assert canvas.layer("black").sum() < 0.97 * before
    assert canvas.text == "X"


def test_loads_are_noted_with_the_character(latin_fonts: list[Font]) -> None:
    canvas = Canvas(60, 60, load=0.5)
    canvas.put(latin_fonts[0], "X", 30, 30, 30)
    assert canvas.loads is not None
    left, top, right, bottom = canvas.characters[0].box
    assert (canvas.loads[top:bottom, left:right] == 127).all()
    assert (canvas.loads == 255).sum() == 3600 - (right - left) * (bottom - top)
