"""What is to be filled of the pages of a file."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.serve.folder.masks.store import Mask
from bokwon.serve.folder.restoration.fills import Result
from bokwon.serve.folder.restoration.holes import PageWork, WorkHoles
from tests.serve.folder.conftest import SIZE, box_hole, noise
from tests.serve.folder.masks.test_found_regions import found

PAGE = Page(noise(1), "RGB", "PNG", Metadata())
HOLE = box_hole((10, 10, 30, 30))


def work(hole: np.ndarray = HOLE, kind: str = "drawn", result: Result | None = None) -> PageWork:
    return PageWork(Mask(hole, 1, kind), result, "page_mask.png", tuple(found((10, 10, 30, 30))))


def test_only_the_pages_that_change_are_asked_for() -> None:
    holes = WorkHoles({2: work})
    assert [holes.has(number) for number in (1, 2, 3)] == [False, True, False]
    told = holes.of(PAGE, 2, "page 2")
    assert told is not None
    assert (told.hole == HOLE).all()
    assert (told.mask, told.origin, told.samples) == ("page_mask.png", "given", None)
    assert WorkHoles({1: lambda: work(kind="found")}).of(PAGE, 1, "page").origin == "found"  # type: ignore[union-attr]
    assert WorkHoles({1: lambda: work(np.zeros(SIZE, bool))}).of(PAGE, 1, "page") is None


def test_masks_lie_on_the_stored_pixels() -> None:
    page = Page(noise(1, 120, 90, 3), "RGB", "PNG", Metadata(orientation=6))
    told = WorkHoles({1: work}).of(page, 1, "page")
    assert told is not None
    assert (page.upright.apply(told.hole) == HOLE).all()
    damage = told.read_damage()
    assert damage.of((slice(0, 120), slice(0, 90)), told.hole) == "tear"


def test_what_was_made_before_is_taken_as_it_is() -> None:
    pixels = noise(2)
    result = Result(
        box_hole((0, 0, 5, 5)), pixels, np.zeros(pixels.shape[:2], np.uint8), [{"box": None, "method": "ns"}]
    )
    told = WorkHoles({1: lambda: work(result=result)}).of(PAGE, 1, "page")
    assert told is not None
    assert (told.hole == box_hole((0, 0, 5, 5))).all()
    assert (told.samples == pixels[:5, :5].reshape(-1, 3)).all()
    assert told.filled_by == ({"box": None, "method": "ns"},)
    assert told.ink is result.ink


def test_a_mask_of_everything_or_of_another_scan_is_refused() -> None:
    with pytest.raises(ArgumentError, match="covers everything"):
        WorkHoles({1: lambda: work(np.ones(SIZE, bool))}).of(PAGE, 1, "page")
    with pytest.raises(ArgumentError, match="was changed"):
        WorkHoles({1: lambda: work(np.ones((4, 4), bool))}).of(PAGE, 1, "page")
