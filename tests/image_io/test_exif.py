from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from bokwon.image_io.exif import orientation_of, tiff_part, without_thumbnail
from bokwon.image_io.formats.tiff import directories


def block(order: str, orientation: bytes = b"", tail: bytes = b"", thumbnail: bytes = b"thumbnail") -> bytes:
    """One directory with orientation and text, a second one with a thumbnail, and what is said to lie behind."""
    mark = {"<": b"II", ">": b"MM"}[order]
    entries = orientation or struct.pack(order + "HHIHH", 274, 3, 1, 6, 0)
    entries += struct.pack(order + "HHI", 305, 2, 4) + b"abc\0"
    first = struct.pack(order + "H", 2) + entries
    second_at = 8 + len(first) + 4
    at = second_at + 2 + 24 + 4
    second = struct.pack(order + "HHHIIHHII", 2, 513, 4, 1, at, 514, 4, 1, len(thumbnail)) + bytes(4)
    return (
        mark
        + struct.pack(order + "HI", 42, 8)
        + first
        + struct.pack(order + "I", second_at)
        + second
        + thumbnail
        + tail
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_thumbnail_at_the_end_is_cut_off(order: str) -> None:
    left = without_thumbnail(block(order))
    assert left is not None
    assert b"thumbnail" not in left
    assert len(left) == 8 + 2 + 24 + 4
    assert directories.parse(io.BytesIO(left)) == directories.parse(io.BytesIO(block(order)))
    assert without_thumbnail(left) is None
    assert orientation_of(left) == 6


def test_what_lies_behind_a_thumbnail_stays_at_its_place() -> None:
    data = block("<", tail=b"maker")
    left = without_thumbnail(data)
    assert left is not None
    assert (len(left), left.index(b"maker")) == (len(data), data.index(b"maker"))
    assert b"thumbnail" not in left


def test_the_prefix_of_jpeg_stays() -> None:
    left = without_thumbnail(b"Exif\0\0" + block("<"))
    assert left is not None
    assert left.startswith(b"Exif\0\0II")
    assert tiff_part(left).startswith(b"II")


@pytest.mark.parametrize("kind", [2, 5, 12, 99])
def test_an_orientation_of_another_type_is_none(kind: int) -> None:
    assert orientation_of(block("<", struct.pack("<HHIHH", 274, kind, 1, 6, 0))) == 1


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_upright(value: int) -> None:
    assert orientation_of(block("<", struct.pack("<HHIHH", 274, 3, 1, value, 0))) == 1


@pytest.mark.parametrize("data", [b"", b"no header", b"II*\0", b"II*\0\xff\xff\xff\x7f", Image.Exif().tobytes()])
def test_what_cannot_be_read_has_neither(data: bytes) -> None:
    assert orientation_of(data) == 1
    assert without_thumbnail(data) is None
