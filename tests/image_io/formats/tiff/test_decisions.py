from __future__ import annotations

import io
import struct
from typing import BinaryIO

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.formats.tiff import decisions, directories, reader, writer
from bokwon.image_io.formats.tiff.directories import Directory, Entry
from bokwon.image_io.page import Page

RANDOM = np.random.default_rng(3)
GRAY = RANDOM.integers(0, 256, (12, 16)).astype(np.uint8)
RGB = RANDOM.integers(0, 256, (12, 16, 3)).astype(np.uint8)


def tiff(samples: bytes, tags: Directory, order: str = "<") -> io.BytesIO:
    """A file of 16 by 12 pixels in one strip."""
    tags = {256: Entry.shorts(16), 257: Entry.shorts(12), 273: Entry.longs(8), 279: Entry.longs(len(samples)), **tags}
    place = 8 + len(samples) + len(samples) % 2
    body = samples + bytes(len(samples) % 2)
    return io.BytesIO(directories.file_header(place, order) + body + directories.serialise(tags, place, order))


def with_tags(stream: BinaryIO, tags: Directory) -> io.BytesIO:
    stream.seek(0)
    data = stream.read()
    return io.BytesIO(directories.file_header(len(data)) + data[8:] + directories.serialise(tags, len(data)))


def with_tag(stream: BinaryIO, tag: int, entry: Entry) -> io.BytesIO:
    return with_tags(stream, directories.parse(stream) | {tag: entry})


def without(stream: BinaryIO, tag: int) -> io.BytesIO:
    return with_tags(stream, {key: entry for key, entry in directories.parse(stream).items() if key != tag})


def saved(image: Image.Image, **settings: object) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, "TIFF", **settings)
    return stream


def read(stream: BinaryIO) -> Page:
    return reader.decode("page.tif", stream, 10**6)


def libtiff(stream: io.BytesIO) -> np.ndarray:
    found = cv2.imdecode(np.frombuffer(stream.getvalue(), np.uint8), cv2.IMREAD_COLOR)
    return found[..., ::-1]


@pytest.mark.parametrize(
    ("image", "settings"),
    [
        (Image.fromarray(GRAY), {}),
        (Image.fromarray(GRAY), {"compression": "tiff_lzw"}),
        (Image.fromarray(GRAY > 127), {}),
        (Image.fromarray(GRAY > 127), {"compression": "group4"}),
        (Image.fromarray(GRAY > 127), {"compression": "group3"}),
        (Image.fromarray(RGB), {}),
        (Image.fromarray(RGB), {"compression": "tiff_adobe_deflate"}),
    ],
)
def test_a_page_that_does_not_say_what_its_samples_mean(image: Image.Image, settings: dict[str, object]) -> None:
    stream = saved(image, **settings)
    # As libtiff decides: CCITT stores white as zero.
    kind = 2 if image.mode == "RGB" else int(not str(settings.get("compression", "")).startswith("group"))
    told = with_tag(stream, 262, Entry.shorts(kind))
    page = read(without(stream, 262))
    light = page.pixels * np.uint8(255) if page.mode == "1" else page.pixels
    expected = libtiff(told)
    np.testing.assert_array_equal(np.broadcast_to(light.reshape(12, 16, -1), expected.shape), expected)
    assert "does not say what its samples mean" in page.notices[0]
    again = io.BytesIO()
    writer.encode(again, page.pixels, page.mode, page.metadata)
    np.testing.assert_array_equal(read(again).pixels, page.pixels)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_a_colour_map_of_eight_bits_is_not_black(compression: str) -> None:
    image = Image.fromarray(RGB).quantize(16)
    stream = saved(image, compression=compression)
    tags = directories.parse(stream)
    values = np.array(directories.numbers(tags[320]))
    page = read(with_tag(stream, 320, Entry.shorts(*(values >> 8).tolist())))
    np.testing.assert_array_equal(page.pixels, np.array(image.convert("RGB")))
    assert "colour map holds values of 8 bits" in page.notices[0]
    plain = read(stream)
    np.testing.assert_array_equal(plain.pixels, page.pixels)
    assert not any("colour map" in notice for notice in plain.notices)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_palette_of_sixteen_bits_is_read(order: str) -> None:
    colours = RANDOM.integers(0, 65536, (3, 65536)).astype(np.uint16)
    indices = RANDOM.integers(0, 65536, (12, 16)).astype(np.uint16)
    stream = io.BytesIO()
    tifffile.imwrite(stream, indices, photometric="palette", colormap=colours, byteorder=order, metadata=None)
    page = read(stream)
    assert page.mode == "RGB"
    np.testing.assert_array_equal(page.pixels, np.moveaxis(colours[:, indices], 0, -1))
    again = io.BytesIO()
    writer.encode(again, page.pixels, page.mode, page.metadata)
    again.seek(0)
    np.testing.assert_array_equal(tifffile.imread(again), page.pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_fourth_channel_of_no_meaning_comes_back_as_it_was(dtype: type) -> None:
    pixels = RANDOM.integers(0, np.iinfo(dtype).max, (12, 16, 4)).astype(dtype)
    pixels[:6, :, 3] = 0
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, photometric="rgb", extrasamples=["unspecified"], metadata=None)
    page = read(stream)
    assert page.mode == "RGB"
    np.testing.assert_array_equal(page.pixels, pixels[..., :3])
    page.pixels[0, 0] = 7
    again = io.BytesIO()
    writer.encode(again, page.pixels, page.mode, page.metadata)
    again.seek(0)
    with tifffile.TiffFile(again) as file:
        assert file.pages[0].extrasamples == (0,)
        found = file.pages[0].asarray()
    np.testing.assert_array_equal(found[1:], pixels[1:])
    np.testing.assert_array_equal(found[..., 3], pixels[..., 3])
    assert "fourth channel" in writer.own_blocks(page.metadata)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("photometric", [0, 1])
