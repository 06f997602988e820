"""XMP among a JPEG's segments: one segment, an extension, and an extension of another program."""

from __future__ import annotations

import hashlib
import struct

import pytest

from bokwon.image_io.formats.jpeg.segments import XMP, xmp_of
from bokwon.image_io.formats.jpeg.xmp import EXTENSION, is_joined, joined_xmp, packet_segments, segments_with_xmp

HEAD, TAIL = b'\xef\xbb\xbf<?xpacket begin="" id=""?>', b'<?xpacket end="w"?>'
SHORT = HEAD + b"<rdf:RDF/>" + TAIL
LONG = HEAD + b"<rdf:RDF>" + b"x" * 150_000 + b"</rdf:RDF>" + TAIL
JFIF = b"\xff\xe0\0\x10JFIF\0" + bytes(9)
EXIF = b"\xff\xe1\0\x0aExif\0\0MM"
COMMENT = b"\xff\xfe\0\x04hi"


def segment(payload: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload


def test_a_packet_goes_behind_jfif_and_exif_and_out_again() -> None:
    others = (JFIF, EXIF, COMMENT)
    assert segments_with_xmp(others, SHORT) == (JFIF, EXIF, segment(XMP + SHORT), COMMENT)
    assert segments_with_xmp(segments_with_xmp(others, SHORT), None) == others
    assert segments_with_xmp((), SHORT) == (segment(XMP + SHORT),)


def test_a_packet_takes_the_place_of_the_one_that_was_there() -> None:
    before = (COMMENT, segment(XMP + SHORT), EXIF)
    assert segments_with_xmp(before, SHORT + b" ") == (COMMENT, segment(XMP + SHORT + b" "), EXIF)
    assert segments_with_xmp(before, joined_xmp(before)) == before


def test_a_long_packet_becomes_an_extension_as_the_specification_says() -> None:
    first, *parts = packet_segments(LONG)
    body = LONG[len(HEAD) : -len(TAIL)]
    digest = hashlib.md5(body).hexdigest().upper().encode()
    assert first[4:].startswith(XMP + HEAD)
    assert b'xmpNote:HasExtendedXMP="' + digest + b'"' in first
    assert len(parts) == 3
    found = b""
    for part in parts:
        assert part[:2] == b"\xff\xe1"
        assert struct.unpack(">H", part[2:4])[0] == len(part) - 2
        payload = part[4:].removeprefix(EXTENSION)
        assert payload[:32] == digest
        assert struct.unpack(">II", payload[32:40]) == (len(body), len(found))
        found += payload[40:]
    assert found == body


def test_a_long_packet_comes_back_and_goes_out_whole() -> None:
    segments = segments_with_xmp((JFIF, COMMENT), LONG)
    assert is_joined(segments)
    assert joined_xmp(segments) == LONG
    assert joined_xmp((*segments[:2], *reversed(segments[2:-1]), segments[-1])) == LONG
    assert segments_with_xmp(segments, None) == (JFIF, COMMENT)
    assert segments_with_xmp(segments, SHORT) == (JFIF, segment(XMP + SHORT), COMMENT)
    assert segments_with_xmp(segments, LONG + b" ")[-1] == COMMENT


def test_an_extension_of_another_program_stays() -> None:
    foreign = segment(EXTENSION + b"A" * 32 + struct.pack(">II", 3, 0) + b"<a>")
    before = (segment(XMP + SHORT), foreign)
    assert not is_joined(before)
    assert joined_xmp(before) == SHORT == xmp_of(before)
    assert segments_with_xmp(before, SHORT + b" ") == (segment(XMP + SHORT + b" "), foreign)
    with pytest.raises(ValueError, match="has an extension already"):
        segments_with_xmp(before, LONG)


def test_without_a_packet_there_is_none() -> None:
    assert joined_xmp((JFIF,)) is None
    assert segments_with_xmp((JFIF,), None) == (JFIF,)


@pytest.mark.parametrize(
    "packet",
    [SHORT + b" " * 70_000, SHORT * 3000, b"x" * 70_000],
    ids=["spaces behind it", "several", "without a wrapper"],
)
def test_strange_packets_come_back_too(packet: bytes) -> None:
    segments = segments_with_xmp((), packet)
    assert all(len(part) <= 65535 + 2 for part in segments)
    assert joined_xmp(segments) == packet
