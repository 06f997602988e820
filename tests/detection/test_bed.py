"""The bed around a sheet, and the holes through which it is seen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bokwon.detection.bed import Bed, find_bed, holes_to_the_bed, largest_piece
from bokwon.detection.kinds import KINDS
from bokwon.detection.network import Probabilities

PAPER, GREEN, INK = (225, 215, 190), (40, 110, 60), (30, 25, 20)


def page(bed: tuple[int, int, int] = GREEN) -> tuple[np.ndarray, np.ndarray]:
    """A sheet with 20 pixels of bed around it, and where the network sees surroundings."""
    image = np.full((300, 200, 3), bed, np.uint8)
    image[20:280, 20:180] = PAPER
    off = np.ones((300, 200), np.float32)
    off[20:280, 20:180] = 0
    return image, off


def probabilities(image: np.ndarray, off: np.ndarray) -> Probabilities:
    return Probabilities(np.zeros((len(KINDS), *off.shape), np.float32), off, image, 1.0)


def bed_of(found: Probabilities) -> Bed:
    bed = find_bed(found)
    assert bed is not None
    return bed


def test_the_bed_is_what_has_its_colour_and_reaches_the_edge() -> None:
    image, off = page()
    image[100:140, 80:120] = GREEN
    bed = bed_of(probabilities(image, off))
    # One pixel of blur at the sheet's edges.
    assert np.count_nonzero(bed.mask != (off > 0.5)) < 1000
    assert not bed.mask[100:140, 80:120].any()


def test_margins_that_the_network_takes_for_surroundings_are_no_bed() -> None:
    image, off = page()
    off[200:280, 20:180] = 1
    assert not bed_of(probabilities(image, off)).mask[200:278, 22:178].any()


def test_where_no_edge_shows_a_bed_there_is_none() -> None:
    image, off = page()
    assert find_bed(probabilities(image, np.zeros_like(off))) is None
    assert find_bed(probabilities(image, np.ones_like(off))) is None
    # A bed of the paper's colour cannot be told from the paper.
    assert find_bed(probabilities(*page(PAPER))) is None


@pytest.mark.parametrize("doubt", ["surroundings", "missing paper"])
def test_a_hole_through_which_the_bed_is_seen_is_found(doubt: str) -> None:
    image, off = page()
    image[100:130, 80:120] = GREEN
    found = probabilities(image, off)
    there = found.surroundings if doubt == "surroundings" else found.kinds[KINDS.index(doubt)]
    there[100:130, 80:120] = 0.4
    holes = holes_to_the_bed(found, bed_of(found))
    wanted = np.zeros_like(holes)
    wanted[100:130, 80:120] = True
    assert np.count_nonzero(holes != wanted) < 160
    assert holes[102:128, 82:118].all()


@pytest.mark.parametrize(
    ("why", "rows", "columns", "colour", "doubt"),
    [
        ("the network is sure that it is sheet", slice(100, 130), slice(80, 120), GREEN, 0.1),
        ("it is as thin as a stroke", slice(100, 108), slice(80, 120), GREEN, 0.9),
        ("it is small", slice(100, 106), slice(80, 86), GREEN, 0.9),
        ("its colour is not the bed's", slice(100, 130), slice(80, 120), (170, 60, 40), 0.9),
        ("its colour lies between bed and paper", slice(100, 130), slice(80, 120), (85, 135, 90), 0.9),
    ],
)
def test_what_is_no_hole(why: str, rows: slice, columns: slice, colour: tuple[int, int, int], doubt: float) -> None:
    image, off = page()
    image[rows, columns] = colour
    off[rows, columns] = doubt
    found = probabilities(image, off)
    assert not holes_to_the_bed(found, bed_of(found)).any(), why


@pytest.mark.parametrize("surround", [INK, (200, 60, 140)])
def test_a_spot_without_paper_around_it_is_no_hole(surround: tuple[int, int, int]) -> None:
    image, off = page()
    image[90:140, 70:130] = surround
    image[100:130, 80:120] = GREEN
    off[100:130, 80:120] = 0.9
    found = probabilities(image, off)
    assert not holes_to_the_bed(found, bed_of(found)).any()


def test_a_binders_hole_is_no_damage() -> None:
    image, off = page()
    cv2.circle(image, (60, 150), 15, GREEN, -1)
    cv2.ellipse(image, (140, 150), (22, 12), 30, 0, 360, GREEN, -1)
    off[120:180, 30:170] = 0.9
    found = probabilities(image, off)
    holes = holes_to_the_bed(found, bed_of(found))
    assert holes[150, 140]
    assert not holes[:, :100].any()


def test_the_largest_piece() -> None:
    mask = np.zeros((20, 20), np.uint8)
    assert not largest_piece(mask).any()
    mask[2:5, 2:5] = mask[10:18, 10:18] = 1
    assert largest_piece(mask).sum() == 64
