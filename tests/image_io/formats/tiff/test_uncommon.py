from __future__ import annotations

import io
import sys

import numpy as np
import pytest
import tifffile

from bokwon.errors import InputFileError, MissingDependencyError
from bokwon.image_io.formats.tiff import directories, uncommon
from bokwon.image_io.formats.tiff.directories import Entry

DEEP = np.random.default_rng(8).integers(0, 65536, (23, 34, 4)).astype(np.uint16)
BYTES = (DEEP >> 8).astype(np.uint8)


def tiff(samples: np.ndarray, **settings: object) -> io.BytesIO:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, metadata=None, **settings)
    return stream


def mode_of(stream: io.BytesIO) -> str | None:
    tags = directories.parse(stream)
    return uncommon.mode_of_uncommon(tags, directories.byte_order(stream), big=directories.is_big(stream))


@pytest.mark.parametrize(
    ("samples", "settings", "mode"),
    [
        (DEEP[..., :2], {"photometric": "minisblack", "planarconfig": "contig"}, "LA"),
        (np.moveaxis(BYTES[..., :2], -1, 0), {"photometric": "minisblack", "planarconfig": "separate"}, "LA"),
        (DEEP, {"photometric": "separated"}, "CMYK"),
        (np.moveaxis(DEEP[..., :3], -1, 0), {"photometric": "rgb", "planarconfig": "separate"}, "RGB"),
        (DEEP[..., :3], {"photometric": "rgb", "compression": "zstd"}, "RGB"),
        (DEEP[..., 0], {"photometric": "miniswhite", "byteorder": ">"}, "L"),
        (BYTES[..., :3], {"photometric": "rgb", "compression": "webp"}, "RGB"),
        (DEEP[..., 0], {"photometric": "minisblack", "compression": "jpeg2000"}, "L"),
        (BYTES[..., 0], {"photometric": "minisblack", "byteorder": ">", "bigtiff": True}, "L"),
        # Pillow and OpenCV read these.
        (BYTES[..., :3], {"photometric": "rgb"}, None),
        (BYTES, {"photometric": "separated"}, None),
        (DEEP[..., :3], {"photometric": "rgb", "compression": "lzw"}, None),
        (DEEP[..., 0], {"photometric": "miniswhite"}, None),
        (DEEP[..., 0].astype(np.int16), {"photometric": "minisblack", "byteorder": ">"}, None),
    ],
)
def test_which_kinds_are_read_here(samples: np.ndarray, settings: dict[str, object], mode: str | None) -> None:
    assert mode_of(tiff(samples, **settings)) == mode


@pytest.mark.parametrize(
    ("samples", "settings", "mode", "compression"),
    [
        (DEEP, {"photometric": "separated", "compression": "zlib"}, "CMYK", "tiff_adobe_deflate"),
        (DEEP[..., :3], {"photometric": "rgb", "compression": "lzma", "tile": (16, 16)}, "RGB", "lzma"),
        (DEEP[..., 0], {"photometric": "minisblack", "compression": "jpeg2000"}, "L", "jpeg2000"),
        (DEEP[..., 0], {"photometric": "minisblack", "byteorder": ">"}, "L", "raw"),
    ],
)
def test_samples_come_back_with_the_name_of_their_compression(
    samples: np.ndarray, settings: dict[str, object], mode: str, compression: str
) -> None:
    stream = tiff(samples, **settings)
    tags = directories.parse(stream)
    pixels, name = uncommon.decode_samples("page", stream, tags, mode, max_pixels=1000)
    assert name == compression
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels, samples)


def test_separate_planes_and_negatives_become_what_they_look_like() -> None:
    stream = tiff(np.moveaxis(DEEP[..., :3], -1, 0), photometric="rgb", planarconfig="separate")
    pixels, _ = uncommon.decode_samples("page", stream, directories.parse(stream), "RGB", max_pixels=1000)
    np.testing.assert_array_equal(pixels, DEEP[..., :3])
    stream = tiff(DEEP[..., 0], photometric="miniswhite", byteorder=">")
    pixels, _ = uncommon.decode_samples("page", stream, directories.parse(stream), "L", max_pixels=1000)
    np.testing.assert_array_equal(pixels, 65535 - DEEP[..., 0])


def refused(change: dict[int, Entry], message: str, max_pixels: int = 1000) -> None:
    stream = tiff(DEEP, photometric="separated", rowsperstrip=10)
    tags = directories.parse(stream) | change
    with pytest.raises(InputFileError, match=message):
        uncommon.decode_samples("page", stream, tags, "CMYK", max_pixels=max_pixels)


def test_what_is_missing_or_too_large_is_refused_before_decoding() -> None:
    refused({}, "more than", 23 * 34 - 1)
    refused({279: Entry.longs(1, 2)}, "page is damaged: parts of it are missing")
    refused({273: Entry.longs(8, 0, 9)}, "parts of it are missing")
    refused({278: Entry.longs(0)}, "the blocks of page are of 34x0 pixels")


def test_a_codestream_that_is_larger_than_its_block_is_refused() -> None:
    stream = tiff(DEEP[..., 0], photometric="minisblack", compression="jpeg2000")
    tags = directories.parse(stream) | {256: Entry.longs(30), 257: Entry.longs(20)}
    with pytest.raises(InputFileError, match="parts of it are missing"):
        uncommon.decode_samples("page", stream, tags, "L", max_pixels=1000)


def test_multiplied_alpha_and_volumes_are_refused() -> None:
    with pytest.raises(InputFileError, match="page has colours multiplied by its alpha"):
        uncommon.check_alpha("page", {338: Entry.shorts(1)}, "RGBA")
    uncommon.check_alpha("page", {338: Entry.shorts(1)}, "RGB")
    uncommon.check_alpha("page", {338: Entry.shorts(2)}, "RGBA")
    with pytest.raises(InputFileError, match="page is a volume of 4 images"):
        uncommon.check_flat("page", {32997: Entry.shorts(4)})
    uncommon.check_flat("page", {})


def test_tiles_are_told_by_height_and_width() -> None:
    assert uncommon.tile_of({322: Entry.shorts(64), 323: Entry.shorts(32)}) == (32, 64)
    assert uncommon.tile_of({322: Entry.shorts(60), 323: Entry.shorts(32)}) is None
    assert uncommon.tile_of({}) is None


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "lzma", "zstd"])
@pytest.mark.parametrize("tile", [None, (16, 32)])
def test_what_is_written_another_decoder_reads(compression: str, tile: tuple[int, int] | None) -> None:
    differences = compression in ("tiff_lzw", "zstd")
    stream = uncommon.encode_samples(BYTES, "RGBA", compression, tile, differences=differences)
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as file:
        page = file.pages[0]
        assert (page.tile if tile else None) == tile
        assert page.predictor == (2 if differences else 1)
        assert [int(kind) for kind in page.extrasamples] == [2]
        np.testing.assert_array_equal(page.asarray(), BYTES)


def test_without_the_libraries_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert uncommon.can_encode("RGB")
    assert not uncommon.can_encode("1")
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(MissingDependencyError, match="TIFF of mode RGBA takes tifffile and imagecodecs") as caught:
        uncommon.encode_samples(BYTES, "RGBA", "raw", None)
    assert caught.value.fix == "pip install 'bokwon[archive]'"
    monkeypatch.setattr(uncommon, "find_spec", lambda _: None)
    assert not uncommon.can_encode("RGB")
