"""From probabilities to regions."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.detection.kinds import KINDS
from bokwon.detection.regions import find_pieces


def maps(**places: tuple[slice, slice, float]) -> np.ndarray:
    probabilities = np.zeros((len(KINDS), 100, 100), np.float32)
    for name, (rows, columns, value) in places.items():
        probabilities[KINDS.index(name.replace("_", " ")), rows, columns] = value
    return probabilities


def test_a_hole_in_a_stain_is_a_piece_of_its_own() -> None:
    found = find_pieces(
        maps(
            readable_stain=(slice(10, 60), slice(10, 60), 0.9),
            missing_paper=(slice(30, 40), slice(30, 40), 0.95),
        ),
        {},
        1,
    )
    assert [piece.kind for piece in found] == ["readable stain", "missing paper"]
    assert found[1].box == (30, 30, 40, 40)
    assert found[1].score == pytest.approx(0.95)


def test_a_piece_has_the_kind_that_is_most_probable_over_it() -> None:
    found = find_pieces(
        maps(missing_paper=(slice(10, 30), slice(10, 20), 0.4), hiding_stain=(slice(10, 30), slice(10, 24), 0.5)),
        {},
        1,
    )
    assert [piece.kind for piece in found] == ["hiding stain"]
    assert found[0].score == pytest.approx(0.9)


def test_the_surest_half_is_the_score_and_the_curve_makes_a_confidence_of_it() -> None:
    probabilities = maps(missing_paper=(slice(0, 10), slice(0, 10), 0.4))
    probabilities[KINDS.index("missing paper"), :5, :10] = 0.8
    (piece,) = find_pieces(probabilities, {"missing paper": [[0.0, 0.0], [0.8, 0.5], [1.0, 1.0]]}, 1)
    assert piece.score == pytest.approx(0.8)
    assert piece.confidence == pytest.approx(0.5)


def test_a_small_area_is_less_certain_than_a_large_one() -> None:
    probabilities = maps(missing_paper=(slice(0, 10), slice(0, 10), 0.9))
    probabilities[KINDS.index("missing paper"), 40:80, 40:80] = 0.9
    curves = {"missing paper": [[0.0, 0.0], [1.0, 1.0]], "small missing paper": [[0.0, 0.0], [1.0, 0.5]]}
    large, small = find_pieces(probabilities, curves, 1)
    assert (large.confidence, small.confidence) == (pytest.approx(0.9), pytest.approx(0.45))


def test_a_long_faint_scratch_is_found_and_a_speck_as_faint_is_not() -> None:
    (piece,) = find_pieces(
        maps(scratch=(slice(50, 51), slice(5, 95), 0.29), crease=(slice(10, 12), slice(10, 12), 0.29)), {}, 1
    )
    assert piece.kind == "scratch"
    assert piece.score > 0.5


def test_the_least_area_counts_pixels_of_the_working_size() -> None:
    probabilities = maps(missing_paper=(slice(0, 4), slice(0, 5), 0.9))
    assert len(find_pieces(probabilities, {}, 20)) == 1
    assert find_pieces(probabilities, {}, 21) == []
