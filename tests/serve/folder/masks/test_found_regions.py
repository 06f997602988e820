"""Regions that were found, and the masks that they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bokwon.serve.folder.masks.found_regions import (
    FoundRegion,
    Judged,
    accepted,
    new_hole,
    read_found,
    surest,
    to_found,
    together,
    write_found,
)
from tests.serve.folder.conftest import SIZE, box_hole

WIDTH_HEIGHT = SIZE[::-1]


@dataclass
class Detected:
    kind: str
    box: tuple[int, int, int, int]
    confidence: float
    inside: np.ndarray | None


def found(*boxes: tuple[int, int, int, int], kind: str = "tear") -> list[FoundRegion]:
    regions = []
    for number, (left, top, right, bottom) in enumerate(boxes):
        # With an empty margin, as the detector's windows have.
        inside = np.zeros((bottom - top + 2, right - left + 2), bool)
        inside[1:-1, 1:-1] = True
        regions.append(Detected(kind, (left - 1, top - 1, right + 1, bottom + 1), 0.5 + number / 10, inside))
    return to_found(regions, WIDTH_HEIGHT)


def test_regions_are_cut_to_their_pixels_and_grown() -> None:
    (region,) = found((10, 20, 30, 25))
    assert (region.box, region.grown_box) == ((10, 20, 30, 25), (8, 18, 32, 27))
    whole = together([region], [1], SIZE)
    assert whole[20, 8]
    assert not whole[18, 8]
    assert whole.sum() == region.grown.sum() > 20 * 5
    (corner,) = found((0, 0, 5, 5))
    assert corner.grown_box == (0, 0, 7, 7)
    assert to_found([Detected("tear", (0, 0, 3, 3), 0.5, None)], WIDTH_HEIGHT) == []


def test_they_come_back_from_their_file(tmp_path: Path) -> None:
    regions = found((10, 20, 30, 25), (50, 50, 60, 70))
    path = tmp_path / "found" / "page.json"
    write_found(path, regions, WIDTH_HEIGHT, "scan")
    again = read_found(path, WIDTH_HEIGHT, "scan")
    assert again is not None
    for one, other in zip(regions, again, strict=True):
        assert (one.kind, one.confidence, one.box, one.grown_box) == (
            other.kind,
            other.confidence,
            other.box,
            other.grown_box,
        )
        assert (one.inside == other.inside).all()
    assert read_found(path, WIDTH_HEIGHT, "another scan") is None
    assert read_found(path, SIZE, "scan") is None
    assert read_found(tmp_path / "missing", WIDTH_HEIGHT, "scan") is None
    path.write_text(path.read_text()[:-20])
    assert read_found(path, WIDTH_HEIGHT, "scan") is None


NOBODY = Judged(certain=0.0)
"""Nobody has judged anything, and every region is certain enough."""


def keep(*numbers: int) -> Judged:
    """Return a judgement that keeps these regions by hand. All others are uncertain."""
    return Judged(2.0, frozenset(numbers))


def test_a_region_is_accepted_that_is_mostly_in_the_mask() -> None:
    regions = found((10, 10, 20, 20), (50, 50, 60, 60))
    assert accepted(regions, box_hole((10, 10, 20, 16)), NOBODY) == {1}
    assert accepted(regions, box_hole((10, 10, 20, 15), (50, 50, 60, 60)), NOBODY) == {2}
    assert surest(regions, 0.55) == {2}
    assert surest(regions, 0.5) == {1, 2}
    assert surest(found((1, 1, 9, 9), kind="readable stain"), 0.0) == set()


def test_decisions_by_hand_come_before_the_certainty() -> None:
    regions = found((10, 10, 20, 20), (50, 50, 60, 60), (80, 10, 90, 20))
    judged = Judged(0.55).decided({1}, {2})
    assert judged.numbers(regions) == {1, 3}
    assert judged.decided({2}, {1}).numbers(regions) == {2, 3}
    assert Judged.of(judged.facts()) == judged
    assert Judged.of({}) == Judged()
    # The mask shows that the third one was erased.
    assert judged.seen(regions, box_hole((10, 10, 20, 20))) == Judged(0.55, frozenset({1}), frozenset({2, 3}))


def test_a_region_that_was_painted_over_goes_when_it_is_left() -> None:
    regions = found((10, 10, 20, 20), (50, 50, 60, 60))
    nobody = Judged(0.99)
    hole = box_hole((5, 5, 40, 25))
    assert accepted(regions, hole, nobody) == {1}
    # Another decision leaves the stroke as it is.
    other = new_hole(hole, regions, regions, (nobody, nobody.decided({2}, ())))
    assert (other[:40] == hole[:40]).all()
    assert other[50:60, 50:60].all()
    left = new_hole(hole, regions, regions, (nobody, nobody.decided((), {1})))
    assert (left == (hole & ~box_hole((10, 10, 20, 20)))).all()


def test_a_region_that_touches_another_is_left_alone() -> None:
    """A thin one beside a large one, one within a large one, and one that crosses it."""
    regions = found((10, 10, 40, 40), (40, 10, 42, 40), (20, 20, 26, 26), (35, 30, 60, 33))
    everything = together(regions, [1, 2, 3, 4], SIZE)
    for number in (2, 3, 4, 1):
        judged = NOBODY.decided((), {number})
        hole = new_hole(everything, regions, regions, (NOBODY, judged))
        others = {1, 2, 3, 4} - {number}
        assert accepted(regions, hole, judged) == others
        left = regions[number - 1]
        own = np.zeros(SIZE, bool)
        own[left.place] = left.inside
        for other in others:
            region = regions[other - 1]
            inside = np.zeros(SIZE, bool)
            inside[region.place] = region.inside
            # Where two overlap, the smaller one counts. The other loses no further pixels.
            lost = inside & ~hole
            assert not lost[~own].any()
            if region.area < left.area:
                assert not lost.any()
                own &= ~inside
        assert not (hole & own).any()
        # Marked again, the mask is what it was.
        again = new_hole(hole, regions, regions, (judged, judged.decided({number}, ())))
        assert (again == everything).all()


def test_what_others_cover_is_not_judged_by_them() -> None:
    regions = found((20, 20, 26, 26), (10, 10, 40, 40))
    judged = Judged(0.55)
    hole = together(regions, judged.numbers(regions), SIZE)
    # Every pixel of the small, uncertain one is in the mask, and yet it was not accepted.
    assert hole[20:26, 20:26].all()
    assert accepted(regions, hole, judged) == {2}


def test_what_is_painted_over_a_region_left_by_hand_stays_when_it_is_left_again() -> None:
    regions = found((10, 10, 20, 20), (50, 50, 60, 60))
    judged = NOBODY.decided((), {1})
    hole = box_hole((5, 5, 25, 18), (50, 50, 60, 60))
    assert accepted(regions, hole, judged) == {2}
    assert (new_hole(hole, regions, regions, (judged, judged))[:30] == hole[:30]).all()


def test_strokes_and_erasures_outlive_other_decisions() -> None:
    regions = found((10, 10, 30, 30), (50, 50, 70, 70))
    hole = together(regions, [1, 2], SIZE)
    hole[:, :15] = False
    hole[0:5, 100:110] = True
    fewer = new_hole(hole, regions, regions, (keep(1, 2), keep(1)))
    assert not fewer[50:70, 50:70].any()
    assert not fewer[:, :15].any()
    assert fewer[0:5, 100:110].all()
    assert fewer[10:30, 15:30].all()
    # A region that is taken again is whole.
    assert new_hole(fewer, regions, regions, (keep(1), keep(1, 2)))[50:70, 50:70].all()
    # A new search begins without erasures, and leaves what was drawn.
    other = found((80, 10, 90, 20))
    searched = new_hole(hole, regions, other, (keep(1, 2), keep(1)))
    assert searched[10:20, 80:90].all()
    assert searched[0:5, 100:110].all()
    assert not searched[50:70, 50:70].any()
