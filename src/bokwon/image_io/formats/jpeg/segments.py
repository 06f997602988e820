"""The marker segments of a JPEG file (ITU-T T.81, annex B), and what lies behind its picture."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = [
    "APP0",
    "APP1",
    "APP2",
    "COMMENT",
    "END",
    "EXIF",
    "ICC",
    "SCAN",
    "XMP",
    "bytes_behind",
    "markers",
    "read_segments",
    "xmp_of",
]

APP0, APP1, APP2, COMMENT = 0xE0, 0xE1, 0xE2, 0xFE
"""Markers of segments that describe a file."""
SCAN, END = 0xDA, 0xD9
"""Markers of a scan, with its coded samples behind it, and of the picture's end."""
ICC, XMP, EXIF = b"ICC_PROFILE\0", b"http://ns.adobe.com/xap/1.0/\0", b"Exif\0\0"
"""What segments of colour profile, XMP and EXIF begin with."""

_APP14, _APP15, _ALONE = 0xEE, 0xEF, 0x01
# In coded samples 0xFF is followed by zero, or by a number that counts restarts.
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_PADDING = b"\0\xff\r\n "


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


def read_segments(data: bytes) -> tuple[bytes, ...]:
    """Return the marker segments that describe a JPEG file: applications' and comments, marker and length included.

    Args:
        data: The file.
    """
    kept: list[bytes] = []
    for marker, start, end in markers(data):
        if marker == SCAN:
            break
        # As many 0xFF as one likes may stand before a marker.
        segment = b"\xff" + data[start:end].lstrip(b"\xff")
        described = marker == COMMENT or (APP0 <= marker <= _APP15 and marker != _APP14)
        # The index of a multi-picture file points into bytes that are gone.
        if described and not (marker == APP2 and segment[4:].startswith(b"MPF\0")):
            kept.append(segment)
    return tuple(kept)


def bytes_behind(data: bytes) -> int:
    """Return how many bytes follow the end of a JPEG file's picture, such as the film of a phone's moving photograph.

    Args:
        data: The file.
    """
    return next((len(data[end:].rstrip(_PADDING)) for marker, _, end in markers(data) if marker == END), 0)


def xmp_of(segments: tuple[bytes, ...]) -> bytes | None:
    """Return the XMP packet among a file's segments, if there is one."""
    start = 4 + len(XMP)
    packets = (segment[start:] for segment in segments if segment[1] == APP1 and segment[4:start] == XMP)
    return next(packets, None)
