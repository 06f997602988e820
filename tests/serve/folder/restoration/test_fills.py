"""Filling a part of a page by looking at a window around it."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.inpaint.restorer import Restorer
from bokwon.serve.folder.restoration.fills import Fill, Result, fill_part, give_back, window_around
from bokwon.settings import RestoreSettings
from tests.serve.folder.conftest import noise

SHAPE = (900, 1000)


def hole(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    found = np.zeros(SHAPE, bool)
    for left, top, right, bottom in boxes:
        found[top:bottom, left:right] = True
    return found


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer(RestoreSettings(method="telea"))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_only_the_part_is_filled_and_the_page_stays(restorer: Restorer, mode: str) -> None:
    shape = SHAPE if mode == "L" else (*SHAPE, len(mode))
    page = Page(noise(1, *shape), mode, "PNG", Metadata())
    before = page.pixels.copy()
    part, missing = hole((300, 300, 340, 320)), hole((300, 300, 340, 320), (345, 300, 360, 320))
    fill = fill_part(page, missing, part, restorer, {"method": "telea"})
    assert (page.pixels == before).all()
    assert (fill.box, fill.made_by) == ((300, 300, 340, 320), {"method": "telea"})
    assert fill.inside.all()
    pixels = before.copy()
    fill.put(pixels, before)
    assert (pixels[~part] == before[~part]).all()
    colours = pixels if mode == "L" else pixels[..., :3]
    originals = before if mode == "L" else before[..., :3]
    assert (colours[part] != originals[part]).mean() > 0.9
    if mode == "RGBA":
        assert (pixels[..., 3] == before[..., 3]).all()


def test_damage_beside_the_part_is_not_looked_at(restorer: Restorer) -> None:
    page = Page(np.full(SHAPE, 200, np.uint8), "L", "PNG", Metadata())
    part, damage = hole((300, 300, 340, 320)), hole((290, 290, 350, 330))
    page.pixels[damage] = 0
    fill = fill_part(page, damage, part, restorer, {})
    assert fill.samples is not None
    assert np.abs(fill.samples.astype(int) - 200).max() < 8


def test_the_window_grows_until_enough_is_known() -> None:
    part = (500, 400, 520, 410)
    rows, columns = window_around(part, SHAPE, hole(part))
    assert (rows.stop - rows.start, columns.stop - columns.start) == (512, 522)
    assert window_around((0, 0, 20, 10), SHAPE, hole()) == (slice(0, 261), slice(0, 271))
    wide = window_around(part, SHAPE, hole((200, 100, 900, 800)))
    assert wide != (rows, columns)
    assert window_around(part, SHAPE, np.ones(SHAPE, bool)) == (slice(0, 900), slice(0, 1000))


def test_fills_come_back_from_bytes() -> None:
    part = hole((300, 300, 340, 320))
    part[305, 310] = False
    scan = noise(1, *SHAPE, 3)
    fill = Fill(
        (300, 300, 340, 320),
        part[300:320, 300:340],
        noise(2, 799, 3),
        {"method": "ns"},
        np.arange(799, dtype=np.uint8) % 3,
    )
    again = Fill.from_bytes(fill.facts(), fill.to_bytes())
    one, other = scan.copy(), scan.copy()
    fill.put(one, scan)
    again.put(other, scan)
    assert (one == other).all()
    assert (one[~part] == scan[~part]).all()
    assert again.made_by == {"method": "ns"}
    assert again.ink is not None
    assert (again.ink == fill.ink).all()
    back = give_back(part)
    back = Fill.from_bytes(back.facts(), back.to_bytes())
    assert back.samples is None
    assert back.ink is None
    back.put(one, scan)
    assert (one == scan).all()


def test_a_result_knows_what_is_filled_by_what() -> None:
    pixels = noise(1, *SHAPE)
    result = Result(
        hole((0, 0, 10, 10)), pixels, np.ones(pixels.shape[:2], np.uint8), [{"box": None, "method": "telea"}]
    )
    result.note(
        Fill((5, 5, 15, 15), np.ones((10, 10), bool), noise(2, 100), {"method": "ns"}, np.full(100, 2, np.uint8))
    )
    result.note(give_back(hole((0, 0, 3, 10))))
    ink = np.ones(pixels.shape[:2], np.uint8)
    ink[5:15, 5:15] = 2
    ink[0:10, 0:3] = 0
    assert (result.ink == ink).all()
    assert (result.hole == (hole((3, 0, 10, 10), (5, 5, 15, 15)))).all()
    assert result.filled_by == [{"box": None, "method": "telea"}, {"box": [5, 5, 10, 10], "method": "ns"}]
    assert (result.samples == pixels[result.hole]).all()
