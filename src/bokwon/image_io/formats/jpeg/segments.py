"""The marker segments of a JPEG file (ITU-T T.81, annex B), and what lies behind its picture."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from bokwon.image_io.metadata import plausible_dpi

__all__ = [
    "ADOBE",
    "APP0",
    "APP1",
    "APP2",
    "APP14",
    "COMMENT",
    "END",
    "EXIF",
    "ICC",
    "JFIF",
    "LAST_APP",
    "SCAN",
    "XMP",
    "exif_of",
    "is_described",
    "jfif_resolution",
    "markers",
    "profile_of",
    "segment_of",
    "xmp_of",
]

APP0, APP1, APP2, COMMENT = 0xE0, 0xE1, 0xE2, 0xFE
"""Markers of segments that describe a file."""
SCAN, END = 0xDA, 0xD9
"""Markers of a scan, with its coded samples behind it, and of the picture's end."""
ICC, XMP, EXIF = b"ICC_PROFILE\0", b"http://ns.adobe.com/xap/1.0/\0", b"Exif\0\0"
"""What segments of colour profile, XMP and EXIF begin with."""

APP14, LAST_APP = 0xEE, 0xEF
"""Markers of Adobe's segment, and the last one that programs may use."""
JFIF, ADOBE = b"JFIF\0", b"Adobe"
"""What the segments begin with that say how colours are stored."""

_ALONE = 0x01
_PER_INCH = {1: 1.0, 2: 2.54}
# In coded samples 0xFF is followed by zero, or by a number that counts restarts.
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")


def markers(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield each marker of a JPEG file, where it begins, and where its segment ends.

    What lies between the end of one and the beginning of the next is coded samples.

    Args:
        data: The file.
    """
    position = 2
    while (found := _MARKER.search(data, position)) is not None:
        marker, position = found[1][0], found.end()
        if marker not in (_ALONE, END):
            position += int.from_bytes(data[position : position + 2], "big")
        yield marker, found.start(), position
        if marker == END:
            return


def segment_of(marker: int, payload: bytes) -> bytes:
    """Return a segment: its marker, its length and what it holds."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def is_described(marker: int) -> bool:
    """Return whether segments of this marker describe a file: applications' and comments."""
    return marker == COMMENT or (APP0 <= marker <= LAST_APP and marker != APP14)


def exif_of(segments: tuple[bytes, ...]) -> bytes | None:
    """Return the EXIF block among a file's segments, from its byte-order mark on."""
    return next(_bodies(segments, APP1, EXIF), None) or None


def profile_of(segments: tuple[bytes, ...]) -> bytes | None:
    """Return the colour profile among a file's segments, put together; None where a part is missing."""
    parts = {body[0]: body[2:] for body in _bodies(segments, APP2, ICC) if len(body) > 2}
    return b"".join(parts[number] for number in sorted(parts)) if sorted(parts) == [*range(1, len(parts) + 1)] else None


def jfif_resolution(segments: tuple[bytes, ...]) -> tuple[float, float] | None:
    """Return pixels per inch as the JFIF segment tells them."""
    body = next(_bodies(segments, APP0, JFIF), b"")
    if len(body) < 7 or body[2] not in _PER_INCH:
        return None
    across, down = struct.unpack(">HH", body[3:7])
    return plausible_dpi(across * _PER_INCH[body[2]], down * _PER_INCH[body[2]])


def _bodies(segments: tuple[bytes, ...], marker: int, head: bytes) -> Iterator[bytes]:
    start = 4 + len(head)
    return (segment[start:] for segment in segments if segment[1] == marker and segment[4:start] == head)


def xmp_of(segments: tuple[bytes, ...]) -> bytes | None:
    """Return the XMP packet among a file's segments, if there is one."""
    return next(_bodies(segments, APP1, XMP), None)
