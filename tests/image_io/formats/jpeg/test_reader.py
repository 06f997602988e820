from __future__ import annotations

import io
import struct
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.formats.jpeg.reader import decode, settings_of, size_of
from bokwon.image_io.formats.jpeg.structure import structure_of
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
        return settings_of(image, structure_of(data))


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
    assert (settings(stored).rgb, settings(stored).changes) == (True, ())
    assert not settings(saved()).rgb


def test_larger_pictures_are_refused() -> None:
    with pytest.raises(InputFileError, match="more than"):
        decode("page.jpg", io.BytesIO(saved()), 24 * 32 - 1)


def test_exif_that_makes_no_sense_leaves_the_picture_upright() -> None:
    for value in (0, 9, 77):
        exif = Image.Exif()
        exif[274] = value
        assert read(saved(exif=exif)).metadata.orientation == 1
    broken = b"\xff\xe1\0\x10Exif\0\0nonsense"
    data = saved()
    page = read(data[:2] + broken + data[2:])
    assert (page.metadata.orientation, page.metadata.dpi) == (1, None)
    assert page.metadata.jpeg is not None
    assert broken in page.metadata.jpeg.segments


def test_odd_jfif_segments_do_not_matter() -> None:
    data = saved()
    for odd in (b"\xff\xe0\0\x07JFIF\0", b"\xff\xe0\0\x09JFIF\0\1\1", b"\xff\xe0\0\x04ab"):
        page = read(data[:2] + odd + data[20:])
        assert page.warnings == ()
        np.testing.assert_array_equal(page.pixels, imagecodecs.jpeg8_decode(data))


def test_stray_bytes_between_segments_hide_none_of_them() -> None:
    comment = b"\xff\xfe\0\x08folio "
    data = saved()
    page = read(data[:20] + b"\0stray" + comment + data[20:])
    assert page.notices == ("page.jpg: 6 bytes between its segments are not kept",)
    assert page.metadata.jpeg is not None
    assert comment in page.metadata.jpeg.segments
    np.testing.assert_array_equal(page.pixels, imagecodecs.jpeg8_decode(data))


def test_segments_behind_the_first_scan_are_told() -> None:
    data = saved(progressive=True)
    at = data.rindex(b"\xff\xda")
    page = read(data[:at] + b"\xff\xfe\0\x08folio " + data[at:])
    assert page.notices == ("page.jpg: 1 segments that describe it behind its first scan are not kept",)


def test_codings_that_pillow_lacks_are_read_with_their_segments() -> None:
    deep = imagecodecs.jpeg8_encode(SMOOTH.astype(np.uint16) << 4, bitspersample=12)
    page = read(deep[:2] + b"\xff\xe1" + struct.pack(">H", len(XMP) + 2) + XMP + deep[2:])
    assert (page.format, page.mode, page.pixels.dtype, page.size) == ("JPEG", "RGB", np.uint16, (32, 24))
    assert page.notices == ("page.jpg: its samples of 12 bits become 16 bits, as bright as they were",)
    assert page.metadata.xmp == b"<x/>"
    assert page.metadata.jpeg is not None
    assert page.metadata.jpeg.changes == (
        "it is a JPEG of 12 bits a sample, and the output is a usual JPEG of quality 95",
    )


def test_damage_of_a_usual_coding_stays_damage() -> None:
    with pytest.raises(OSError, match="Truncated File Read"):
        read(saved()[:300])


def test_the_size_is_that_of_the_frame() -> None:
    assert size_of(io.BytesIO(saved(progressive=True))) == (32, 24)
    assert size_of(io.BytesIO(b"\xff\xd8")) is None


def test_lossless_files_are_encoded_at_a_quality_that_is_told() -> None:
    found = settings_of(Image.open(io.BytesIO(saved())), replace(structure_of(saved()), tables=(), frame=0xC3))
    assert found.tables == ()
    assert found.changes == ("it is a lossless JPEG, and the output is a usual JPEG of quality 95",)
