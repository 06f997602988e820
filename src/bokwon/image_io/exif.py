"""EXIF blocks: the orientation, and the thumbnail that goes once the picture is another."""

from __future__ import annotations

import struct
from contextlib import suppress

__all__ = ["orientation_of", "tiff_part", "upright", "without_thumbnail"]

_PREFIX = b"Exif\0\0"
_ORIENTATION, _THUMBNAIL_AT, _THUMBNAIL_BYTES, _STRIPS_AT, _STRIPS_BYTES = 274, 513, 514, 273, 279
_BYTE, _SHORT, _LONG = 1, 3, 4
_CODES = {_BYTE: "B", _SHORT: "H", _LONG: "I"}
_ENTRY = 12
_MOST_ENTRIES = 4096


def tiff_part(block: bytes) -> bytes:
    """Return an EXIF block from its byte-order mark on."""
    return block.removeprefix(_PREFIX)


def orientation_of(block: bytes | None) -> int:
    """Return the orientation that an EXIF block tells, 1 to 8; 1 where it tells none, or one that means nothing."""
    if not block:
        return 1
    try:
        order, first = _header(tiff_part(block))
        told = _directory(tiff_part(block), first, order)[0].get(_ORIENTATION, 1)
    except (struct.error, ValueError):
        return 1
    return told if 1 <= told <= 8 else 1


def upright(block: bytes) -> bytes:
    """Return an EXIF block that tells orientation 1, if it tells any."""
    with suppress(struct.error, ValueError):
        order, first = _header(block)
        (count,) = struct.unpack_from(order + "H", block, first)
        for at in range(first + 2, first + 2 + min(count, _MOST_ENTRIES) * _ENTRY, _ENTRY):
            if struct.unpack_from(order + "HHI", block, at) == (_ORIENTATION, _SHORT, 1):
                return block[: at + 8] + struct.pack(order + "H", 1) + block[at + 10 :]
    return block


def without_thumbnail(block: bytes) -> bytes | None:
    """Return an EXIF block without its thumbnail, all else at its place; None if it has no thumbnail.

    Makers' notes count places from the beginning of the block, so nothing is moved: what lies at the end is cut off,
    what lies between other things is filled with zeros.
    """
    prefix, data = (_PREFIX, block[len(_PREFIX) :]) if block.startswith(_PREFIX) else (b"", block)
    try:
        order, first = _header(data)
        _, pointer_at = _directory(data, first, order)
        (second,) = struct.unpack_from(order + "I", data, pointer_at)
        if not second:
            return None
        out = bytearray(data)
        struct.pack_into(order + "I", out, pointer_at, 0)
        try:
            tags, end = _directory(data, second, order)
        except (struct.error, ValueError):
            return prefix + bytes(out)
    except (struct.error, ValueError):
        return None
    spans = [(second, min(end + 4, len(data)))]
    for place, length in ((_THUMBNAIL_AT, _THUMBNAIL_BYTES), (_STRIPS_AT, _STRIPS_BYTES)):
        if tags.get(place) and tags.get(length):
            spans.append((tags[place], min(tags[place] + tags[length], len(data))))
    for start, stop in sorted(spans, reverse=True):
        if stop >= len(out):
            del out[start:]
        else:
            out[start:stop] = bytes(max(stop - start, 0))
    return prefix + bytes(out)


def _header(data: bytes) -> tuple[str, int]:
    """Return byte order and the place of the first directory."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        raise ValueError("no TIFF byte-order mark")
    return order, struct.unpack_from(order + "I", data, 4)[0]


def _directory(data: bytes, place: int, order: str) -> tuple[dict[int, int], int]:
    """Return the single whole numbers of a directory by tag, and where the place of the next directory is written."""
    (count,) = struct.unpack_from(order + "H", data, place)
    if count > _MOST_ENTRIES:
        raise ValueError("too many entries")
    found = {}
    for at in range(place + 2, place + 2 + count * _ENTRY, _ENTRY):
        tag, kind, values = struct.unpack_from(order + "HHI", data, at)
        if kind in _CODES and values == 1:
            (found[tag],) = struct.unpack_from(order + _CODES[kind], data, at + 8)
    return found, place + 2 + count * _ENTRY
