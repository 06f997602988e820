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


def test_profile_exif_and_resolution_are_found() -> None:
    parts = [segment(0xE2, segments.ICC + bytes((number, 2)) + body) for number, body in ((2, b"file"), (1, b"pro"))]
    assert segments.profile_of(tuple(parts)) == b"profile"
    assert segments.profile_of(tuple(parts[:1])) is None
    assert segments.exif_of((NOTE, segment(0xE1, segments.EXIF + b"II*\0"))) == b"II*\0"
    jfif = segment(0xE0, segments.JFIF + b"\1\1\2" + struct.pack(">HH", 100, 50) + b"\0\0")
    assert segments.jfif_resolution((jfif,)) == (254.0, 127.0)
    assert segments.jfif_resolution((segment(0xE0, segments.JFIF + b"\1"),)) is None


def test_xmp_is_found_among_other_segments() -> None:
    assert segments.xmp_of((NOTE, segment(0xE1, segments.EXIF + b"II*\0"), PACKET)) == b"<x/>"
    assert segments.xmp_of((NOTE, IPTC)) is None
