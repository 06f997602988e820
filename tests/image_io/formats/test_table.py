from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.formats import png
from bokwon.image_io.formats.table import EXTENSIONS, FORMATS, format_of_content
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import MODES
from bokwon.image_io.source import READABLE_TEXT

PICTURES = [name for name, item in FORMATS.items() if item.modes]
SPELLED = {"WEBP": "WebP", "JPEG2000": "JPEG 2000"}


def samples(mode: str, dtype: type = np.uint8) -> np.ndarray:
    channels = MODES[mode]
    shape = (16, 24) if channels == 1 else (16, 24, channels)
    if mode == "1":
        return np.random.default_rng(5).random(shape) < 0.5
    return np.random.default_rng(5).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)


def test_names_and_extensions() -> None:
    assert list(FORMATS) == ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "JPEG2000", "HEIF", "AVIF", "PDF"]
    assert EXTENSIONS == {
        ".png": "PNG",
        ".jpg": "JPEG",
        ".jpeg": "JPEG",
        ".tif": "TIFF",
        ".tiff": "TIFF",
        ".webp": "WEBP",
        ".bmp": "BMP",
        ".jp2": "JPEG2000",
        ".j2k": "JPEG2000",
        ".jpf": "JPEG2000",
        ".heic": "HEIF",
        ".heif": "HEIF",
        ".hif": "HEIF",
        ".avif": "AVIF",
        ".pdf": "PDF",
    }


def test_messages_name_every_format_that_is_read() -> None:
    assert READABLE_TEXT.replace(" and ", ", ").split(", ") == [SPELLED.get(name, name) for name in FORMATS]


@pytest.mark.parametrize(
    ("name", "mode", "dtype"),
    [(item.name, mode, np.uint8) for item in FORMATS.values() for mode in sorted(item.modes)]
    + [(item.name, mode, np.uint16) for item in FORMATS.values() for mode in sorted(item.deep_modes)],
)
def test_every_mode_that_the_table_promises_comes_back(name: str, mode: str, dtype: type) -> None:
    item, pixels = FORMATS[name], samples(mode, dtype)
    stream = io.BytesIO()
    item.encode(stream, pixels, mode, Metadata())
    assert format_of_content(stream.getvalue()) is item
    stream.seek(0)
    page = item.decode("page", stream, 16 * 24)
    assert (page.format, page.mode, page.pixels.dtype) == (name, mode, pixels.dtype)
    if name == "JPEG":
        assert page.pixels.shape == pixels.shape
    else:
        np.testing.assert_array_equal(page.pixels, pixels)


@pytest.mark.parametrize("name", PICTURES)
def test_metadata_that_the_table_promises_comes_back(name: str) -> None:
    item = FORMATS[name]
    exif = Image.Exif()
    exif[315] = "artist"
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    # Every format but those of gray alone holds RGB.
    given = Metadata(icc=b"p" * 200, exif=block, xmp=b"<x/>", dpi=(300.0, 300.0))
    stream = io.BytesIO()
    item.encode(stream, samples("RGB"), "RGB", given)
    stream.seek(0)
    found = item.decode("page", stream, 16 * 24).metadata
    held = {"icc": found.icc == given.icc, "xmp": found.xmp == given.xmp}
    held["exif"] = found.exif is not None and b"artist" in found.exif
    held["dpi"] = found.dpi == pytest.approx((300, 300), rel=1e-3)
    assert {key for key, value in held.items() if value} == item.metadata


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"\r\n junk %PDF-1.4", "PDF"),
        (b"BM%PDF-1.4", "PDF"),
        (b"BM\0\0", "BMP"),
        (png.SIGNATURE + b" %PDF-", "PNG"),
        (b"II*\0 %PDF-", "TIFF"),
        (b"MM\0+", "TIFF"),
        (b"MM*\0", "TIFF"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\xff\x4f\xff\x51", "JPEG2000"),
    ],
)
def test_a_format_is_known_by_its_beginning(head: bytes, name: str) -> None:
    assert format_of_content(head) is FORMATS[name]


@pytest.mark.parametrize("head", [b"", b"GIF89a", b"a letter", b"\x89PN"])
def test_what_is_in_no_format_of_the_table(head: bytes) -> None:
    assert format_of_content(head) is None


def test_a_pdf_is_no_picture_to_be_read_or_written() -> None:
    with pytest.raises(InputFileError, match="page is a PDF"):
        FORMATS["PDF"].decode("page", io.BytesIO(b"%PDF-1.7"), 1)
    with pytest.raises(ArgumentError, match="only a PDF can be written as PDF"):
        FORMATS["PDF"].encode(io.BytesIO(), samples("L"), "L", Metadata())
