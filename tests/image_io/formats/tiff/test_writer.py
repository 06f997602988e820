from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, TiffImagePlugin

from bokwon.image_io.formats.tiff import directories, reader, writer
from bokwon.image_io.formats.tiff.directories import Entry
from bokwon.image_io.metadata import Metadata, TiffSettings
from bokwon.image_io.page import Page

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
SHAPE = (23, 34)
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}


def noise(mode: str, dtype: type = np.uint8) -> np.ndarray:
    rng = np.random.default_rng(7)
    if mode == "1":
        return rng.random(SHAPE) < 0.5
    shape = SHAPE if mode == "L" else (*SHAPE, CHANNELS[mode])
    return rng.integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)


def read(data: bytes) -> Page:
    return reader.decode("page.tif", io.BytesIO(data), 10_000)


def encoded(pixels: np.ndarray, mode: str, metadata: Metadata, order: str = "<") -> bytes:
    stream = io.BytesIO()
    writer.encode(stream, pixels, mode, metadata, order)
    return stream.getvalue()


def written(page: Page) -> bytes:
    return encoded(page.pixels, page.mode, page.metadata)


def saved(mode: str, **settings: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(noise(mode)).save(stream, "TIFF", **settings)
    return stream.getvalue()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
def test_another_decoder_reads_every_mode_in_both_byte_orders(mode: str, dtype: type, big: bool, order: str) -> None:
    pixels = noise(mode, dtype)
    data = encoded(pixels, mode, Metadata(tiff=TiffSettings("tiff_lzw", {}, big=big)), order)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert (file.byteorder, file.is_bigtiff) == (order, big)
        assert file.pages[0].compression.name == "LZW"
        np.testing.assert_array_equal(file.asarray(), pixels)


@pytest.mark.parametrize("compression", ["raw", "group3", "group4", "packbits", "tiff_lzw", "tiff_adobe_deflate"])
def test_compression_of_one_bit_is_kept(compression: str) -> None:
    page = read(saved("1", compression=compression))
    again = read(written(page))
    assert again.metadata.tiff is not None
    assert again.metadata.tiff.compression == compression
    np.testing.assert_array_equal(again.pixels, noise("1"))
    assert writer.changes(page) == []


@pytest.mark.parametrize("number", [1, 5, 8])
def test_compression_of_sixteen_bit_colour_is_kept(number: int) -> None:
    done, data = cv2.imencode(".tiff", noise("RGB", np.uint16), [cv2.IMWRITE_TIFF_COMPRESSION, number])
    assert done
    after = directories.parse(io.BytesIO(written(read(data.tobytes()))))
    assert directories.numbers(after[259]) == (number,)


@pytest.mark.parametrize("differences", [False, True])
@pytest.mark.parametrize(("mode", "dtype"), [("L", np.uint8), ("RGB", np.uint16)])
def test_differences_are_stored_where_they_were(mode: str, dtype: type, differences: bool) -> None:
    settings = TiffSettings("tiff_lzw", {}, differences=differences)
    data = encoded(noise(mode, dtype), mode, Metadata(tiff=settings))
    assert writer.has_differences(directories.parse(io.BytesIO(data))) == differences
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(data)), noise(mode, dtype))


def test_negatives_stay_negatives() -> None:
    data = encoded(noise("L"), "L", Metadata(tiff=TiffSettings("raw", {}, white_is_zero=True)))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert file.pages[0].photometric.name == "MINISWHITE"
        np.testing.assert_array_equal(file.pages[0].asarray(), 255 - noise("L"))


def test_tiles_stay_tiles() -> None:
    data = encoded(noise("RGB"), "RGB", Metadata(tiff=TiffSettings("tiff_lzw", {}, tile=(16, 32))))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert file.pages[0].tile == (16, 32)
        np.testing.assert_array_equal(file.asarray(), noise("RGB"))


def tagged() -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[315], tags[700] = "artist", XMP
    tags[65000], tags.tagtype[65000] = b"\x00\x01 private", 7
    tags[34665] = {36867: "1840:01:01 00:00:00", 33434: TiffImagePlugin.IFDRational(1, 60)}
    return saved("RGB", tiffinfo=tags, icc_profile=ICC, dpi=(400, 400))


def test_tags_are_copied_byte_for_byte_known_or_not() -> None:
    data = tagged()
    # Not ASCII, as many scanning programs write it.
    described = directories.parse(io.BytesIO(data))
    described[270] = Entry(2, 7, "사기".encode() + b"\0")
    data = data + b"\0" * (len(data) % 2)
    data = directories.file_header(len(data)) + data[8:] + directories.serialise(described, len(data))
    page = read(data)
    again = read(written(page))
    assert page.metadata.tiff is not None
    assert again.metadata.tiff == page.metadata.tiff
    assert {270, 282, 315, 700, 34665, 34675, 65000} <= set(again.metadata.tiff.tags)
    assert again.metadata.icc == ICC
    with Image.open(io.BytesIO(written(page))) as image:
        assert image.getexif().get_ifd(34665)[36867] == "1840:01:01 00:00:00"


