from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from bokwon.errors import ArgumentError, MissingDependencyError
from bokwon.synthesis.pages.fonts import Font
from bokwon.synthesis.pages.styles import find_style
from bokwon.synthesis.pages.text import TextSource, script_of
from bokwon.synthesis.pages.writer import MARKS, Hand, Writer, choose_hand, write_stream


def test_a_hand_has_a_style_that_its_fonts_can_write(latin_fonts: list[Font]) -> None:
    names = set()
    for seed in range(20):
        hand = choose_hand(np.random.default_rng(seed), None, latin_fonts)
        names.add(hand.style.name)
        assert hand.script == "latin"
        assert hand.fonts["latin"] == tuple(latin_fonts)
    assert names == {"latin_print", "latin_hand", "typescript"}


def test_what_cannot_be_written_is_refused(latin_fonts: list[Font]) -> None:
    with pytest.raises(ArgumentError, match="cave"):
        choose_hand(np.random.default_rng(0), "cave", latin_fonts)
    with pytest.raises(MissingDependencyError, match="hanja"):
        choose_hand(np.random.default_rng(0), "woodblock", latin_fonts)
    with pytest.raises(MissingDependencyError, match="no font"):
        choose_hand(np.random.default_rng(0), None, [])


def test_a_writer_finds_a_font_and_the_size_that_it_needs(latin_fonts: list[Font]) -> None:
    hand = choose_hand(np.random.default_rng(0), "latin_print", latin_fonts)
    writer = Writer(hand, 30, TextSource())
    font = writer.find("a")
    assert font is latin_fonts[0]
    assert writer.find("國") is None
    assert writer.em(font, 30, "a") == 30
    assert writer.em(font, 1, "a") == 4


def test_columns_take_no_western_letters(latin_fonts: list[Font]) -> None:
    hand = Hand(find_style("woodblock"), {"hanja": tuple(latin_fonts)}, "hanja")
    source = TextSource({"hanja": "天 abc 7「地」玄。"})
    written = list(islice(write_stream(np.random.default_rng(0), hand, source), 60))
    assert set(written) <= set("天地玄") | MARKS
    assert {script_of(character) for character in written} >= {"hanja"}


def test_lines_take_the_text_as_it_is(latin_fonts: list[Font]) -> None:
    hand = choose_hand(np.random.default_rng(0), "latin_print", latin_fonts)
    source = TextSource({"latin": "salt & pepper; "})
    written = "".join(islice(write_stream(np.random.default_rng(0), hand, source), 200))
    assert "salt & pepper; " in written
