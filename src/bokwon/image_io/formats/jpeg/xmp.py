"""XMP packets among a JPEG file's segments: in one, or with an extension where they are longer than one.

Source: XMP Specification Part 3, section 1.1.3.1: what does not fit goes to ExtendedXMP segments, which the packet that
stays names by their MD5 digest.
"""

from __future__ import annotations

import hashlib
import re
import struct

from bokwon.image_io.formats.jpeg.segments import APP0, APP1, EXIF, XMP, segment_of, xmp_of

__all__ = ["EXTENSION", "is_joined", "joined_xmp", "packet_segments", "segments_with_xmp"]

EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
"""What segments of an extension begin with."""
_MOST_PACKET = 65502
"""Bytes of a packet in one segment, as the specification sets it."""
_MOST_WRAPPER = 60_000
"""Bytes of a wrapper that is kept in the first segment; a longer one goes into the extension."""
_PART = 65400
"""Bytes of an extension in each segment."""
_NOTE = (
    b'<rdf:Description rdf:about="" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    b'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="%s"/>'
)
_OPENING = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
_CLOSING = b"</rdf:RDF></x:xmpmeta>"
_HEAD = re.compile(rb"\A[\s\xef\xbb\xbf]*<\?xpacket begin.*?\?>", re.DOTALL)
_TAIL = b"<?xpacket end"


def packet_segments(packet: bytes) -> tuple[bytes, ...]:
    """Return the segments that hold a packet of any length."""
    if len(packet) <= _MOST_PACKET:
        return (segment_of(APP1, XMP + packet),)
    head, body, tail = _parts(packet)
    if len(head + tail) > _MOST_WRAPPER:
        head, body, tail = b"", packet, b""
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest().upper().encode()
    parts = [
        EXTENSION + digest + struct.pack(">II", len(body), start) + body[start : start + _PART]
        for start in range(0, len(body), _PART)
    ]
    first = XMP + head + _OPENING + _NOTE % digest + _CLOSING + tail
    return tuple(segment_of(APP1, payload) for payload in (first, *parts))


def joined_xmp(segments: tuple[bytes, ...]) -> bytes | None:
    """Return the packet among a file's segments as it was before `packet_segments`; None where there is none.

    A packet with properties of its own beside an extension of another program comes without that extension.
    """
    packet = xmp_of(segments)
    if packet is None:
        return None
    head, body, tail = _parts(packet)
    digest = _digest(segments)
    if digest is None or body != _OPENING + _NOTE % digest + _CLOSING:
        return packet
    return head + _extension(segments, digest) + tail


def is_joined(segments: tuple[bytes, ...]) -> bool:
    """Return whether `joined_xmp` takes the packet out of an extension."""
    return joined_xmp(segments) != xmp_of(segments)


def segments_with_xmp(segments: tuple[bytes, ...], packet: bytes | None) -> tuple[bytes, ...]:
    """Return a file's segments with another XMP packet in the place of the one that was there.

    Args:
        segments: Marker segments, marker and length included.
        packet: The packet, as `joined_xmp` returns it; None for none.

    Raises:
        ValueError: It is too long for a segment, and the file has an extension of another program already.
    """
    own = is_joined(segments)
    if packet is not None and len(packet) > _MOST_PACKET and not own and _digest(segments) is not None:
        raise ValueError("it has an extension already, and no room in its first segment")
    places = [place for place, segment in enumerate(segments) if _is(segment, XMP)]
    if places:
        place = places[0]
    else:
        # Behind what has to come first: JFIF and EXIF.
        leading = (at for at, segment in enumerate(segments) if segment[1] != APP0 and not _is(segment, EXIF))
        place = next(leading, len(segments))
    kept = [
        (at, segment)
        for at, segment in enumerate(segments)
        if at not in places[:1] and not (own and _is(segment, EXTENSION))
    ]
    new = packet_segments(packet) if packet is not None else ()
    before = [segment for at, segment in kept if at < place]
    behind = [segment for at, segment in kept if at >= place]
    return (*before, *new, *behind)


def _is(segment: bytes, kind: bytes) -> bool:
    return segment[1] == APP1 and segment[4:].startswith(kind)


def _parts(packet: bytes) -> tuple[bytes, bytes, bytes]:
    """Return a packet's first processing instruction, what stands between, and the last one: the wrapper stays."""
    head = _HEAD.match(packet)
    start = head.end() if head else 0
    tail = packet.rfind(_TAIL, start)
    stop = tail if tail >= 0 else len(packet)
    return packet[:start], packet[start:stop], packet[stop:]


def _digest(segments: tuple[bytes, ...]) -> bytes | None:
    """Return the digest of the first segment of an extension."""
    start = 4 + len(EXTENSION)
    return next((segment[start : start + 32] for segment in segments if _is(segment, EXTENSION)), None)


def _extension(segments: tuple[bytes, ...], digest: bytes) -> bytes:
    start = 4 + len(EXTENSION)
    parts: dict[int, bytes] = {}
    for segment in segments:
        if _is(segment, EXTENSION) and segment[start : start + 32] == digest:
            (_, place) = struct.unpack(">II", segment[start + 32 : start + 40])
            parts[place] = segment[start + 40 :]
    return b"".join(parts[place] for place in sorted(parts))
