from __future__ import annotations

import io
import struct
import sys

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from bokwon.errors import InputFileError, MissingDependencyError
from bokwon.image_io.formats import jpeg2000
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page

SHAPE = (24, 32)
XMP = b"<x:xmpmeta/>"
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}


def noise(mode: str, dtype: type) -> np.ndarray:
    shape = SHAPE if mode == "L" else (*SHAPE, CHANNELS[mode])
    return np.random.default_rng(3).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)


def read(data: bytes, limit: int = 10_000) -> Page:
    return jpeg2000.decode("page.jp2", io.BytesIO(data), limit)


def written(pixels: np.ndarray, mode: str, metadata: Metadata) -> bytes:
    stream = io.BytesIO()
    jpeg2000.encode(stream, pixels, mode, metadata)
    return stream.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
def test_samples_and_mode_are_read_as_they_were_written(mode: str, dtype: type) -> None:
    pixels = noise(mode, dtype)
    data = written(pixels, mode, Metadata())
    page = read(data)
    assert (page.format, page.mode) == ("JPEG2000", mode)
    np.testing.assert_array_equal(page.pixels, pixels)
    np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(data), pixels)


def test_profile_xmp_and_resolution_of_other_formats_become_boxes() -> None:
    data = written(noise("RGB", np.uint8), "RGB", Metadata(icc=ICC, xmp=XMP, dpi=(300.0, 150.0)))
    page = read(data)
    assert (page.metadata.icc, page.metadata.xmp) == (ICC, XMP)
    assert page.metadata.dpi == pytest.approx((300, 150), rel=1e-3)
    assert jpeg2000.own_blocks(page.metadata) == []
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["dpi"] == pytest.approx((300, 150), rel=1e-3)


def test_boxes_are_copied_byte_for_byte() -> None:
    base = written(noise("L", np.uint8), "L", Metadata())
    data = base + struct.pack(">I4s", 8 + 5, b"xml ") + b"<ead>"
    page = read(data)
    assert jpeg2000.own_blocks(page.metadata) == ["xml"]
    assert written(page.pixels, page.mode, page.metadata) == data


@pytest.mark.parametrize("behind", [b"abc", b"secret" * 5])
def test_bytes_behind_the_picture_are_told_and_no_damage(behind: bytes) -> None:
    pixels = noise("L", np.uint8)
    page = read(written(pixels, "L", Metadata()) + behind)
    assert page.notices == (f"page.jp2: {len(behind)} bytes behind its picture are not kept",)
    np.testing.assert_array_equal(page.pixels, pixels)
    assert rewritten(page).notices == ()


def test_a_file_that_is_cut_off_in_its_picture_is_damaged() -> None:
    data = written(noise("L", np.uint8), "L", Metadata())
    with pytest.raises(ValueError, match="do not fit"):
        read(data[:-20])


def test_a_whole_picture_whose_length_is_told_too_large_is_no_damage() -> None:
    pixels = noise("L", np.uint8)
    data = written(pixels, "L", Metadata())
    start = data.index(b"jp2c") - 4
    # As if the length were that of the file.
    told = data[:start] + len(data).to_bytes(4, "big") + data[start + 4 :]
    page = read(told)
    np.testing.assert_array_equal(page.pixels, pixels)
    assert page.notices == ()
    assert written(page.pixels, page.mode, page.metadata) == data
    with pytest.raises(ValueError, match="do not fit"):
        read(told[:-20])


def test_a_bare_codestream_stays_one() -> None:
    data = imagecodecs.jpeg2k_encode(noise("L", np.uint8), level=0, reversible=True, codecformat="j2k")
    page = read(data)
    assert page.metadata.jpeg2000 == ()
    assert written(page.pixels, "L", page.metadata).startswith(jpeg2000.CODESTREAM)


