from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.formats.tiff import directories, reader
from bokwon.image_io.formats.tiff.directories import Entry
from bokwon.image_io.page import Page

LIMIT = 10_000
RGB = np.random.default_rng(7).integers(0, 256, (23, 34, 3)).astype(np.uint8)
DEEP = np.random.default_rng(8).integers(0, 65536, (23, 34, 4)).astype(np.uint16)


def read(data: bytes) -> Page:
    return reader.decode("page.tif", io.BytesIO(data), LIMIT)


def saved(image: Image.Image, **settings: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "TIFF", **settings)
    return stream.getvalue()


def tiff(samples: np.ndarray, **settings: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, metadata=None, **settings)
    return stream.getvalue()


def changed(data: bytes, **tags: Entry) -> bytes:
    """Return a file of one page with other tags, named like `t262`."""
    directory = directories.parse(io.BytesIO(data)) | {int(name[1:]): entry for name, entry in tags.items()}
    data += b"\0" * (len(data) % 2)
    return directories.file_header(len(data)) + data[8:] + directories.serialise(directory, len(data))


def test_a_big_endian_page_is_read_with_its_tags() -> None:
    image = Image.frombytes("I;16B", (34, 23), DEEP[..., 0].astype(">u2").tobytes())
    page = read(saved(image, dpi=(300, 150), description="folio 3"))
    np.testing.assert_array_equal(page.pixels, DEEP[..., 0])
    assert page.metadata.dpi == (300, 150)
    assert page.metadata.tiff is not None
    assert page.metadata.tiff.tags[270].data == b"folio 3\0"


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colour_is_read_whole(channels: int) -> None:
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[channels]
    page = read(cv2.imencode(".tiff", cv2.cvtColor(DEEP[..., :channels], order))[1].tobytes())
    np.testing.assert_array_equal(page.pixels, DEEP[..., :channels])


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        ({"photometric": "rgb", "compression": "zstd"}, "RGB"),
        ({"photometric": "rgb", "planarconfig": "separate"}, "RGB"),
        ({"photometric": "rgb", "bigtiff": True, "byteorder": ">"}, "RGB"),
        ({"photometric": "separated"}, "CMYK"),
        ({"photometric": "minisblack", "planarconfig": "contig"}, "LA"),
    ],
)
def test_kinds_that_pillow_does_not_read(settings: dict[str, object], mode: str) -> None:
    samples = np.ascontiguousarray(DEEP[..., : len(mode)])
    given = np.moveaxis(samples, -1, 0) if settings.get("planarconfig") == "separate" else samples
    page = read(tiff(given, resolution=(300, 300), **settings))
    assert (page.format, page.mode, page.metadata.dpi) == ("TIFF", mode, (300, 300))
    np.testing.assert_array_equal(page.pixels, samples)


def test_a_big_endian_big_tiff_of_eight_bits_is_read() -> None:
    page = read(tiff(RGB, photometric="rgb", bigtiff=True, byteorder=">"))
    np.testing.assert_array_equal(page.pixels, RGB)
    assert page.metadata.tiff is not None
    assert page.metadata.tiff.big


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_negative_is_read_as_light_and_stays_one(dtype: type) -> None:
    samples = DEEP[..., 0].astype(dtype)
    page = read(tiff(samples, photometric="miniswhite"))
    np.testing.assert_array_equal(page.pixels, np.iinfo(dtype).max - samples)
    assert page.metadata.tiff is not None
    assert page.metadata.tiff.white_is_zero
    assert page.notices == ()


