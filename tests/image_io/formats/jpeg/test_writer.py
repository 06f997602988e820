from __future__ import annotations

import io
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from bokwon.image_io.formats.jpeg import writer
from bokwon.image_io.formats.jpeg.reader import decode
from bokwon.image_io.metadata import JpegSettings, Metadata
from bokwon.image_io.page import Page

ROWS, COLUMNS = np.mgrid[0:24, 0:32]
SMOOTH = np.stack([ROWS * 8, COLUMNS * 6, ROWS * 3 + COLUMNS * 3], axis=-1).astype(np.uint8)
TABLES = (tuple(range(3, 67)), tuple(range(5, 69)))


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


IPTC, NOTE = segment(0xED, b"Photoshop 3.0\0IPTC"), segment(0xFE, b"folio 3")


def written(metadata: Metadata, mode: str = "RGB") -> bytes:
    pixels = np.array(Image.fromarray(SMOOTH).convert(mode))
    stream = io.BytesIO()
    writer.encode(stream, pixels, mode, metadata)
    return stream.getvalue()


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_tables_subsampling_scans_and_segments_come_back(subsampling: int, progressive: bool) -> None:
    settings = JpegSettings(
        TABLES, subsampling, progressive, (segment(0xE0, b"JFIF\0\1\1\1\1\x2c\1\x2c\0\0"), IPTC, NOTE)
    )
    data = written(Metadata(jpeg=settings))
    page = decode("page.jpg", io.BytesIO(data), 1000)
    assert page.metadata.jpeg == settings
    assert page.metadata.dpi == (300, 300)
    assert data.count(b"JFIF") == 1
    assert np.abs(imagecodecs.jpeg8_decode(data).astype(int) - SMOOTH).mean() < 12


def test_encoding_what_was_decoded_is_near_it() -> None:
    stream = io.BytesIO()
    Image.fromarray(SMOOTH).save(stream, "JPEG", quality=92)
    page = decode("page.jpg", stream, 1000)
    again = decode("page.jpg", io.BytesIO(written(page.metadata)), 1000)
    assert again.metadata == page.metadata
    assert np.abs(again.pixels.astype(int) - page.pixels).mean() < 2


def test_layouts_without_a_preset_come_back() -> None:
    layout = ((1, 1, 2), (2, 1, 1), (3, 1, 1))
    data = written(Metadata(jpeg=JpegSettings(TABLES, 0, False, (NOTE,), layout=layout)))
    with Image.open(io.BytesIO(data)) as image:
        assert tuple(part[:3] for part in image.layer) == layout
        assert image.info["comment"] == b"folio 3"


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_pages_of_other_formats_get_full_chroma_and_their_metadata(mode: str) -> None:
    metadata = Metadata(icc=b"p" * 100_000, exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0", xmp=b"<x/>", dpi=(300.0, 300.0))
    page = decode("page.jpg", io.BytesIO(written(metadata, mode)), 1000)
    assert page.mode == mode
    assert (page.metadata.icc, page.metadata.exif, page.metadata.xmp) == (metadata.icc, metadata.exif, b"<x/>")
    assert page.metadata.dpi == (300, 300)
    assert page.metadata.jpeg is not None
    assert page.metadata.jpeg.subsampling == 0


def test_exif_longer_than_a_segment_is_left_out_and_named() -> None:
    assert writer.too_long(Metadata(exif=bytes(65533 - 6))) == []
    metadata = Metadata(exif=bytes(65533 - 5), xmp=bytes(70_000))
    assert writer.too_long(metadata) == ["exif"]
    assert b"Exif" not in written(metadata)


def test_xmp_longer_than_a_segment_is_divided() -> None:
    packet = b"<a>" + b" " * 70_000 + b"</a>"
    page = decode("page", io.BytesIO(written(Metadata(xmp=packet))), 10**6)
    assert page.metadata.xmp == packet
    assert writer.own_blocks(page.metadata) == []
    foreign = segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40))
    assert writer.own_blocks(Metadata(jpeg=JpegSettings(TABLES, 0, False, (foreign,)))) == ["APP1"]


def test_own_blocks_are_those_that_no_format_takes_over() -> None:
    jpeg = JpegSettings(TABLES, 0, False, (segment(0xE0, b"JFIF\0"), segment(0xE1, b"Exif\0\0"), NOTE, IPTC))
    assert writer.own_blocks(Metadata(jpeg=jpeg)) == ["APP13", "comment"]
    assert writer.own_blocks(Metadata()) == []


def test_it_is_said_that_samples_change() -> None:
    settings = JpegSettings(TABLES, 0, False, (), changes=("its chroma subsampling becomes 4:4:4",))
    assert writer.changes(Page(SMOOTH, "RGB", "JPEG", Metadata(jpeg=settings))) == [
        "JPEG is encoded anew, at the input's quality: pixels outside the holes may change slightly",
        "its chroma subsampling becomes 4:4:4",
    ]
    assert "at quality 95" in writer.changes(Page(SMOOTH, "RGB", "PNG", Metadata()))[0]