def test_twelve_bits_come_back_as_twelve() -> None:
    pixels = noise("L", np.uint16) >> 4
    page = read(imagecodecs.jpeg2k_encode(pixels, level=0, reversible=True, bitspersample=12, codecformat="jp2"))
    assert page.metadata.jpeg2000_bits == 12
    np.testing.assert_array_equal(page.pixels, pixels << 4)
    again = written(page.pixels, "L", page.metadata)
    np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(again), pixels)


def test_alpha_that_colours_are_multiplied_by_is_refused() -> None:
    data = written(noise("LA", np.uint8), "LA", Metadata())
    # The last entry of the channel definitions: channel 1 is opacity.
    opacity, multiplied = struct.pack(">HHH", 1, 1, 0), struct.pack(">HHH", 1, 2, 0)
    assert data.count(opacity) == 1
    with pytest.raises(InputFileError, match="multiplied by its alpha"):
        read(data.replace(opacity, multiplied))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (jpeg2000.SIGNATURE, "page.jp2 is damaged: it has no codestream"),
        (jpeg2000.CODESTREAM + bytes(10), "page.jp2 is damaged: it has no codestream"),
        (imagecodecs.jpeg2k_encode(noise("L", np.uint8) >> 4, bitspersample=4, level=0), "that bokwon does not keep"),
    ],
)
def test_what_is_damaged_or_not_kept_is_told(data: bytes, message: str) -> None:
    with pytest.raises(InputFileError, match=message):
        read(data)


def test_larger_pictures_are_refused_before_decoding() -> None:
    with pytest.raises(InputFileError, match="more than"):
        read(written(noise("L", np.uint8), "L", Metadata()), 24 * 32 - 1)


def test_without_imagecodecs_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(noise("L", np.uint8), "L", Metadata())
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(MissingDependencyError, match="JPEG 2000 takes imagecodecs") as caught:
        read(data)
    assert caught.value.fix == "pip install 'bokwon[archive]'"


def boxed(codestream: bytes, *header: tuple[bytes, bytes]) -> bytes:
    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", len(content) + 8, kind) + content

    inner = b"".join(box(kind, content) for kind, content in header)
    start = jpeg2000.SIGNATURE + b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 "
    return start + box(b"jp2h", inner) + box(b"jp2c", codestream)


@pytest.mark.parametrize("sampling", [(2, 1), (2, 2)])
@pytest.mark.parametrize("bare", [False, True])
def test_chroma_that_is_smaller_than_luma_comes_back_full(sampling: tuple[int, int], bare: bool) -> None:
    luma = np.add.outer(np.arange(32) * 3, np.arange(48) * 2).astype(np.uint8)
    samples = np.stack([luma, np.full_like(luma, 128), np.full_like(luma, 128)], axis=-1)
    coded = bytearray(imagecodecs.jpeg2k_encode(samples, reversible=True, level=0, codecformat="j2k", mct=False))
    # Neutral chroma has no samples that are coded: it may be said to be of any size.
    for component in (1, 2):
        coded[43 + 3 * component : 45 + 3 * component] = bytes(sampling)
    colour = (b"colr", struct.pack(">BBBI", 1, 0, 0, 18))
    ihdr = (b"ihdr", struct.pack(">IIHBBBB", 32, 48, 3, 7, 7, 0, 0))
    data = bytes(coded) if bare else boxed(bytes(coded), ihdr, colour)
    page = jpeg2000.decode("page.jp2", io.BytesIO(data), 10**6)
    assert page.mode == "RGB"
    assert page.notices == (
        "page.jp2: its chroma, stored smaller than its luma, comes back as red, green and blue of full size",
    )
    if not bare:
        np.testing.assert_allclose(page.pixels, np.repeat(luma[..., None], 3, axis=-1), atol=1)
    stream = io.BytesIO()
    jpeg2000.encode(stream, page.pixels, page.mode, page.metadata)
    stream.seek(0)
    again = jpeg2000.decode("page.jp2", stream, 10**6)
    assert again.notices == ()
    np.testing.assert_array_equal(again.pixels, page.pixels)


