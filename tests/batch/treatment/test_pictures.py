from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bokwon.batch.treatment.pictures import PageDrawing, PagePictures
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.page import Page
from bokwon.provenance.hole_list import Damage

BEFORE, AFTER = (40, 60, 200), (60, 200, 40)


def page_of(colour: tuple[int, ...], size: tuple[int, int] = (720, 1000), mode: str = "RGB") -> Page:
    return Page(np.full((size[1], size[0], len(colour)), colour, np.uint8), mode, "PNG", Metadata())


def hole_of(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> np.ndarray:
    hole = np.zeros((size[1], size[0]), bool)
    for left, top, width, height in boxes:
        hole[top : top + height, left : left + width] = True
    return hole


def columns(strip: bytes) -> list[np.ndarray]:
    """The three pictures of a strip."""
    with Image.open(io.BytesIO(strip)) as image:
        pixels = np.array(image).astype(int)
    # Three columns of 120 and two gaps of 4, or a multiple of them.
    unit = pixels.shape[1] / 368
    return [pixels[:, round(place * 124 * unit) : round((place * 124 + 120) * unit)] for place in range(3)]


def is_red(picture: np.ndarray) -> np.ndarray:
    return picture[..., 0] - picture[..., 1] > 60


def draw(
    hole: np.ndarray, damage: Damage | None = None, *, before: Page | None = None, after: Page | None = None
) -> PagePictures:
    size = hole.shape[1], hole.shape[0]
    drawing = PageDrawing(before or page_of(BEFORE, size), hole, damage or Damage())
    return drawing.finish(after or page_of(AFTER, size), 4)


def test_before_after_and_what_was_filled_stand_side_by_side() -> None:
    hole = hole_of((720, 1000), (100, 200, 50, 30), (500, 800, 20, 20))
    found = draw(hole)
    assert (found.page, found.size, found.filled, found.holes, found.kinds) == (4, (720, 1000), 1900, 2, {})
    assert len(found.strips) == 3
    before, after, filled = columns(found.strips[0])
    assert before.shape == (500, 360, 3)
    # But for the border, where the colours of a JPEG mix with the white between the columns.
    assert np.abs(before - BEFORE)[:, 3:-3].max() < 12
    assert np.abs(after - AFTER)[:, 3:-3].max() < 12
    # The page is shown at half its size, and the hole lies where it is.
    red = is_red(filled)
    assert red[102:113, 53:73].all()
    assert not red[:90].any()
    assert not red[130:390].any()


def test_the_largest_regions_are_enlarged_with_kind_and_confidence() -> None:
    size = (720, 1000)
    boxes = [(100, 200, 50, 30), (500, 800, 120, 80), (300, 500, 4, 4), (600, 100, 10, 10)]
    hole = hole_of(size, *boxes)
    classes, sure = np.zeros(hole.shape, np.uint8), np.zeros(hole.shape, np.uint8)
    classes[200:230, 100:150], sure[200:230, 100:148] = 2, 93
    classes[800:840, 500:620] = 3
    found = draw(hole, Damage("a map", classes=classes, names=("hole", "tear", "crease"), confidence=sure))
    assert [region.box for region in found.regions] == [boxes[1], boxes[0], boxes[3]]
    assert [region.area for region in found.regions] == [9600, 1500, 100]
    assert [region.damage for region in found.regions] == ["crease", "tear", None]
    assert [region.confidence for region in found.regions] == [None, 0.93, None]
    assert [region.scale for region in found.regions] == [2, 3, 3]
    assert found.kinds == {"crease": 4800, "tear": 1500}
    # 120 pixels of the page in a column: the report shows them three times as large.
    _, _, filled = columns(found.strips[2])
    assert filled.shape == (72, 120, 3)
    assert is_red(filled).sum() == pytest.approx(50 * 30, rel=0.08)
    assert columns(found.strips[1])[0].shape == (108, 180, 3)


def test_of_a_large_region_a_part_is_shown_that_is_about_half_filled() -> None:
    hole = hole_of((2000, 1500), (400, 300, 900, 700))
    (region,) = draw(hole).regions
    assert (region.box, region.scale, region.whole) == ((400, 300, 900, 700), 2, False)
    share = is_red(columns(draw(hole).strips[1])[2]).mean()
    assert 0.4 < share < 0.6


def test_a_single_pixel_of_a_large_page_is_seen() -> None:
    hole = hole_of((6000, 7000), (3210, 4321, 1, 1))
    found = draw(hole, before=page_of((255,), (6000, 7000), "L"), after=page_of((250,), (6000, 7000), "L"))
    assert (found.filled, found.holes, found.regions[0].box) == (1, 1, (3210, 4321, 1, 1))
    # In the frame around it, which is black as its number is.
    filled = columns(found.strips[0])[2]
    assert (filled[..., 0] - filled[..., 1]).max() > 25


def test_pages_are_shown_as_viewers_turn_them() -> None:
    stored = page_of(BEFORE, (400, 300))
    stored.pixels[:, :200] = 255
    turned = replace(stored, shown=Orientation.TURNED_RIGHT)
    hole = hole_of((400, 300), (10, 20, 30, 40))
    found = draw(hole, before=turned, after=turned)
    # The stored left end is the top of the page; its stored top is the right side.
    assert found.size == (300, 400)
    assert found.regions[0].box == (300 - 20 - 40, 10, 40, 30)
    before = columns(found.strips[0])[0]
    assert before[: before.shape[0] // 2 - 8].min() > 240
    assert before[before.shape[0] // 2 + 8 :, 20:-20, 0].max() < 60


@pytest.mark.parametrize(
    ("mode", "pixels", "expected"),
    [
        ("1", np.ones((90, 80), bool), (255, 255, 255)),
        ("L", np.full((90, 80), 90, np.uint8), (90, 90, 90)),
        ("L", np.full((90, 80), 90 * 257, np.uint16), (90, 90, 90)),
        ("LA", np.full((90, 80, 2), (90, 0), np.uint8), (255, 255, 255)),
        ("RGB", np.full((90, 80, 3), (9 * 257, 80 * 257, 160 * 257), np.uint16), (9, 80, 160)),
        ("RGBA", np.full((90, 80, 4), (9, 80, 160, 255), np.uint8), (9, 80, 160)),
        ("CMYK", np.full((90, 80, 4), (0, 255, 255, 0), np.uint8), (255, 0, 0)),
        ("CMYK", np.full((90, 80, 4), (0, 0, 0, 255), np.uint8), (0, 0, 0)),
    ],
)
def test_every_mode_is_shown_in_its_colours(mode: str, pixels: np.ndarray, expected: tuple[int, ...]) -> None:
    page = Page(pixels, mode, "TIFF", Metadata())
    found = draw(hole_of((80, 90), (20, 20, 9, 9)), before=page, after=page)
    for strip in found.strips:
        before = columns(strip)[0]
        middle = before[before.shape[0] // 2, before.shape[1] // 2]
        assert np.abs(middle - expected).max() < 8


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (4000, 3), (125, 70), (150, 200)])
def test_pages_of_any_size_have_pictures_of_the_same_columns(size: tuple[int, int]) -> None:
    found = draw(np.ones((size[1], size[0]), bool))
    for strip in found.strips:
        with Image.open(io.BytesIO(strip)) as image:
            assert image.width in (1104, 552, 368)


def test_a_colour_profile_goes_along() -> None:
    page = page_of(BEFORE, (80, 90))
    page = replace(page, metadata=Metadata(icc=b"profile" * 20))
    found = draw(hole_of((80, 90), (20, 20, 9, 9)), before=page, after=page)
    with Image.open(io.BytesIO(found.strips[0])) as image:
        assert image.info["icc_profile"] == b"profile" * 20
