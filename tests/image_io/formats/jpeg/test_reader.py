from __future__ import annotations

import io
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.formats.jpeg.reader import decode, settings_of
from bokwon.image_io.metadata import JpegSettings
from bokwon.image_io.page import Page

ROWS, COLUMNS = np.mgrid[0:24, 0:32]
SMOOTH = np.stack([ROWS * 8, COLUMNS * 6, ROWS * 3 + COLUMNS * 3], axis=-1).astype(np.uint8)
XMP = b"http://ns.adobe.com/xap/1.0/\0<x/>"


def saved(mode: str = "RGB", file_format: str = "JPEG", **settings: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(SMOOTH).convert(mode).save(stream, file_format, **settings)
    return stream.getvalue()


def read(data: bytes) -> Page:
    return decode("page.jpg", io.BytesIO(data), 1000)


def settings(data: bytes) -> JpegSettings:
    with Image.open(io.BytesIO(data)) as image:
        return settings_of(image, ())


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_samples_are_those_of_libjpeg(mode: str) -> None:
    data = saved(mode, quality=92)
    page = read(data)
    assert (page.format, page.mode, page.notices, page.warnings) == ("JPEG", mode, (), ())
    # Pillow turns inks round, as programs expect of files of their own.
    decoded = imagecodecs.jpeg8_decode(data)
    np.testing.assert_array_equal(page.pixels, 255 - decoded if mode == "CMYK" else decoded)


def test_xmp_exif_and_profile_are_found() -> None:
    exif = Image.Exif()
    exif[274] = 3
    data = saved(exif=exif, icc_profile=b"profile", dpi=(300, 200))
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(XMP) + 2) + XMP + data[2:]
    metadata = read(data).metadata
    assert (metadata.icc, metadata.xmp, metadata.dpi, metadata.orientation) == (b"profile", b"<x/>", (300, 200), 3)
    assert metadata.exif == exif.tobytes().removeprefix(b"Exif\0\0")


def test_a_file_without_a_unit_has_no_resolution() -> None:
    data = bytearray(saved(dpi=(300, 300)))
    assert read(bytes(data)).metadata.dpi == (300, 300)
    # The unit of JFIF: none, the numbers are a pixel's shape.
    data[13] = 0
    assert read(bytes(data)).metadata.dpi is None


def test_the_first_of_several_pictures_is_kept_and_it_is_said() -> None:
    data = saved(file_format="MPO", save_all=True, append_images=[Image.new("RGB", (32, 24))])
    page = read(data)
    assert page.notices == ("page.jpg holds 2 pictures; only the first is kept",)
    assert page.metadata.jpeg is not None
    assert not any(b"MPF\0" in segment for segment in page.metadata.jpeg.segments)


def test_bytes_behind_the_picture_are_told() -> None:
    assert read(saved() + b"film").notices == ("page.jpg: 4 bytes behind its picture are not kept",)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_subsampling_and_scans_are_found(subsampling: int) -> None:
    found = settings(saved(subsampling=subsampling, progressive=True))
    assert (found.subsampling, found.progressive, found.layout, found.changes) == (subsampling, True, (), ())
    assert not settings(saved(subsampling=subsampling)).progressive


def test_tables_are_by_component_and_the_last_stands_for_the_rest() -> None:
    tables = [list(range(3, 67)), list(range(5, 69))]
    assert settings(saved(qtables=tables)).tables == tuple(tuple(table) for table in tables)
    assert settings(saved(qtables=tables[:1])).tables == (tuple(tables[0]),)


def test_subsampling_without_a_preset_is_kept_as_a_layout() -> None:
    data = imagecodecs.jpeg8_encode(SMOOTH, subsampling=(1, 2))
    assert settings(data).layout == ((1, 1, 2), (2, 1, 1), (3, 1, 1))


def test_colours_that_are_stored_otherwise_are_told() -> None:
    inks = saved("CMYK")
    assert settings(inks).changes == ()
    # The transform that Adobe's segment names: luma, chroma and black.
    at = inks.index(b"Adobe") + 11
    luma = inks[:at] + b"\2" + inks[at + 1 :]
    assert settings(luma).changes == (
        "its inks, stored as luma, chroma and black, come back as cyan, magenta, yellow and black",
    )
    stored = saved(keep_rgb=True)
    assert settings(stored).changes == ("its red, green and blue are stored as luma and chroma",)


def test_larger_pictures_are_refused() -> None:
    with pytest.raises(InputFileError, match="more than"):
        decode("page.jpg", io.BytesIO(saved()), 24 * 32 - 1)
