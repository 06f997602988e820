"""Regions as they are told of."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.serve.folder.masks import regions as module
from bokwon.serve.folder.masks.found_regions import Judged, together
from bokwon.serve.folder.masks.regions import find_regions, label_picture, pixels_of
from tests.serve.folder.conftest import SIZE, box_hole
from tests.serve.folder.masks.test_found_regions import found

BOXES = ((10, 10, 31, 29), (50, 40, 55, 45), (80, 70, 120, 90))


@pytest.mark.parametrize("working", [10**6, 1500], ids=["full size", "shrunk"])
def test_drawn_pieces_are_told_apart(monkeypatch: pytest.MonkeyPatch, working: int) -> None:
    monkeypatch.setattr(module, "_WORKING", working)
    hole = box_hole(*BOXES)
    pieces = find_regions([], hole, "drawn")
    assert [(region.box, region.area) for region in pieces.regions] == [
        (BOXES[2], 800),
        (BOXES[0], 21 * 19),
        (BOXES[1], 25),
    ]
    assert {region.source for region in pieces.regions} == {"drawn"}
    picture = label_picture([], pieces, SIZE)
    for region in pieces.regions:
        part = pixels_of([], pieces, region.id, SIZE)
        assert part is not None
        assert (part == box_hole(region.box)).all()
        assert ((picture == region.id) == part).all()
    assert ((picture > 0) == hole).all()
    assert pixels_of([], pieces, 4, SIZE) is None
    assert pixels_of([], pieces, 0, SIZE) is None


def test_found_regions_come_first_and_keep_their_numbers() -> None:
    regions = found((10, 10, 30, 30), (50, 50, 60, 60))
    hole = box_hole((8, 8, 32, 32), (100, 0, 110, 10))
    pieces = find_regions(regions, hole, "given", Judged(0.0, refused=frozenset({2})))
    told = [(region.id, region.source, region.accepted) for region in pieces.regions]
    # The corners of the first one's box are no part of it when it is grown, and so are pieces of the mask.
    assert told[:2] == [(1, "found", True), (2, "found", False)]
    assert told[2] == (3, "given", True)
    assert pieces.regions[2].box == (100, 0, 110, 10)
    picture = label_picture(regions, pieces, SIZE)
    assert (picture[50:60, 50:60] == 2).all()
    assert (picture[10:30, 10:30] == 1).all()
    # What is filled around a region belongs to it.
    assert (picture[9, 12:28] == 1).all()
    assert (picture[48, 52:58] == 2).all()
    rejected = pixels_of(regions, pieces, 2, SIZE)
    assert rejected is not None
    assert rejected[50:60, 50:60].all()


def test_a_page_without_a_mask_has_none() -> None:
    pieces = find_regions([], np.zeros(SIZE, bool), "none")
    assert pieces.regions == ()
    assert not label_picture([], pieces, SIZE).any()


def test_facts_are_plain_values() -> None:
    (first, *_) = find_regions(found((10, 10, 30, 30)), box_hole((10, 10, 30, 30)), "found").regions
    assert first.facts() == {
        "id": 1,
        "kind": "tear",
        "box": [10, 10, 30, 30],
        "area": 400,
        "confidence": 0.5,
        "decision": "accepted",
        "source": "found",
        "decided_by": "hand",
    }


def test_what_decides_about_a_region() -> None:
    regions = found((10, 10, 30, 30), (50, 50, 60, 60), (80, 10, 90, 20))
    told = find_regions(
        regions, box_hole((10, 10, 30, 30), (80, 10, 90, 20)), "found", Judged(0.55, refused=frozenset({2}))
    )
    assert [(one.accepted, one.decided_by) for one in told.regions[:3]] == [
        (True, "hand"),  # in the mask, though not certain enough
        (False, "hand"),
        (True, "certainty"),
    ]
    (stain,) = find_regions(found((10, 10, 30, 30), kind="readable stain"), box_hole(), "found").regions
    assert (stain.accepted, stain.decided_by) == (False, "kind")


def test_what_is_painted_over_an_uncertain_region_is_one_stroke() -> None:
    regions = found((20, 10, 30, 20))
    hole = box_hole((10, 5, 60, 25))
    pieces = find_regions(regions, hole, "drawn", Judged(0.9))
    assert [(one.accepted, one.decided_by, one.source) for one in pieces.regions] == [
        (True, "hand", "found"),
        (True, "hand", "drawn"),
    ]
    assert (label_picture(regions, pieces, SIZE) == np.where(hole, 2, 0)).all()
    part = pixels_of(regions, pieces, 2, SIZE)
    assert part is not None
    assert (part == hole).all()


def test_each_of_two_that_touch_can_be_clicked_and_has_its_own_pixels() -> None:
    regions = found((10, 10, 40, 40), (40, 10, 43, 40))
    hole = together(regions, [1, 2], SIZE)
    both = find_regions(regions, hole, "found", Judged(0.0))
    first, second = (pixels_of(regions, both, number, SIZE) for number in (1, 2))
    assert first is not None
    assert second is not None
    assert first[10:40, 10:40].all()
    assert not first[10:40, 40:43].any()
    assert second[10:40, 40:43].all()
    assert not second[10:40, 10:40].any()
    # The thin one is refused. What is painted over it belongs to the drawing; the rest can still be clicked.
    judged = Judged(0.0, refused=frozenset({2}))
    hole = together(regions, [1], SIZE, {2}) | box_hole((40, 10, 60, 15))
    pieces = find_regions(regions, hole, "drawn", judged)
    picture = label_picture(regions, pieces, SIZE)
    assert [(one.accepted, one.source) for one in pieces.regions] == [
        (True, "found"),
        (False, "found"),
        (True, "drawn"),
    ]
    assert (picture[10:15, 40:60] == 3).all()
    assert (picture[16:40, 40:43] == 2).all()
    assert (picture[10:40, 10:40] == 1).all()