def test_gray_of_few_bits_is_read(bits: int, photometric: int, order: str) -> None:
    most = 2**bits - 1
    values = RANDOM.integers(0, most + 1, (12, 16))
    per_byte = 8 // bits
    shifts = np.arange(per_byte)[::-1] * bits
    packed = (values.reshape(12, -1, per_byte) << shifts).sum(axis=-1).astype(np.uint8)
    tags = {258: Entry.shorts(bits), 259: Entry.shorts(1), 262: Entry.shorts(photometric), 277: Entry.shorts(1)}
    page = read(tiff(packed.tobytes(), tags, order))
    expected = values * 255 // most
    np.testing.assert_array_equal(page.pixels, expected if photometric else 255 - expected)


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 1), (2, 2)])
def test_luma_and_chroma_that_are_not_compressed(subsampling: tuple[int, int]) -> None:
    across, down = subsampling
    luma = RANDOM.integers(16, 236, (12, 16)).astype(np.uint8)
    chroma = RANDOM.integers(100, 156, (12 // down, 16 // across, 2)).astype(np.uint8)
    units = []
    for row in range(12 // down):
        for column in range(16 // across):
            units.append(luma[row * down : (row + 1) * down, column * across : (column + 1) * across].tobytes())
            units.append(chroma[row, column].tobytes())
    tags = {
        258: Entry.shorts(8, 8, 8),
        259: Entry.shorts(1),
        262: Entry.shorts(6),
        277: Entry.shorts(3),
        530: Entry.shorts(across, down),
    }
    stream = tiff(b"".join(units), tags)
    page = read(stream)
    assert page.mode == "RGB"
    full = np.repeat(np.repeat(chroma, down, axis=0), across, axis=1).astype(float) - 128
    expected = np.stack(
        [
            luma + 1.402 * full[..., 1],
            luma - 0.344136 * full[..., 0] - 0.714136 * full[..., 1],
            luma + 1.772 * full[..., 0],
        ],
        axis=-1,
    )
    np.testing.assert_allclose(page.pixels, expected.clip(0, 255), atol=2)
    assert page.notices[-1] == "page.tif: its luma and chroma come back as red, green and blue"


@pytest.mark.parametrize("tag", [266, 284])
def test_values_that_are_none_count_as_absent(tag: int) -> None:
    stream = saved(Image.fromarray(RGB))
    odd = with_tag(stream, tag, Entry.shorts(77))
    assert tag not in decisions.decide(directories.parse(odd)).tags
    np.testing.assert_array_equal(read(odd).pixels, RGB)


def test_nothing_is_decided_for_what_is_plain() -> None:
    found = decisions.decide(directories.parse(saved(Image.fromarray(RGB))))
    assert (found.notices, found.changed, found.extra, found.colours) == ((), False, False, ())


@pytest.mark.parametrize("orientation", [0, 9, 300])
def test_an_orientation_that_means_nothing_is_upright(orientation: int) -> None:
    page = read(saved(Image.fromarray(RGB), tiffinfo={274: orientation}))
    assert page.metadata.orientation == 1
    np.testing.assert_array_equal(page.pixels, RGB)


@pytest.mark.parametrize(("number", "name"), [(9, "JBIG"), (61234, "method 61234")])
def test_a_compression_that_is_lacking_is_named(number: int, name: str) -> None:
    tags = {258: Entry.shorts(8), 259: Entry.shorts(number), 262: Entry.shorts(1), 277: Entry.shorts(1)}
    with pytest.raises(InputFileError) as caught:
        read(tiff(GRAY.tobytes(), tags))
    assert f"compressed with {name}, which cannot be decoded here" in str(caught.value)
    assert "8 bits" not in str(caught.value)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("photometric", [32803, 34892])
def test_raw_files_of_cameras_are_refused_with_what_to_do(photometric: int, inside: bool) -> None:
    raw = {258: Entry.shorts(16), 262: Entry.shorts(photometric), 277: Entry.shorts(1)}
    stream = tiff(bytes(16 * 12 * 2), raw)
    if inside:
        data = stream.getvalue()
        (place,) = struct.unpack("<I", data[4:8])
        preview = {256: Entry.shorts(2), 257: Entry.shorts(2), 273: Entry.longs(8), 279: Entry.longs(4)}
        preview |= {258: Entry.shorts(8), 262: Entry.shorts(1), 254: Entry.longs(1), 330: Entry.longs(place)}
        stream = with_tags(stream, preview)
    with pytest.raises(InputFileError, match=r"camera.s raw file .*develop it first"):
        read(stream)


def test_tags_of_a_big_endian_page_keep_their_bytes_in_the_file() -> None:
    stream = saved(Image.fromarray(RGB))
    iptc = b"\x1c\x02\x05\x00\x05folio\0\0"
    entry = Entry(4, 3, np.frombuffer(iptc, ">u4").astype("<u4").tobytes())
    tags = directories.parse(stream) | {33723: entry}
    samples = RGB.tobytes()
    tags |= {273: Entry.longs(8), 279: Entry.longs(len(samples)), 278: Entry.shorts(12)}
    tags = {tag: kept for tag, kept in tags.items() if tag not in (259,)} | {259: Entry.shorts(1)}
    big = tiff(samples, tags, ">")
    assert iptc in big.getvalue()
    page = read(big)
    again = io.BytesIO()
    writer.encode(again, page.pixels, page.mode, page.metadata)
    assert again.getvalue()[:2] == b"MM"
    assert iptc in again.getvalue()
    np.testing.assert_array_equal(read(again).pixels, RGB)
