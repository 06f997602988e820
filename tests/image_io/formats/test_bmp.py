from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from bokwon.errors import InputFileError
from bokwon.image_io.formats import bmp
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RGB = np.random.default_rng(7).integers(0, 256, (13, 21, 3)).astype(np.uint8)
RGBA = np.random.default_rng(8).integers(0, 256, (13, 21, 4)).astype(np.uint8)
SAMPLES = {"1": RGB[..., 0] > 127, "L": RGB[..., 0], "RGB": RGB, "RGBA": RGBA}


def written(mode: str, metadata: Metadata) -> bytes:
    stream = io.BytesIO()
    bmp.encode(stream, SAMPLES[mode], mode, metadata)
    return stream.getvalue()


def read(data: bytes) -> Page:
    return bmp.decode("page.bmp", io.BytesIO(data), 1000)


def made(
    values: np.ndarray,
    depth: int,
    *,
    header: int = 40,
    compression: int = 0,
    masks: tuple[int, ...] = (),
    palette: bytes = b"",
    top_down: bool = False,
    size: tuple[int, int] = (0, 0),
) -> bytes:
    """A file of rows of bytes, as they lie in it from the top, and a header of any generation."""
    height, width = values.shape[0], size[0] or values.shape[1] * 8 // depth
    rows = [row.tobytes() for row in (values if top_down else values[::-1])]
    body = b"".join(row + bytes(-len(row) % 4) for row in rows)
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, depth)
    else:
        tall = -height if top_down else height
        info = struct.pack("<IiiHHIIiiII", header, width, tall, 1, depth, compression, len(body), 0, 0, 0, 0)
        fields = struct.pack(f"<{len(masks)}I", *masks)
        info = (info + fields).ljust(header, b"\0") if header > 40 else info[:header] + fields
    at = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(body), 0, 0, at) + info + palette + body


