from __future__ import annotations

from pathlib import Path

import pytest

from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError
from bokwon.synthesis.pages.fonts import SCRIPTS, Font, find_fonts


def test_a_font_that_knows_latin_only_is_found_for_latin_only(latin_folder: Path) -> None:
    (font,) = find_fonts(["latin", "hanja"], folder=latin_folder)
    assert font.family == "Aileron"
    assert font.scripts == {"latin"}
    assert font.face == "print"
    assert font.plain


def test_only_what_leaves_ink_counts(latin_fonts: list[Font]) -> None:
    (font,) = latin_fonts
    assert all(font.inks(character) for character in "Agz1.,")
    # Unknown characters come back as a box, which is no character.
    assert not any(font.inks(character) for character in ["國", "한", " ", "\n", "", "\u1112\u119e\u11ab"])


def test_glyphs_are_cut_to_their_ink(latin_fonts: list[Font]) -> None:
    image, left, top = latin_fonts[0].glyph("g", 40)
    assert image.dtype == "uint8"
    assert image[0].max() > 64
    assert image[-1].max() > 64
    assert image[:, 0].max() > 64
    assert image[:, -1].max() > 64
    # g stands on the line and hangs below it.
    assert top < 0 < top + image.shape[0]
    assert 0 <= left < 10


def test_a_leaning_letter_keeps_its_height_and_foot(latin_fonts: list[Font]) -> None:
    upright, left, top = latin_fonts[0].glyph("l", 60)
    leaning, left_leaning, top_leaning = latin_fonts[0].glyph("l", 60, 0.5)
    assert abs(leaning.shape[0] - upright.shape[0]) <= 1
    assert abs(top_leaning - top) <= 1
    assert abs(left_leaning - left) <= 2
    assert leaning.shape[1] == pytest.approx(upright.shape[1] + 0.5 * upright.shape[0], abs=5)


def test_excluded_words_hide_a_font_by_path_or_family(latin_folder: Path) -> None:
    with pytest.raises(MissingDependencyError):
        find_fonts(["latin"], exclude=["AILERON"], folder=latin_folder)
    with pytest.raises(MissingDependencyError):
        find_fonts(["latin"], exclude=["elsewhere", latin_folder.name], folder=latin_folder)
    assert find_fonts(["latin"], exclude=["", "oradano"], folder=latin_folder)


def test_missing_fonts_name_the_packages_to_install(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(MissingDependencyError, match=r"apt install .*fonts-nanum"):
        find_fonts(["hangul"], folder=tmp_path)


def test_bad_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="klingon"):
        find_fonts(["klingon"])
    with pytest.raises(ArgumentError):
        find_fonts([])
    with pytest.raises(FileAccessError):
        find_fonts(["latin"], folder=tmp_path / "nowhere")


def test_fonts_of_the_system_ink_what_they_are_found_for(system_fonts: list[Font]) -> None:
    for font in system_fonts:
        for script in font.scripts:
            assert sum(font.inks(sample) for sample in SCRIPTS[script]) >= 0.9 * len(SCRIPTS[script])


def test_old_hangul_is_composed_into_one_syllable(system_fonts: list[Font]) -> None:
    for font in system_fonts:
        if "old_hangul" in font.scripts:
            image, _, _ = font.glyph("\u1112\u119e\u11ab", 64)
            assert image.shape[1] < 80
            assert image.shape[0] > 40


def test_fonts_that_map_hanja_to_blanks_are_not_trusted(system_fonts: list[Font]) -> None:
    for font in system_fonts:
        if "NanumPen" in font.path or "NanumBrush" in font.path:
            assert "hanja" not in font.scripts