def test_palettes_come_back_as_colours() -> None:
    random = np.random.default_rng(6)
    indices = random.integers(0, 4, (9, 14)).astype(np.uint8)
    colours = random.integers(0, 256, (4, 3)).astype(np.uint8)
    coded = imagecodecs.jpeg2k_encode(indices, reversible=True, level=0, codecformat="j2k")
    data = boxed(
        bytes(coded),
        (b"ihdr", struct.pack(">IIHBBBB", 9, 14, 1, 7, 7, 0, 0)),
        (b"colr", struct.pack(">BBBI", 1, 0, 0, 16)),
        (b"pclr", struct.pack(">HB", 4, 3) + bytes([7, 7, 7]) + colours.tobytes()),
        (b"cmap", b"".join(struct.pack(">HBB", 0, 1, column) for column in range(3))),
    )
    page = jpeg2000.decode("page.jp2", io.BytesIO(data), 10**6)
    np.testing.assert_array_equal(page.pixels, colours[indices])
    assert page.notices[0].startswith("page.jp2: palette image: comes back with full colours")
    stream = io.BytesIO()
    jpeg2000.encode(stream, page.pixels, page.mode, page.metadata)
    stream.seek(0)
    np.testing.assert_array_equal(jpeg2000.decode("page.jp2", stream, 10**6).pixels, page.pixels)


def defined(*entries: tuple[int, int, int]) -> tuple[bytes, bytes]:
    """The box of channel definitions: channel, kind (1 is opacity), colour from 1."""
    return b"cdef", struct.pack(">H", len(entries)) + b"".join(struct.pack(">HHH", *entry) for entry in entries)


def described(pixels: np.ndarray, space: int, *boxes: tuple[bytes, bytes], bits: int = 8) -> bytes:
    channels = pixels.shape[2]
    settings = {"bitspersample": bits} if bits > 8 else {}
    coded = imagecodecs.jpeg2k_encode(pixels, reversible=True, level=0, codecformat="j2k", mct=False, **settings)
    shape = struct.pack(">IIHBBBB", *pixels.shape[:2], channels, bits - 1, 7, 0, 0)
    return boxed(bytes(coded), (b"ihdr", shape), (b"colr", struct.pack(">BBBI", 1, 0, 0, space)), *boxes)


def rewritten(page: Page) -> Page:
    return read(written(page.pixels, page.mode, page.metadata))


@pytest.mark.parametrize(
    ("order", "definition", "mode"),
    [
        ([2, 1, 0], [(0, 0, 3), (1, 0, 2), (2, 0, 1)], "RGB"),
        ([3, 0, 1, 2], [(0, 1, 0), (1, 0, 1), (2, 0, 2), (3, 0, 3)], "RGBA"),
    ],
)
@pytest.mark.parametrize("bits", [8, 12])
def test_channels_are_put_in_order(
    order: list[int], definition: list[tuple[int, int, int]], mode: str, bits: int
) -> None:
    pixels = noise(mode, np.uint16) >> (16 - bits)
    pixels = pixels.astype(np.uint8) if bits == 8 else pixels
    page = read(described(pixels[..., order], 16, defined(*definition), bits=bits))
    assert page.mode == mode
    np.testing.assert_array_equal(page.pixels, pixels if bits == 8 else pixels << 4)
    assert page.notices == ("page.jp2: its channels, stored in another order, come back in the usual one",)
    np.testing.assert_array_equal(rewritten(page).pixels, page.pixels)
    assert rewritten(page).notices == ()