def test_a_negative_of_four_bits_is_turned_and_it_is_said() -> None:
    samples = RGB[..., 0] >> 4
    packed = (samples[:, ::2] << 4 | samples[:, 1::2]).tobytes()
    directory = {256: Entry.shorts(34), 257: Entry.shorts(23), 258: Entry.shorts(4), 259: Entry.shorts(1)}
    directory |= {262: Entry.shorts(0), 273: Entry.longs(8), 277: Entry.shorts(1), 278: Entry.shorts(23)}
    directory |= {279: Entry.longs(len(packed)), 280: Entry.shorts(0)}
    end = 8 + len(packed) + len(packed) % 2
    data = directories.file_header(end) + packed.ljust(end - 8, b"\0") + directories.serialise(directory, end)
    page = read(data)
    np.testing.assert_array_equal(page.pixels, 255 - samples * 17)
    assert page.notices == (
        "page.tif: tags that speak of its sample values are not kept: 280 (MinSampleValue)",
        "page.tif stores white as zero; it comes back looking the same, with black as zero",
        "page.tif has less than 8 bits of gray; it comes back with 8",
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_samples_are_not_turned_by_orientation(orientation: int, compression: str) -> None:
    page = read(saved(Image.fromarray(RGB), tiffinfo={274: orientation}, compression=compression))
    assert page.metadata.orientation == orientation
    np.testing.assert_array_equal(page.pixels, RGB)


def test_old_numbers_of_compressions_are_known_by_the_new_name() -> None:
    data = changed(saved(Image.fromarray(RGB), compression="tiff_adobe_deflate"), t259=Entry.shorts(32946))
    page = read(data)
    assert page.metadata.tiff is not None
    assert page.metadata.tiff.compression == "tiff_adobe_deflate"


def test_signed_samples_are_read_unless_they_are_below_zero() -> None:
    page = read(tiff((RGB[..., 0] >> 1).astype(np.int8), photometric="minisblack"))
    np.testing.assert_array_equal(page.pixels, RGB[..., 0] >> 1)
    assert "stored as signed numbers" in page.notices[0]
    with pytest.raises(InputFileError, match="signed numbers, some below zero"):
        read(tiff(RGB[..., 0].view(np.int8), photometric="minisblack"))


def test_luma_and_chroma_come_back_as_rgb_without_their_tags() -> None:
    page = read(changed(tiff(RGB, photometric="ycbcr", compression="jpeg"), t281=Entry.shorts(255)))
    assert page.mode == "RGB"
    assert page.metadata.tiff is not None
    assert not {281, 529, 530, 531, 532} & set(page.metadata.tiff.tags)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (saved(Image.new("LAB", (5, 4))), "samples of CIE L\\*a\\*b\\*; convert it to gray, RGB or CMYK"),
        (saved(Image.new("F", (5, 4))), "samples of"),
        (saved(Image.new("L", (5, 4)), save_all=True, append_images=[Image.new("L", (5, 4))]), "holds 2 pages"),
        (changed(saved(Image.new("RGBA", (5, 4))), t338=Entry.shorts(1)), "multiplied by its alpha"),
        (b"II*\0", "is damaged: no TIFF byte-order mark"),
        (b"II*\0\x08\0\0\0" + struct.pack("<H", 0) + bytes(4), "is damaged: it has a page without tags"),
        (changed(tiff(DEEP[..., :3], photometric="rgb"), t32997=Entry.shorts(3)), "volume of 3 images"),
    ],
)
def test_what_cannot_be_given_back_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputFileError, match=f"page.tif .*{message}"):
        read(data)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_page_is_read_though_the_next_one_is_not_in_the_file(order: str) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, RGB, photometric="rgb", byteorder=order, metadata=None)
    data = bytearray(stream.getvalue())
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    (entries,) = struct.unpack_from(f"{order}H", data, at)
    struct.pack_into(f"{order}I", data, at + 2 + 12 * entries, 1_000_000)
    np.testing.assert_array_equal(read(bytes(data)).pixels, RGB)


def test_larger_pages_are_refused() -> None:
    with pytest.raises(InputFileError, match="more than"):
        reader.decode("page.tif", io.BytesIO(saved(Image.fromarray(RGB))), 23 * 34 - 1)