def test_metadata_of_other_formats_becomes_tags() -> None:
    exif = Image.Exif()
    exif[315], exif[532] = "artist", (0.0, 255.0, 128.0, 255.0, 128.0, 255.0)
    metadata = Metadata(icc=ICC, exif=exif.tobytes().removeprefix(b"Exif\0\0"), xmp=XMP, dpi=(300.0, 150.0))
    tags = directories.parse(io.BytesIO(encoded(noise("RGB"), "RGB", metadata)))
    assert (tags[34675].data, tags[700].data, tags[315].data) == (ICC, XMP, b"artist\0")
    assert writer.resolution(tags) == (300.0, 150.0)
    # It speaks of luma and chroma, which these samples are not.
    assert 532 not in tags


def test_what_is_not_kept_is_said() -> None:
    def changes(compression: str, mode: str = "RGB", tile: tuple[int, int] | None = None) -> list[str]:
        return writer.changes(Page(noise(mode), mode, "TIFF", Metadata(tiff=TiffSettings(compression, {}, tile))))

    assert changes("jpeg") == ["TIFF compression jpeg is not kept: the output is Deflate, without loss"]
    assert changes("zstd", "1") == ["TIFF compression zstd is not kept: the output is Deflate, without loss"]
    assert changes("raw", "1", (16, 16)) == ["the tiles of this TIFF become strips"]
    assert changes("lzma", "RGB", (16, 16)) == []


def test_without_the_extra_it_is_said_what_would_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokwon.image_io.formats.tiff.uncommon.find_spec", lambda _: None)
    page = Page(noise("RGB"), "RGB", "TIFF", Metadata(tiff=TiffSettings("zstd", {}, (16, 16))))
    assert writer.changes(page) == [
        "TIFF compression zstd is not kept: the output is Deflate, without loss"
        " (pip install 'bokwon[archive]' keeps it)",
        "the tiles of this TIFF become strips (pip install 'bokwon[archive]' keeps them)",
    ]
    assert writer.encoding_for("zstd", "RGB") == "tiff_adobe_deflate"


def test_lossless_compression_is_chosen_by_what_there_was() -> None:
    assert writer.encoding_for("group4", "1") == "group4"
    assert writer.encoding_for("group4", "L") == "tiff_adobe_deflate"
    assert writer.encoding_for("jpeg", "RGB") == "tiff_adobe_deflate"


def test_tags_that_speak_of_samples_go_where_those_change() -> None:
    tags = {280: Entry.shorts(0), 281: Entry.shorts(3), 315: Entry(2, 2, b"a\0"), 256: Entry.shorts(4)}
    assert set(writer.descriptive(tags)) == {280, 281, 315}
    assert set(writer.descriptive(tags, samples_changed=True)) == {315}
    assert writer.changes_of(tags, samples_changed=True) == [
        "tags that speak of its sample values are not kept: 280 (MinSampleValue), 281 (MaxSampleValue)"
    ]
    assert writer.changes_of({284: Entry.shorts(2), 339: Entry.shorts(2)}, samples_changed=False) == [
        "its channels, stored one after the other, come back pixel by pixel",
        "its samples, stored as signed numbers, come back as unsigned ones of the same values",
    ]


def test_own_blocks_are_tags_that_an_exif_block_cannot_hold() -> None:
    tags = {281: Entry.shorts(3), 315: Entry(2, 2, b"a\0"), 65000: Entry(16, 1, bytes(8))}
    assert writer.own_blocks(Metadata(tiff=TiffSettings("raw", tags))) == [
        "TIFF tag 281 (MaxSampleValue)",
        "TIFF tag 65000",
    ]
    assert set(directories.parse(io.BytesIO(writer.exif_block(tags)))) == {315}
    assert writer.exif_block({700: Entry(1, 1, b"x"), 254: Entry.longs(0)}) == b""


@pytest.mark.parametrize(
    ("unit", "pairs", "expected"),
    [
        (2, ((300, 1), (3000, 20)), (300.0, 150.0)),
        (3, ((100, 1), (50, 1)), (254.0, 127.0)),
        (1, ((300, 1), (300, 1)), None),
        (2, ((300, 0), (300, 1)), None),
        (2, ((1, 300), (1, 300)), None),
    ],
)
def test_resolution(unit: int, pairs: tuple[tuple[int, int], ...], expected: tuple[float, float] | None) -> None:
    tags = {tag: Entry(5, 1, struct.pack("<II", *pair)) for tag, pair in zip((282, 283), pairs, strict=True)}
    assert writer.resolution(tags | {296: Entry.shorts(unit)}) == expected
    assert writer.resolution({282: tags[282]}) is None
