from __future__ import annotations

import numpy as np

from bokwon.synthesis.pages.canvas import Canvas
from bokwon.synthesis.pages.composite import composite_page
from bokwon.synthesis.pages.fonts import Font
from bokwon.synthesis.pages.show_through import Margins
from bokwon.synthesis.pages.styles import find_style

STYLE = find_style("latin_print")


def written(font: Font) -> Canvas:
    canvas = Canvas(160, 200)
    for place, character in enumerate("WORDS"):
        canvas.put(font, character, 25 + 35 * place, 80, 40)
    return canvas


def test_what_was_written_is_inked_and_boxed(latin_fonts: list[Font]) -> None:
    page = composite_page(np.random.default_rng(0), written(latin_fonts[0]), STYLE, 40)
    assert page.image.shape == (160, 200, 3)
    assert page.text == "WORDS"
    assert page.style == "latin_print"
    for character in page.characters:
        left, top, right, bottom = character.box
        assert page.ink[top:bottom, left:right].mean() > 0.1
    assert page.image[page.ink].mean() < page.image[~page.ink].mean() - 30


def test_an_empty_page_has_no_ink() -> None:
    page = composite_page(np.random.default_rng(0), Canvas(64, 64), STYLE, 20)
    assert not page.ink.any()
    assert (page.text, page.characters) == ("", ())


def test_the_share_of_ink_is_approached_by_the_weight(latin_fonts: list[Font]) -> None:
    def share(limits: tuple[float, float] | None = None) -> float:
        page = composite_page(np.random.default_rng(1), written(latin_fonts[0]), STYLE, 40, ink_range=limits)
        return float(page.ink.mean())

    free = share()
    assert share((0.0, 1.0)) == free
    assert share((0.0, 0.7 * free)) < free < share((1.4 * free, 1.0))


def test_margins_are_no_paper(latin_fonts: list[Font]) -> None:
    canvas = written(latin_fonts[0])
    margins = Margins(left=30, top=30)
    with_table = composite_page(np.random.default_rng(5), canvas, STYLE, 40, margins=margins).image
    without = composite_page(np.random.default_rng(5), canvas, STYLE, 40).image
    assert np.abs(with_table[:20, :20].astype(int) - without[:20, :20]).mean() > 5
