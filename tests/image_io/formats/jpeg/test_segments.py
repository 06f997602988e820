from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from bokwon.image_io.formats.jpeg import segments


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def saved(**settings: object) -> bytes:
    pixels = np.random.default_rng(3).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", **settings)
    return stream.getvalue()


IPTC = segment(0xED, b"Photoshop 3.0\0IPTC")
NOTE = segment(0xFE, b"folio 3")
ADOBE = segment(0xEE, b"Adobe\0d\0\0\0\0\0\1")
PICTURES = segment(0xE2, b"MPF\0II*\0")
PACKET = segment(0xE1, segments.XMP + b"<x/>")
SCAN = segment(0xDA, b"\1\1\0\0\x3f\0")


def test_markers_lie_where_they_are() -> None:
    data = b"\xff\xd8" + NOTE + b"\xff\xff" + IPTC[1:] + SCAN + b"\x12\xff\x00\x34\xff\xd0\x56" + b"\xff\xd9 more"
    found = list(segments.markers(data))
    assert [marker for marker, _, _ in found] == [0xFE, 0xED, 0xDA, 0xD9]
    assert data[found[0][1] : found[0][2]] == NOTE
    # The padding before a marker is counted with it, and coded samples with nothing.
    assert data[found[1][1] : found[1][2]] == b"\xff" + IPTC
    assert data[found[2][2] : found[3][1]] == b"\x12\xff\x00\x34\xff\xd0\x56"


@pytest.mark.parametrize("progressive", [False, True])
def test_markers_of_a_real_file_end_with_it(progressive: bool) -> None:
    data = saved(progressive=progressive)
    found = list(segments.markers(data))
    assert (found[0][0], found[-1]) == (0xE0, (segments.END, len(data) - 2, len(data)))
    assert sum(marker == segments.SCAN for marker, _, _ in found) == (10 if progressive else 1)


def test_what_describes_a_file_is_read_and_nothing_else() -> None:
    tables = segment(0xDB, bytes(65))
    data = b"\xff\xd8" + tables + ADOBE + NOTE + PICTURES + b"\xff\xff" + IPTC + SCAN + b"\0" + NOTE
    assert segments.read_segments(data) == (NOTE, IPTC)


def test_segments_of_pillow_are_read() -> None:
    found = segments.read_segments(saved(comment=b"folio 3", icc_profile=b"p" * 70_000))
    assert [piece[1] for piece in found] == [segments.APP0, segments.APP2, segments.APP2, segments.COMMENT]
    assert found[-1] == NOTE


@pytest.mark.parametrize(("tail", "count"), [(b"", 0), (b"\0\0\xff\r\n ", 0), (b"film", 4), (b"film\0\0", 4)])
def test_bytes_behind_the_picture_are_counted(tail: bytes, count: int) -> None:
    assert segments.bytes_behind(saved() + tail) == count


def test_a_file_without_an_end_has_nothing_behind_it() -> None:
    assert segments.bytes_behind(saved()[:-2]) == 0
    assert segments.bytes_behind(b"") == 0


def test_xmp_is_found_among_other_segments() -> None:
    assert segments.xmp_of((NOTE, segment(0xE1, segments.EXIF + b"II*\0"), PACKET)) == b"<x/>"
    assert segments.xmp_of((NOTE, IPTC)) is None
