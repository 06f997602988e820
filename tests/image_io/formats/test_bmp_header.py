"""Headers of BMP files of all generations, written here byte by byte."""

from __future__ import annotations

import io
import struct

import pytest

from bokwon.errors import InputFileError
from bokwon.image_io.formats.bmp_header import BmpHeader, read_header

RED, GREEN = bytes([0, 0, 255, 0]), bytes([0, 255, 0, 0])


def made(info: bytes, behind: bytes = b"", *, samples_at: int | None = None) -> bytes:
    at = 14 + len(info) + len(behind) if samples_at is None else samples_at
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, at) + info + behind


def usual(
    width: int, height: int, depth: int, *, length: int = 40, compression: int = 0, stored: int = 0, used: int = 0
) -> bytes:
    """The header of Windows, at 2835 and 11811 pixels per metre: 72 and 300 per inch."""
    fields = (width, height, 1, depth, compression, stored, 2835, 11811, used, 0)
    return struct.pack("<IiiHHIIiiII", length, *fields).ljust(length, b"\0")


def read(data: bytes) -> BmpHeader:
    return read_header("page.bmp", io.BytesIO(data))


def test_the_usual_header() -> None:
    header = read(made(usual(3, 2, 24)))
    assert (header.size, header.depth, header.compression, header.top_down) == ((3, 2), 24, 0, False)
    # A row of 9 bytes is padded to 12.
    assert (header.samples_at, header.samples_end) == (54, 54 + 24)
    assert header.dpi == pytest.approx((72, 300), abs=0.01)
    assert (header.palette, header.profile) == ((), (0, 0))


def test_a_negative_height_is_a_picture_from_the_top() -> None:
    header = read(made(usual(3, -2, 24)))
    assert (header.size, header.top_down, header.samples_end) == ((3, 2), True, 54 + 24)


@pytest.mark.parametrize(
    ("width", "depth", "length"), [(32, 1, 4), (33, 1, 8), (9, 4, 8), (4, 8, 4), (5, 8, 8), (3, 16, 8), (1, 32, 4)]
)
def test_rows_are_padded_to_four_bytes(width: int, depth: int, length: int) -> None:
    assert read(made(usual(width, 1, depth))).row_bytes == length


def test_the_oldest_header_has_colours_of_three_bytes() -> None:
    info = struct.pack("<IHHHH", 12, 40000, 2, 1, 1)
    header = read(made(info, bytes([1, 2, 3, 4, 5, 6])))
    assert header.size == (40000, 2)
    assert header.palette == ((3, 2, 1), (6, 5, 4))
    assert header.dpi == (0, 0)


def test_a_short_header_of_os2_ends_before_the_compression() -> None:
    header = read(made(struct.pack("<IiiHH", 16, 3, 2, 1, 24)))
    assert (header.size, header.compression, header.samples_at) == ((3, 2), 0, 30)


@pytest.mark.parametrize(
    ("used", "behind", "palette"),
    [
        (0, RED + GREEN, ((255, 0, 0), (0, 255, 0), (0, 0, 0), (0, 0, 0))),
        (1, RED + GREEN, ((255, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0))),
        (9, (RED + GREEN) * 3, ((255, 0, 0), (0, 255, 0)) * 2),
    ],
)
def test_there_is_a_colour_for_each_index(used: int, behind: bytes, palette: tuple[tuple[int, ...], ...]) -> None:
    assert read(made(usual(4, 1, 2, used=used), behind)).palette == palette


def test_run_length_coded_samples_are_as_long_as_they_say() -> None:
    header = read(made(usual(300, 200, 8, compression=1, stored=77), samples_at=100))
    assert (header.compression, header.samples_at, header.samples_end) == (1, 100, 177)


@pytest.mark.parametrize(
    ("depth", "masks"),
    [(16, (0x7C00, 0x3E0, 0x1F, 0)), (24, (0xFF0000, 0xFF00, 0xFF, 0)), (32, (0xFF0000, 0xFF00, 0xFF, 0))],
)
def test_channels_without_masks_are_where_they_always_are(depth: int, masks: tuple[int, ...]) -> None:
    assert read(made(usual(1, 1, depth))).masks == masks


@pytest.mark.parametrize(("compression", "masks"), [(3, (1, 2, 4, 0)), (6, (1, 2, 4, 8))])
def test_masks_of_channels_lie_behind_the_usual_header(compression: int, masks: tuple[int, ...]) -> None:
    header = read(made(usual(1, 1, 32, compression=compression), struct.pack("<4I", 1, 2, 4, 8)))
    assert header.masks == masks


def test_a_profile_lies_where_the_newest_header_says() -> None:
    info = bytearray(usual(1, 1, 24, length=124))
    info[56:60] = b"DEBM"
    info[112:120] = struct.pack("<II", 200, 33)
    assert read(made(bytes(info))).profile == (214, 33)


@pytest.mark.parametrize(
    ("length", "compression", "what"),
    [
        (40, 4, "holds a JPEG"),
        (40, 5, "holds a PNG"),
        (64, 3, "is compressed as a fax"),
        (40, 11, "is of CMYK inks"),
        (40, 99, r"is compressed in a way of its own \(99\)"),
    ],
)
def test_kinds_that_are_not_read_are_named(length: int, compression: int, what: str) -> None:
    with pytest.raises(InputFileError, match=f"page.bmp is a BMP that {what}.*; convert it to PNG"):
        read(made(usual(1, 1, 1, length=length, compression=compression)))


def test_linear_light_is_named() -> None:
    with pytest.raises(InputFileError, match=r"page\.bmp is a BMP that has 64 bits a pixel, which bokwon does not"):
        read(made(usual(1, 1, 64)))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"BM" + bytes(15), "its header is cut off"),
        (made(usual(1, 1, 24))[:40], "its header is of no known size"),
        (made(struct.pack("<I", 11) + bytes(60)), "its header is of no known size"),
        (made(usual(1, 1, 24, length=100)), "its header is of no known size"),
        (made(usual(1, 1, 3)), "it is of 1x1 pixels of 3 bits"),
        (made(usual(0, 1, 24)), "it is of 0x1 pixels of 24 bits"),
        (made(usual(-4, 1, 24)), "it is of -4x1 pixels of 24 bits"),
        (made(usual(1, 0, 24)), "it is of 1x0 pixels of 24 bits"),
        (made(usual(4, 1, 8, used=256), bytes(1024), samples_at=54), "its samples begin where its palette is"),
        (made(usual(1, 1, 24, compression=3)), "it has masks of channels for 24 bits a pixel"),
    ],
)
def test_a_damaged_header_is_an_error(data: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read(data)