def test_a_palette_has_the_order_of_its_definitions() -> None:
    colours = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)
    indices = np.random.default_rng(6).integers(0, 2, (9, 14, 1)).astype(np.uint8)
    palette = (b"pclr", struct.pack(">HB", 2, 3) + bytes([7, 7, 7]) + colours.tobytes())
    columns = (b"cmap", b"".join(struct.pack(">HBB", 0, 1, column) for column in range(3)))
    # The first column is green, the second blue, the third red.
    data = described(indices, 16, palette, columns, defined((0, 0, 2), (1, 0, 3), (2, 0, 1)))
    page = read(data)
    np.testing.assert_array_equal(page.pixels, colours[indices[..., 0]][..., [2, 0, 1]])
    # Some files have that part of the header beside it: it is not written again.
    outside = described(indices, 16, palette)
    at = outside.index(b"jp2c") - 4
    box = struct.pack(">I4s", 8 + len(columns[1]), b"cmap") + columns[1]
    page = read(outside[:at] + box + outside[at:])
    again = written(page.pixels, page.mode, page.metadata)
    assert b"cmap" not in again
    np.testing.assert_array_equal(read(again).pixels, page.pixels)


def test_luma_and_chroma_of_full_size_come_back_as_colours() -> None:
    rgb = noise("RGB", np.uint8) // 2 + 64
    stored = np.array(Image.fromarray(rgb).convert("YCbCr"))
    page = read(described(stored, 18))
    assert page.notices == ("page.jp2: its luma and chroma come back as red, green and blue",)
    assert np.abs(page.pixels.astype(int) - rgb).max() <= 3
    np.testing.assert_array_equal(rewritten(page).pixels, page.pixels)


def joined(channels: list[np.ndarray], samplings: list[tuple[int, int]], bits: int = 8) -> bytes:
    """A codestream of channels of several sizes: those of codestreams of their own, one behind the other."""
    settings = {"reversible": True, "level": 0, "codecformat": "j2k", "resolutions": 2, "bitspersample": bits}
    alone = [bytes(imagecodecs.jpeg2k_encode(np.ascontiguousarray(channel), **settings)) for channel in channels]
    bodies = [data[data.index(b"\xff\x93") + 2 : data.rindex(b"\xff\xd9")] for data in alone]
    first = alone[0]
    size = struct.pack(">H", len(channels)) + b"".join(bytes((bits - 1, *sampling)) for sampling in samplings)
    style = first.index(b"\xff\x52")
    # CPRL: all of a channel before the next.
    rest = bytearray(first[style : first.index(b"\xff\x90")])
    rest[5] = 4
    start = first[:2] + b"\xff\x51" + struct.pack(">H", 36 + len(size)) + first[6:40] + size + bytes(rest)
    data = b"".join(bodies)
    return start + b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14 + len(data), 0, 1) + b"\xff\x93" + data + b"\xff\xd9"


