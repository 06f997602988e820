"""File names from the order and the labels of canvases."""

from __future__ import annotations

import pytest

from bokwon.iiif.manifest import CanvasImage
from bokwon.iiif.names import file_stems


def stem(label: str, *, canvas: int = 3, part: int = 0, canvases: int = 20) -> str:
    return file_stems([CanvasImage(canvas, part, "", label, "", None)], canvases)[0]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("", "p003"),
        ("3", "p003"),
        ("[3]", "p003"),
        ("fol. 2r", "p003-fol-2r"),
        ("1쪽", "p003-1쪽"),
        ("../../etc/passwd", "p003-etc-passwd"),
        ('a\\b:c*?"<>|\x00\n', "p003-a-b-c"),
        ("_p001", "p003-p001"),
        (".hidden", "p003-hidden"),
        ("📜", "p003"),
        ("e\u0301", "p003-é"),
        ("x" * 300, "p003-" + "x" * 40),
    ],
)
def test_only_letters_and_digits_of_a_label_stay(label: str, expected: str) -> None:
    assert stem(label) == expected


def test_numbers_have_as_many_digits_as_the_last() -> None:
    assert stem("", canvas=7, canvases=12_000) == "p00007"
    assert stem("1r", canvas=7, part=2) == "p007-2-1r"
