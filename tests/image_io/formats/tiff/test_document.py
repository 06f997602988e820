from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.formats.tiff.document import TiffDocument
from bokwon.image_io.page import Page
from bokwon.image_io.source import Source

PAGES = [np.random.default_rng(seed).integers(0, 256, (18, 25)).astype(np.uint8) for seed in range(3)]
SMALL = PAGES[0][::2, ::2]
Read = Callable[[], Page]


def stack(*kinds: str, **settings: object) -> Source:
    """A file of pages, or of smaller copies of them."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, **settings) as writer:
        for number, kind in enumerate(kinds):
            reduced = kind == "copy"
            samples = SMALL if reduced else PAGES[number]
            writer.write(samples, metadata=None, subfiletype=int(reduced), compression="zlib")
    return Source("leaves.tif", data=stream.getvalue())


def rewritten(source: Source, change: set[int], read: set[int] | None = None) -> bytes:
    """Write a file anew, with pages inverted."""

    def transform(number: int, read_page: Read | None) -> Page | None:
        assert read_page is not None
        if number not in change | (read or set()):
            return None
        page = read_page()
        return replace(page, pixels=255 - page.pixels) if number in change else None

    stream = io.BytesIO()
    with TiffDocument(source, 1000) as document:
        document.rewrite(stream, "TIFF", transform)
    return stream.getvalue()


def pages_of(data: bytes) -> list[np.ndarray]:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        return [page.asarray() for page in file.pages]


def test_pages_are_read_by_number() -> None:
    with TiffDocument(stack("page", "page", "page"), 1000) as document:
        assert (document.pages, document.format, document.notices) == (3, "TIFF", ())
        np.testing.assert_array_equal(document.page(3).pixels, PAGES[2])
        np.testing.assert_array_equal(document.page(1).pixels, PAGES[0])


@pytest.mark.parametrize("settings", [{}, {"byteorder": ">"}, {"bigtiff": True}])
def test_one_page_changes_and_the_others_stay(settings: dict[str, object]) -> None:
    source = stack("page", "page", "page", **settings)
    after = pages_of(rewritten(source, {2}, {3}))
    for page, expected in zip(after, [PAGES[0], 255 - PAGES[1], PAGES[2]], strict=True):
        np.testing.assert_array_equal(page, expected)


def test_without_a_change_the_bytes_are_the_same() -> None:
    source = stack("page", "page")
    assert rewritten(source, set(), {1, 2}) == source.data


def test_smaller_copies_are_no_pages_and_stay_in_their_place() -> None:
    source = stack("page", "copy", "page")
    with TiffDocument(source, 1000) as document:
        assert document.pages == 2
        assert document.notices == (
            "leaves.tif holds smaller copies of its pages which stay as they are and may show the damage",
        )
        np.testing.assert_array_equal(document.page(2).pixels, PAGES[2])
    for page, expected in zip(pages_of(rewritten(source, {2})), [PAGES[0], SMALL, 255 - PAGES[2]], strict=True):
        np.testing.assert_array_equal(page, expected)


def test_a_single_page_may_become_another_format() -> None:
    with TiffDocument(stack("page"), 1000) as document:
        assert (document.pages, document.format) == (1, None)
    with TiffDocument(stack("copy"), 1000) as document:
        assert (document.pages, document.notices) == (1, ())


def test_several_pages_become_no_other_format() -> None:
    with TiffDocument(stack("page", "page"), 1000) as document, pytest.raises(ArgumentError) as caught:
        document.rewrite(io.BytesIO(), "PNG", lambda *_: None)
    assert str(caught.value) == "PNG holds one page and leaves.tif 2; write a .tif file (--format tiff)"
    with (
        TiffDocument(stack("page", "copy"), 1000) as document,
        pytest.raises(ArgumentError, match="smaller copies of it"),
    ):
        document.rewrite(io.BytesIO(), "PNG", lambda *_: None)


def with_inner_image(pages: int) -> bytes:
    """A file whose pages each hold a smaller copy within them."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for page in PAGES[:pages]:
            writer.write(page, subifds=1, metadata=None)
            writer.write(page[::2, ::2], subfiletype=1, metadata=None)
    return stream.getvalue()


def test_images_within_pages_stay_on_pages_that_change_and_on_the_others() -> None:
    source = Source("leaves.tif", data=with_inner_image(2))
    with TiffDocument(source, 1000) as document:
        assert document.notices == ()
    data = rewritten(source, {2})
    for page, expected in zip(pages_of(data), [PAGES[0], 255 - PAGES[1]], strict=True):
        np.testing.assert_array_equal(page, expected)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        for page, expected in zip(file.pages, PAGES[:2], strict=True):
            np.testing.assert_array_equal(page.pages[0].asarray(), expected[::2, ::2])


def test_what_a_changed_file_is_without_is_said() -> None:
    data = bytearray(with_inner_image(1))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        place = file.pages[0].tags["SubIFDs"].valueoffset
    data[place : place + 4] = len(data).to_bytes(4, "little")
    source = Source("leaves.tif", data=bytes(data))
    with TiffDocument(source, 1000) as document:
        assert document.notices == (
            "leaves.tif holds images within its pages (SubIFDs) that cannot be moved: a changed file is without them",
        )
    np.testing.assert_array_equal(pages_of(rewritten(source, {1}))[0], 255 - PAGES[0])


def test_bytes_behind_the_last_part_are_named_and_not_kept() -> None:
    source = Source("leaves.tif", data=stack("page", "page").data + b"secret")
    with TiffDocument(source, 1000) as document:
        assert document.notices == ("leaves.tif: 6 bytes behind its last part are not kept",)
    assert b"secret" not in rewritten(source, {1})


def test_images_that_would_be_lost_are_an_error() -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.stack(PAGES), photometric="minisblack", truncate=True)
    with pytest.raises(InputFileError, match=r"leaves\.tif holds 3 images, of which it lists 1"):
        TiffDocument(Source("leaves.tif", data=stream.getvalue()), 1000)


@pytest.mark.parametrize("data", [b"II*\0\x08\0\0\0", b"II*\0", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"])
def test_damage_is_told(data: bytes) -> None:
    with pytest.raises(InputFileError, match=r"leaves\.tif is damaged: "):
        TiffDocument(Source("leaves.tif", data=data), 1000)


def test_a_damaged_page_is_told_by_its_number_when_it_is_read() -> None:
    source = stack("page", "page")
    with tifffile.TiffFile(io.BytesIO(source.data)) as file:
        place = file.pages[1].dataoffsets[0]
    spoilt = source.data[:place] + b"\xff" * 20 + source.data[place + 20 :]
    with TiffDocument(Source("leaves.tif", data=spoilt), 1000) as document:
        np.testing.assert_array_equal(document.page(1).pixels, PAGES[0])
        with pytest.raises(InputFileError, match=r"leaves\.tif, page 2 is damaged"):
            document.page(2)


def test_larger_pages_are_refused() -> None:
    message = r"leaves\.tif, page 1 has more than"
    with TiffDocument(stack("page", "page"), 18 * 25 - 1) as document, pytest.raises(InputFileError, match=message):
        document.page(1)
