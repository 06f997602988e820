from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from bokwon.image_io.formats.tiff import chain, directories
from bokwon.image_io.formats.tiff.directories import Entry

PIXELS = np.random.default_rng(3).integers(0, 256, (11, 13)).astype(np.uint8)


def pages(count: int, order: str = "<", *, big: bool = False) -> bytearray:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, byteorder=order, bigtiff=big) as writer:
        for _ in range(count):
            writer.write(PIXELS, photometric="minisblack", metadata=None)
    return bytearray(stream.getvalue())


def next_at(data: bytearray) -> int:
    """Where the place behind the last page is written."""
    stream = io.BytesIO(data)
    last = chain.positions(stream)[-1]
    layout, _ = directories.header_of(stream)
    stream.seek(last)
    return last + layout.count.size + layout.entry.size * directories.entry_count(stream, layout)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_pages_are_found_in_order(order: str, big: bool) -> None:
    found, wrong = chain.chain(io.BytesIO(pages(3, order, big=big)))
    assert (len(found), wrong) == (3, "")


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("place", [7_000_000, 2**31, 2**32 - 2, 2**63 - 2, 2**63 + 4, 2**64 - 2])
def test_a_next_page_outside_the_file_ends_it_there(place: int, big: bool) -> None:
    if place >= 2**32 and not big:
        place -= 2**63 if place >= 2**63 else 2**33
        place = abs(place) % 2**32 | 2**31
    data = pages(2, big=big)
    struct.pack_into("<Q" if big else "<I", data, next_at(data), place)
    found, wrong = chain.chain(io.BytesIO(data))
    assert (len(found), wrong) == (2, "it says that another page follows, which is not in the file")


def test_a_circle_ends_where_it_began() -> None:
    data = pages(2)
    struct.pack_into("<I", data, next_at(data), chain.positions(io.BytesIO(data))[0])
    found, wrong = chain.chain(io.BytesIO(data))
    assert (len(found), wrong) == (2, "its pages run in a circle")


def test_a_file_that_ends_before_its_next_page_is_told() -> None:
    data = pages(1)
    tags = directories.parse(io.BytesIO(data))
    moved = chain.with_directory(io.BytesIO(data), tags)
    whole = moved.read()
    cut = whole[: next_at(bytearray(whole)) + 2]
    assert chain.chain(io.BytesIO(cut))[1] == "it ends before it says whether another page follows"


@pytest.mark.parametrize("first", [0, 1 << 20, 2**32 - 1])
def test_without_a_first_page_it_is_an_error(first: int) -> None:
    data = pages(1)
    struct.pack_into("<I", data, 4, first)
    with pytest.raises(ValueError, match=r"no page|not in the file"):
        chain.positions(io.BytesIO(data))


@pytest.mark.parametrize("order", ["<", ">"])
def test_other_tags_leave_the_samples_where_they_are(order: str) -> None:
    data = io.BytesIO(pages(1, order))
    moved = chain.with_directory(data, directories.parse(data) | {305: Entry(2, 5, b"abcd\0")})
    assert directories.parse(moved)[305].data == b"abcd\0"
    with Image.open(moved) as image:
        np.testing.assert_array_equal(np.array(image), PIXELS)