@pytest.mark.parametrize(
    ("depth", "masks"),
    [
        (16, (0xF800, 0x7E0, 0x1F)),
        (16, (0x7C00, 0x3E0, 0x1F)),
        (16, (0xF00, 0xF0, 0xF)),
        (16, (0x3, 0x1C, 0x20)),
        (32, (0xFF, 0xFF00, 0xFF0000)),
        (32, (0xFF0000, 0xFF00, 0xFF)),
        (32, (0xFFE00000, 0x1FFC00, 0x3FF)),
        (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
        (16, (0xF00, 0xF0, 0xF, 0xF000)),
        (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
    ],
)
@pytest.mark.parametrize("header", [40, 56, 108, 124])
def test_channels_are_where_their_masks_say(header: int, depth: int, masks: tuple[int, ...]) -> None:
    values = np.random.default_rng(4).integers(0, 2**depth, (5, 7)).astype(f"<u{depth // 8}")
    page = read(
        made(
            values.view(np.uint8),
            depth,
            header=header,
            compression=3 if len(masks) == 3 or header > 40 else 6,
            masks=masks,
        )
    )
    assert page.mode == ("RGBA" if len(masks) == 4 else "RGB")
    for channel, mask in enumerate(masks):
        low = (mask & -mask).bit_length() - 1
        expected = ((values & mask) >> low).astype(int) * 255 // (mask >> low)
        np.testing.assert_array_equal(page.pixels[..., channel], expected)
    assert bool(page.notices) == (
        depth == 16 or (max(masks).bit_length() > 0 and any(bin(m).count("1") > 8 for m in masks))
    )
    again = read(written_page(page))
    np.testing.assert_array_equal(again.pixels, page.pixels)
    assert again.mode == page.mode


def written_page(page: Page) -> bytes:
    stream = io.BytesIO()
    bmp.encode(stream, page.pixels, page.mode, page.metadata)
    return stream.getvalue()


def test_sixteen_bits_a_pixel_come_back_with_more_and_it_is_said() -> None:
    values = np.arange(35, dtype="<u2").reshape(5, 7)
    assert read(made(values.view(np.uint8), 16)).notices == ("page.bmp: its 16 bits a pixel come back as 24",)


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("header", [12, 16, 24, 40, 64, 108])
def test_palettes_of_every_header(header: int, depth: int, top_down: bool) -> None:
    if header == 12 and top_down:
        top_down = False
    random = np.random.default_rng(depth)
    rows = random.integers(0, 256, (5, 8)).astype(np.uint8)
    colours = random.integers(0, 256, (2**depth, 3)).astype(np.uint8)
    entry = 3 if header == 12 else 4
    palette = b"".join(bytes(colour[::-1]) + bytes(entry - 3) for colour in colours.tolist())
    page = read(made(rows, depth, header=header, palette=palette, top_down=top_down))
    bits = np.unpackbits(rows, axis=1).reshape(5, -1, depth)
    indices = (bits << np.arange(depth)[::-1]).sum(axis=-1)
    np.testing.assert_array_equal(page.pixels, colours[indices])


def test_a_palette_of_more_or_fewer_colours_than_indices() -> None:
    rows = np.arange(40, dtype=np.uint8).reshape(5, 8)
    gray = bytes(value for index in range(300) for value in (index % 256, 7, 9, 0))
    assert read(made(rows, 8, palette=gray)).pixels[4, 7].tolist() == [9, 7, 39]
    assert read(made(rows, 8, palette=gray[:40])).pixels[4, 7].tolist() == [0, 0, 0]


def test_run_lengths_are_read_as_pillow_reads_them() -> None:
    body = bytes([3, 1, 2, 2, 0, 0, 5, 3, 0, 1])
    palette = bytes(value for index in range(256) for value in (index, index, index, 0))
    info = struct.pack("<IiiHHIIiiII", 40, 5, 2, 1, 8, 1, len(body), 0, 0, 256, 0)
    at = 14 + 40 + len(palette)
    page = read(b"BM" + struct.pack("<IHHI", at + len(body), 0, 0, at) + info + palette + body)
    assert page.pixels.tolist() == [[3] * 5, [1, 1, 1, 2, 2]]
    assert page.mode == "L"


def test_alpha_is_where_other_programs_look_for_it() -> None:
    with Image.open(io.BytesIO(written("RGBA", Metadata()))) as image:
        assert image.mode == "RGBA"
        np.testing.assert_array_equal(np.array(image), RGBA)


def test_bytes_behind_the_picture_and_a_fourth_byte_are_told() -> None:
    data = written("RGB", Metadata())
    assert read(data + b"film").notices == ("page.bmp: 4 bytes behind its picture are not kept",)
    values = np.full((5, 7), 0x12345678, "<u4")
    (notice,) = read(made(values.view(np.uint8), 32)).notices
    assert "fourth byte" in notice


@pytest.mark.parametrize("compression", [4, 5, 11, 99])
def test_other_kinds_are_named(compression: int) -> None:
    with pytest.raises(InputFileError, match="is a BMP that"):
        read(made(np.zeros((5, 8), np.uint8), 8, compression=compression))


def test_what_is_cut_off_is_damaged() -> None:
    with pytest.raises(ValueError, match="ends inside its picture"):
        read(written("RGB", Metadata())[:-40])
    with pytest.raises(ValueError, match="cut off"):
        read(b"BM")


def test_larger_pictures_are_refused_by_their_header() -> None:
    data = written("RGB", Metadata())
    assert bmp.size_of(io.BytesIO(data)) == (21, 13)
    with pytest.raises(InputFileError, match="more than"):
        bmp.decode("page.bmp", io.BytesIO(data[:60]), 200)


@pytest.mark.parametrize("icc", [None, ICC])
@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA"])
def test_samples_and_profile_are_read_as_they_were_written(mode: str, icc: bytes | None) -> None:
    data = written(mode, Metadata(icc=icc, dpi=(300.0, 150.0)))
    page = bmp.decode("page.bmp", io.BytesIO(data), 1000)
    assert (page.format, page.mode, page.notices) == ("BMP", mode, ())
    np.testing.assert_array_equal(page.pixels, SAMPLES[mode])
    assert page.metadata.icc == icc
    assert page.metadata.dpi == pytest.approx((300, 150), rel=1e-3)


@pytest.mark.parametrize("icc", [None, ICC])
def test_another_decoder_reads_it(icc: bytes | None) -> None:
    data = written("RGB", Metadata(icc=icc))
    (size,) = struct.unpack("<I", data[2:6])
    assert size == len(data)
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1], RGB)


def test_a_resolution_that_is_not_known_is_none() -> None:
    page = bmp.decode("page.bmp", io.BytesIO(written("RGB", Metadata())), 1000)
    assert page.metadata.dpi is None


def test_the_newest_header_holds_the_profile_at_its_end() -> None:
    data = written("L", Metadata(icc=b"profile"))
    assert data.endswith(b"profile")
    assert struct.unpack("<I", data[14:18]) == (124,)
    assert read(data).metadata.icc == b"profile"


@pytest.mark.parametrize("place", [-7, -1])
def test_a_profile_that_is_cut_off_is_none(place: int) -> None:
    data = written("L", Metadata(icc=b"profile"))
    assert read(data[:place]).metadata.icc is None


def test_older_headers_have_no_profile() -> None:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "BMP")
    assert read(stream.getvalue()).metadata.icc is None
