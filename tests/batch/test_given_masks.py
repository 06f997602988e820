"""Which page of which mask file belongs to which page of an image."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest
from PIL import Image

from bokwon.batch.given_masks import GivenMasks
from bokwon.batch.job import Job, Options
from bokwon.batch.mask_matching import Masks
from bokwon.errors import ArgumentError
from bokwon.image_io.masks import MaskOptions
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source

PAGE = Page(np.random.default_rng(1).integers(90, 160, (8, 10, 3)).astype(np.uint8), "RGB", "PNG", Metadata())
Said = list[tuple[str, str]]


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def hole(row: int) -> np.ndarray:
    """A hole of four pixels, 5 % of the page, in one row."""
    found = np.zeros((8, 10), bool)
    found[row, 2:6] = True
    return found


def mask(name: str, *holes: np.ndarray) -> Source:
    """A mask file with a page for each hole."""
    first, *others = (Image.fromarray(one) for one in holes)
    stream = io.BytesIO()
    first.save(stream, "TIFF", save_all=True, append_images=others)
    return Source(name, data=stream.getvalue())


def given(
    opened: ExitStack,
    files: Masks,
    count: int = 1,
    wanted: tuple[int, ...] = (1,),
    said: Said | None = None,
    **asked: object,
) -> GivenMasks:
    job = Job(Source("page.png"), files, None, options=Options(**asked))  # type: ignore[arg-type]
    told = [] if said is None else said
    return GivenMasks(job, count, frozenset(wanted), opened, lambda level, text: told.append((level, text)))


def filled(masks: GivenMasks, number: int) -> tuple[np.ndarray, str]:
    found = masks.of(PAGE, number, "page.png")
    assert found is not None
    assert found.origin == "given"
    return found.hole, found.mask


def test_a_mask_of_as_many_pages_has_one_for_each(opened: ExitStack) -> None:
    masks = given(opened, Masks(mask("all.tif", hole(1), hole(2), hole(3))), 3, (1, 3))
    assert [masks.has(number) for number in (1, 2, 3, 4)] == [True, False, True, False]
    for number in (1, 3):
        found, name = filled(masks, number)
        np.testing.assert_array_equal(found, hole(number))
        assert name == f"all.tif, page {number}"


def test_a_mask_may_hold_just_the_pages_that_are_asked_for(opened: ExitStack) -> None:
    masks = given(opened, Masks(mask("two.tif", hole(1), hole(2))), 9, (8, 1), pages="8,1")
    np.testing.assert_array_equal(filled(masks, 1)[0], hole(1))
    np.testing.assert_array_equal(filled(masks, 8)[0], hole(2))


@pytest.mark.parametrize(("wanted", "asked"), [((1, 2), {}), ((1, 2, 3), {"pages": "1-3"})])
def test_a_mask_of_another_number_of_pages_is_refused(
    opened: ExitStack, wanted: tuple[int, ...], asked: dict[str, str]
) -> None:
    with pytest.raises(ArgumentError, match="has 2 pages and the image 5; give a mask with one page for each page"):
        given(opened, Masks(mask("two.tif", hole(1), hole(2))), 5, wanted, **asked)


def test_the_mask_of_a_page_goes_before_that_of_all(opened: ExitStack) -> None:
    own = {2: mask("own_p2.tif", hole(7))}
    masks = given(opened, Masks(mask("all.tif", hole(1), hole(2)), own), 2, (1, 2))
    np.testing.assert_array_equal(filled(masks, 1)[0], hole(1))
    found, name = filled(masks, 2)
    np.testing.assert_array_equal(found, hole(7))
    assert name == "own_p2.tif"


@pytest.mark.parametrize("number", [0, 3])
def test_a_mask_of_a_page_that_is_not_there_is_refused(opened: ExitStack, number: int) -> None:
    with pytest.raises(ArgumentError, match=r"mask far\.png is for a page that the image, with 2, has not"):
        given(opened, Masks(pages={number: Source("far.png")}), 2)


def test_a_page_without_a_mask_has_none(opened: ExitStack) -> None:
    masks = given(opened, Masks(pages={1: mask("own.tif", hole(1))}), 2, (1, 2))
    assert not masks.has(2)
    with pytest.raises(RuntimeError, match="page 2 has no mask"):
        masks.of(PAGE, 2, "page.png")


@pytest.mark.parametrize("masks", [Masks(mask("m.tif", hole(1))), Masks(pages={1: mask("m.tif", hole(1))})])
def test_another_shape_is_refused_by_the_headers_alone(opened: ExitStack, masks: Masks) -> None:
    found = given(opened, masks, max_pixels=1000)
    with pytest.raises(ArgumentError, match=r"mask m\.tif is 10x8 and the image 20x10 pixels: they do not"):
        found.check_size(1, (20, 10))
    # What fits, lies on its side, is not known yet, or is refused for its own size, is not the mask's fault.
    for size in ((10, 8), (8, 10), None, (2000, 1), (0, 0)):
        found.check_size(1, size)


def test_another_resolution_is_refused_unless_it_may_be_fitted(opened: ExitStack) -> None:
    with pytest.raises(ArgumentError, match="--fit-mask"):
        given(opened, Masks(mask("m.tif", hole(1)))).check_size(1, (20, 16))
    given(opened, Masks(mask("m.tif", hole(1))), masks=MaskOptions(fit=True)).check_size(1, (20, 16))


def test_a_mask_without_a_hole_is_told(opened: ExitStack) -> None:
    said: Said = []
    empty = np.zeros((8, 10), bool)
    assert given(opened, Masks(mask("m.tif", empty)), said=said).of(PAGE, 1, "page.png") is None
    assert ("warning", "mask m.tif has no hole: the image is returned unchanged") in said


def test_an_unusual_mask_is_told_louder_than_the_usual_one(opened: ExitStack) -> None:
    said: Said = []
    filled(given(opened, Masks(mask("m.tif", hole(1))), said=said), 1)
    labels = hole(1).astype(np.uint8) * 7
    filled(given(opened, Masks(mask("l.tif", labels)), said=said), 1)
    page = ("detail", "page.png: PNG, 10x8, RGB, 8 bits, hole 5.00%")
    assert said == [
        page,
        ("detail", "mask m.tif: white is hole: 5.00% of page.png will be filled"),
        page,
        ("note", "mask l.tif: labels, value 7 is hole: 5.00% of page.png will be filled"),
    ]


def test_the_table_of_masks_tells_the_damage(opened: ExitStack) -> None:
    source = mask("m.tif", hole(1))
    own = Masks(Source("all.tif", data=source.data), {1: source}, {0: "burn", 1: "tear"})
    for masks, kind in ((own, "tear"), (Masks(source, damage={0: "burn"}), "burn"), (Masks(source), None)):
        found = given(opened, masks).of(PAGE, 1, "page.png")
        assert found is not None
        assert found.read_damage().kind == kind
