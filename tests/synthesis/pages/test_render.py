from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError
from bokwon.synthesis.pages.fonts import Font
from bokwon.synthesis.pages.render import INK_RANGE, STYLES, Page, render_crop, render_page
from bokwon.synthesis.pages.text import TextSource, script_of

VERTICAL = [name for name, style in STYLES.items() if style.vertical]
HORIZONTAL = [name for name, style in STYLES.items() if not style.vertical]


def _check(page: Page, height: int, width: int) -> None:
    """Hold what is true of every page."""
    assert page.image.shape == (height, width, 3)
    assert page.image.dtype == np.uint8
    assert page.ink.shape == (height, width)
    assert page.ink.dtype == np.bool_
    assert "".join(page.text.split()) == "".join(character.text for character in page.characters)
    for character in page.characters:
        left, top, right, bottom = character.box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert page.ink[top:bottom, left:right].any(), character


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(32, 420),
    width=st.integers(32, 420),
    size=st.floats(6, 60) | st.none(),
)
def test_every_character_lies_inside_the_page_and_is_inked(
    latin_fonts: list[Font], seed: int, height: int, width: int, size: float | None
) -> None:
    _check(render_page(seed, (height, width), fonts=latin_fonts, text_size=size), height, width)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), style=st.sampled_from(sorted(STYLES)))
def test_the_same_holds_for_every_style(system_fonts: list[Font], seed: int, style: str) -> None:
    page = render_page(seed, (300, 280), style=style, fonts=system_fonts)
    assert page.style == style
    _check(page, 300, 280)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), size=st.integers(48, 300))
def test_the_same_holds_for_crops(latin_fonts: list[Font], seed: int, size: int) -> None:
    _check(render_crop(seed, size, fonts=latin_fonts), size, size)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_each_style_writes_its_scripts_in_dark_ink(style: str, system_fonts: list[Font]) -> None:
    pages = [render_page(seed, (420, 360), style=style, fonts=system_fonts, text_size=20) for seed in range(6)]
    written = {script_of(character.text) for page in pages for character in page.characters}
    scripts = {script for script, _ in STYLES[style].scripts}
    # Kana is mixed with hanja, old spelling with modern, and every leaf's spine may carry hanja.
    assert written & scripts
    assert written <= scripts | {None, "hanja"} | ({"hangul"} if style == "hangul" else set())
    for page in pages:
        assert len(page.characters) > 30
        assert 0.02 < page.ink.mean() < 0.4
        # Ink is darker than the paper near it: on the median, not at every worn or faded spot.
        gray = page.image.mean(-1)
        near = cv2.dilate(page.ink.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool) & ~page.ink
        assert np.median(gray[page.ink]) < np.median(gray[near]) - 15


def test_old_hangul_pages_show_letters_that_are_lost(system_fonts: list[Font]) -> None:
    page = render_page(1, (400, 400), style="hangul", fonts=system_fonts)
    assert any(len(character.text) > 1 and "\u119e" in character.text for character in page.characters)


def test_the_same_seed_gives_the_same_page(latin_fonts: list[Font]) -> None:
    first, again = (render_page(7, (200, 160), fonts=latin_fonts) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.ink, again.ink)
    assert (first.text, first.characters, first.style) == (again.text, again.characters, again.style)
    assert not np.array_equal(first.image, render_page(8, (200, 160), fonts=latin_fonts).image)
    generator = render_page(np.random.default_rng(7), (200, 160), fonts=latin_fonts)
    assert np.array_equal(first.image, generator.image)


def test_given_text_is_what_is_written(latin_fonts: list[Font]) -> None:
    words = {"lorem", "ipsum", "dolor"}
    page = render_page(
        3, (400, 400), fonts=latin_fonts, text=TextSource({"latin": "lorem ipsum dolor " * 300}), text_size=20
    )
    found = page.text.split()
    assert len(found) > 20
    # Text starts anywhere, so the first word may be cut.
    assert sum(word in words for word in found) >= 0.9 * len(found)


def test_crops_keep_to_their_share_of_ink(system_fonts: list[Font]) -> None:
    shares = np.array([render_crop(seed, fonts=system_fonts).ink.mean() for seed in range(60)])
    low, high = INK_RANGE
    assert ((shares >= low) & (shares <= high)).mean() >= 0.9
    assert shares.min() > 0.05
    assert 0.1 < shares.mean() < 0.2


def test_text_size_is_the_height_of_characters(system_fonts: list[Font]) -> None:
    for size in (20, 48):
        page = render_page(2, (500, 500), style="woodblock", fonts=system_fonts, text_size=size)
        heights = [c.box[3] - c.box[1] for c in page.characters]
        assert np.percentile(heights, 80) == pytest.approx(size, rel=0.25)


def test_real_paper_is_used(tmp_path: Path, latin_fonts: list[Font]) -> None:
    assert cv2.imwrite(str(tmp_path / "blue.png"), np.full((300, 300, 3), (230, 180, 150), np.uint8))
    red, _, blue = np.median(render_page(1, (200, 200), fonts=latin_fonts, paper=tmp_path).image.reshape(-1, 3), 0)
    assert blue > red + 40


def test_dark_paper_is_written_on_in_gold(tmp_path: Path, latin_fonts: list[Font]) -> None:
    assert cv2.imwrite(str(tmp_path / "indigo.png"), np.full((300, 300, 3), (70, 40, 25), np.uint8))
    page = render_page(4, (300, 300), style="latin_print", fonts=latin_fonts, paper=tmp_path)
    assert page.image[page.ink].mean() > page.image[~page.ink].mean() + 40


@pytest.mark.slow
def test_a_page_of_a_scanner_at_300_dpi_renders(system_fonts: list[Font]) -> None:
    _check(render_page(5, (3508, 2480), style="woodblock", fonts=system_fonts), 3508, 2480)


@pytest.mark.parametrize("size", [(0, 100), (100, 0), (31, 100), (100, 20001), (-5, 100)])
def test_impossible_sizes_are_refused(size: tuple[int, int], latin_fonts: list[Font]) -> None:
    with pytest.raises(ArgumentError, match="pixels"):
        render_page(0, size, fonts=latin_fonts)


def test_other_mistakes_are_named(tmp_path: Path, latin_fonts: list[Font]) -> None:
    with pytest.raises(ArgumentError, match="cuneiform"):
        render_page(0, (100, 100), style="cuneiform", fonts=latin_fonts)
    with pytest.raises(MissingDependencyError, match="hanja"):
        render_page(0, (100, 100), style="woodblock", fonts=latin_fonts)
    with pytest.raises(MissingDependencyError):
        render_page(0, (100, 100), fonts=[])
    with pytest.raises(ArgumentError, match="at least 6"):
        render_page(0, (100, 100), fonts=latin_fonts, text_size=3)
    with pytest.raises(ArgumentError, match="at least 6"):
        render_crop(0, 100, fonts=latin_fonts, text_size=0.5)
    with pytest.raises(ArgumentError):
        render_crop(0, 0, fonts=latin_fonts)
    with pytest.raises(FileAccessError):
        render_page(0, (100, 100), fonts=latin_fonts, paper=tmp_path / "nowhere")
