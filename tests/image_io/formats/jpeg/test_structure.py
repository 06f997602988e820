from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from bokwon.image_io.formats.jpeg import planes, segments
from bokwon.image_io.formats.jpeg.structure import structure_of
from bokwon.image_io.metadata import JpegSettings

PIXELS = np.random.default_rng(3).integers(0, 256, (24, 32, 3)).astype(np.uint8)


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def saved(**settings: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, "JPEG", **settings)
    return stream.getvalue()


IPTC = segment(0xED, b"Photoshop 3.0\0IPTC")
NOTE = segment(0xFE, b"folio 3")
ADOBE = segment(0xEE, b"Adobe\0d\0\0\0\0\1")
PICTURES = segment(0xE2, b"MPF\0II*\0")
SCAN = segment(0xDA, b"\1\1\0\0\x3f\0")


def test_what_describes_a_file_is_read_and_nothing_else() -> None:
    tables = segment(0xDB, bytes(65))
    data = b"\xff\xd8" + tables + ADOBE + NOTE + PICTURES + b"\xff\xff" + IPTC + SCAN + b"\0" + NOTE
    found = structure_of(data)
    assert (found.segments, found.late, found.stray) == ((NOTE, IPTC), 1, 0)
    assert found.clean == b"\xff\xd8" + tables + ADOBE + SCAN + b"\0"


def test_segments_of_pillow_are_read() -> None:
    found = structure_of(saved(comment=b"folio 3", icc_profile=b"p" * 70_000))
    assert [piece[1] for piece in found.segments] == [segments.APP0, segments.APP2, segments.APP2, segments.COMMENT]
    assert found.segments[-1] == NOTE
    assert (found.size, found.bits, found.coding) == ((32, 24), 8, "")


@pytest.mark.parametrize("progressive", [False, True])
def test_what_is_left_decodes_to_the_same(progressive: bool) -> None:
    data = saved(progressive=progressive, comment=b"folio 3", exif=Image.Exif())
    clean = structure_of(data[:20] + NOTE + data[20:] + b"film").clean
    with Image.open(io.BytesIO(clean)) as left, Image.open(io.BytesIO(data)) as whole:
        np.testing.assert_array_equal(np.array(left), np.array(whole))
    assert b"folio" not in clean


@pytest.mark.parametrize(("tail", "count"), [(b"", 0), (b"\0\0\xff\r\n ", 0), (b"film", 4), (b"film\0\0", 4)])
def test_bytes_behind_the_picture_are_counted(tail: bytes, count: int) -> None:
    assert structure_of(saved() + tail).behind == count


def test_a_file_without_an_end_has_nothing_behind_it() -> None:
    assert structure_of(saved()[:-2]).behind == 0
    assert structure_of(b"").behind == 0


def test_a_table_in_front_of_the_second_scan_is_that_of_its_component() -> None:
    luma, chroma = tuple(range(3, 67)), tuple(range(5, 69))
    layout = ((1, 1, 1), (2, 1, 1), (3, 1, 1))
    data = planes.encode(Image.fromarray(PIXELS), JpegSettings((luma, chroma), 0, False, (), layout=layout))
    assert structure_of(data).tables == (luma, chroma, chroma)
    at = data.index(b"\xff\xdb", data.index(b"\xff\xdb") + 1)
    scan = data.index(b"\xff\xda", data.index(b"\xff\xda") + 1)
    moved = data[:at] + data[at + 69 : scan] + data[at : at + 69] + data[scan:]
    assert structure_of(moved).tables == (luma, chroma, chroma)


@pytest.mark.parametrize(("frame", "lossless"), [(0xC0, False), (0xC2, False), (0xC3, True), (0xF7, False)])
def test_the_coding_is_told_by_the_frame(frame: int, lossless: bool) -> None:
    body = struct.pack(">BHHB", 8, 24, 32, 1) + b"\1\x11\0"
    found = structure_of(b"\xff\xd8" + segment(frame, body))
    assert (found.frame, found.lossless, found.size) == (frame, lossless, (32, 24))
    assert found.coding == {0xC3: "lossless JPEG", 0xF7: "JPEG-LS"}.get(frame, "")