def sloping(width: int, height: int, *, bits: int) -> np.ndarray:
    slope = np.add.outer(np.arange(height) * 3, np.arange(width) * 5) % 200 + 20
    return slope.astype(np.uint8) if bits == 8 else (slope << (bits - 8)).astype(np.uint16)


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("sampling", [(2, 1), (2, 2)])
@pytest.mark.parametrize("size", [(34, 36), (33, 35)])
def test_smaller_chroma_lies_where_it_belongs(size: tuple[int, int], sampling: tuple[int, int], bits: int) -> None:
    small = (-(-size[0] // sampling[0]), -(-size[1] // sampling[1]))
    luma, blue = sloping(*size, bits=bits), sloping(*small, bits=bits)
    red = blue[::-1, ::-1]
    page = read(joined([luma, blue, red], [(1, 1), sampling, sampling], bits))
    scale = 1 << (bits - 8)
    whole = [np.repeat(np.repeat(part, sampling[1], 0), sampling[0], 1) for part in (blue, red)]
    blue, red = (part[: size[1], : size[0]] / scale - 128 for part in whole)
    # ISO/IEC 15444-1, annex G.
    colours = [luma / scale + 1.402 * red, luma / scale - 0.344 * blue - 0.714 * red, luma / scale + 1.772 * blue]
    expected = np.clip(np.stack(colours, axis=-1), 0, 255.99)
    found = page.pixels.astype(float) / (1 if bits == 8 else 256)
    np.testing.assert_allclose(found, expected, atol=1.5)
    np.testing.assert_array_equal(rewritten(page).pixels, page.pixels)
    assert page.metadata.jpeg2000_bits == (None if bits == 8 else bits)


def test_a_grid_that_is_finer_than_all_samples_is_not_filled_up() -> None:
    luma = sloping(33, 35, bits=8)
    coded = bytearray(imagecodecs.jpeg2k_encode(luma, reversible=True, level=0, codecformat="j2k"))
    # Width, height and the size of the only tile are those of the grid.
    for start, side in ((8, 65), (12, 105), (24, 65), (28, 105)):
        coded[start : start + 4] = side.to_bytes(4, "big")
    coded[43:45] = 2, 3
    data = boxed(
        bytes(coded),
        (b"ihdr", struct.pack(">IIHBBBB", 105, 65, 1, 7, 7, 0, 0)),
        (b"colr", struct.pack(">BBBI", 1, 0, 0, 17)),
    )
    page = read(data)
    assert page.notices == ("page.jp2: its grid is finer than its samples; it comes back with the 33x35 pixels it has",)
    np.testing.assert_array_equal(page.pixels, luma)
    assert jpeg2000.size_of(io.BytesIO(data)) == (33, 35)
    again = written(page.pixels, page.mode, page.metadata)
    assert read(again).notices == ()
    with Image.open(io.BytesIO(again)) as image:
        assert image.size == (33, 35)


@pytest.mark.parametrize("samplings", [[(2, 2), (1, 1), (1, 1)], [(1, 1), (1, 2), (1, 2)], [(1, 1), (0, 0), (1, 1)]])
def test_channels_on_unusual_grids_are_refused(samplings: list[tuple[int, int]]) -> None:
    with pytest.raises(InputFileError, match="does not keep, whose samples lie on an unusual grid; convert it"):
        read(joined([sloping(9, 9, bits=8)] * 3, samplings))


def test_a_profile_is_kept_and_not_applied() -> None:
    """The decoder turns what has a profile to sRGB, if it is given the boxes for the order of the channels."""
    profile = ICC.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")
    pixels = noise("RGB", np.uint8)
    data = described(pixels[..., ::-1], 16, defined((0, 0, 3), (1, 0, 2), (2, 0, 1)))
    number = struct.pack(">I4sBBBI", 15, b"colr", 1, 0, 0, 16)
    own = struct.pack(">I4s", 11 + len(profile), b"colr") + b"\2\0\0" + profile
    at = data.index(b"jp2h") - 4
    (length,) = struct.unpack(">I", data[at : at + 4])
    data = data[:at] + struct.pack(">I", length + len(own) - 15) + data[at + 4 :].replace(number, own)
    page = read(data)
    np.testing.assert_array_equal(page.pixels, pixels)
    assert page.metadata.icc == profile
    np.testing.assert_array_equal(rewritten(page).pixels, pixels)


def test_other_colour_spaces_are_refused() -> None:
    with pytest.raises(InputFileError, match="JPEG 2000 that bokwon does not keep, of the colour space 14; convert it"):
        read(described(noise("RGB", np.uint8), 14))


def test_a_picture_without_pixels_is_damaged() -> None:
    coded = bytearray(imagecodecs.jpeg2k_encode(np.zeros((9, 14), np.uint8), level=0, codecformat="j2k"))
    coded[8:12] = bytes(4)
    with pytest.raises(InputFileError, match="damaged: its picture has no pixels"):
        jpeg2000.decode("page.j2k", io.BytesIO(coded), 10**6)


def test_the_size_is_that_of_the_codestream() -> None:
    coded = imagecodecs.jpeg2k_encode(np.zeros((9, 14), np.uint8), level=0, codecformat="j2k")
    assert jpeg2000.size_of(io.BytesIO(coded)) == (14, 9)
    assert jpeg2000.size_of(io.BytesIO(boxed(bytes(coded)))) == (14, 9)
    assert jpeg2000.size_of(io.BytesIO(b"text")) is None
