from __future__ import annotations

import errno

import numpy as np
import pytest

from bokwon.synthesis.pages.fonts import Font
from bokwon.synthesis.pages.glyphs import advance, draw, load, render
from bokwon.utilities.memory import is_out_of_memory


def test_a_glyph_is_cut_to_its_ink_and_shared_read_only(latin_fonts: list[Font]) -> None:
    path = latin_fonts[0].path
    image, _, top = render(path, 0, "H", 64)
    assert 35 < image.shape[0] < 60
    # It stands on the base line.
    assert top + image.shape[0] == pytest.approx(0, abs=1)
    assert not image.flags.writeable
    assert render(path, 0, "H", 64)[0] is image


def test_a_drawn_glyph_is_a_larger_one_brought_down(latin_fonts: list[Font]) -> None:
    path = latin_fonts[0].path
    small, large = draw(path, 0, "B", 24)[0], draw(path, 0, "B", 96)[0]
    assert large.shape[0] == pytest.approx(4 * small.shape[0], abs=5)
    assert small.mean() == pytest.approx(large.mean(), rel=0.2)


def test_hairlines_do_not_vanish(latin_fonts: list[Font]) -> None:
    for character in "l.-|":
        assert draw(latin_fonts[0].path, 0, character, 4)[0].size


def test_blanks_and_uncomposed_clusters_have_no_ink(latin_fonts: list[Font]) -> None:
    image, left, top = draw(latin_fonts[0].path, 0, " ", 32)
    assert (image.shape, left, top) == ((0, 0), 0, 0)


def test_the_advance_is_in_proportion_to_the_size(latin_fonts: list[Font]) -> None:
    path = latin_fonts[0].path
    assert advance(path, 0, "W", 60) == pytest.approx(2 * advance(path, 0, "W", 30))
    assert advance(path, 0, "W", 60) > advance(path, 0, "i", 60) > 0
    assert load(path, 0, 60).getlength("W") == pytest.approx(advance(path, 0, "W", 60), rel=0.05)


def test_slant_leans_to_the_right(latin_fonts: list[Font]) -> None:
    image, _, _ = draw(latin_fonts[0].path, 0, "l", 60, 0.4)
    columns = np.arange(image.shape[1])
    top, foot = (np.average(columns, weights=image[row] + 1e-6) for row in (2, -3))
    assert top > foot + 10


@pytest.mark.parametrize("code", [errno.ENOMEM, 0])
def test_a_font_for_which_there_is_too_little_memory_is_not_called_unknown(
    code: int, latin_fonts: list[Font], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise OSError("unknown file format")

    def full(*_: object, **__: object) -> None:
        raise OSError(code, "Cannot allocate memory")

    monkeypatch.setattr("PIL.ImageFont.truetype", unknown)
    if code:
        monkeypatch.setattr("mmap.mmap", full)
    with pytest.raises(OSError, match="Cannot allocate memory" if code else "unknown file format") as caught:
        load.__wrapped__(latin_fonts[0].path, 0, 33)
    assert is_out_of_memory(caught.value) is bool(code)
