"""The marker segments of a JPEG file (ITU-T T.81, annex B), and what lies behind its picture."""

from __future__ import annotations

import re
import struct
from typing import BinaryIO

__all__ = ["APP0", "APP1", "APP2", "COMMENT", "EXIF", "ICC", "XMP", "bytes_behind", "read_segments", "xmp_of"]

APP0, APP1, APP2, COMMENT = 0xE0, 0xE1, 0xE2, 0xFE
"""Markers of segments that describe a file."""
ICC, XMP, EXIF = b"ICC_PROFILE\0", b"http://ns.adobe.com/xap/1.0/\0", b"Exif\0\0"
"""What segments of colour profile, XMP and EXIF begin with."""

_APP14, _APP15, _SCAN = 0xEE, 0xEF, 0xDA
_END, _ALONE = 0xD9, 0x01
# In coded samples 0xFF is followed by zero, or by a number that counts restarts.
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_PADDING = b"\0\xff\r\n "


def read_segments(stream: BinaryIO) -> tuple[bytes, ...]:
    """Return the marker segments that describe a JPEG file: applications' and comments, marker and length included.

    Args:
        stream: The file, seekable.
    """
    stream.seek(2)
    kept: list[bytes] = []
    while stream.read(1) == b"\xff":
        code = stream.read(1)
        while code == b"\xff":
            # As many of them as one likes may stand before a marker.
            code = stream.read(1)
        head = b"\xff" + code + stream.read(2)
        if len(head) < 4:
            break
        marker, length = struct.unpack(">xBH", head)
        if marker == _SCAN or length < 2:
            break
        payload = stream.read(length - 2)
        described = marker == COMMENT or (APP0 <= marker <= _APP15 and marker != _APP14)
        # The index of a multi-picture file points into bytes that are gone.
        if described and not (marker == APP2 and payload.startswith(b"MPF\0")):
            kept.append(head + payload)
    return tuple(kept)


def bytes_behind(stream: BinaryIO) -> int:
    """Return how many bytes follow the end of a JPEG file's picture, such as the film of a phone's moving photograph.

    Args:
        stream: The file, seekable.
    """
    stream.seek(0)
    data = stream.read()
    position = 2
    while (found := _MARKER.search(data, position)) is not None:
        marker, position = found[1][0], found.end()
        if marker == _END:
            return len(data[position:].rstrip(_PADDING))
        if marker != _ALONE:
            position += int.from_bytes(data[position : position + 2], "big")
    return 0


def xmp_of(segments: tuple[bytes, ...]) -> bytes | None:
    """Return the XMP packet among a file's segments, if there is one."""
    start = 4 + len(XMP)
    packets = (segment[start:] for segment in segments if segment[1] == APP1 and segment[4:start] == XMP)
    return next(packets, None)
