"""Thumbnails in the metadata of an image. They would still show the damage after it is filled."""

from __future__ import annotations

import re
import struct
from dataclasses import replace

from bokwon.image_io.exif import without_thumbnail
from bokwon.image_io.formats.jpeg.segments import APP0, APP1, EXIF, JFIF, XMP, segment_of
from bokwon.image_io.metadata import JpegSettings, Metadata

__all__ = ["without_previews"]

_JFXX, _PHOTOSHOP = b"JFXX\0", b"Photoshop 3.0\0"
_APP13 = 0xED
_JFIF_WITHOUT = 14
"""Bytes of a JFIF segment's body without its thumbnail, the two bytes of its size included."""
_EXIF_BOX = b"JpgTiffExif->JP2"
_XMP_THUMBNAILS = re.compile(rb"<xmp:Thumbnails>.*?</xmp:Thumbnails>", re.DOTALL)
_XMP_IN_PNG = b"XML:com.adobe.xmp\0\0"
_THUMBNAIL_RESOURCES = (1033, 1036)
_RESOURCE_TAG, _XMP_TAG = 34377, 700


def without_previews(metadata: Metadata) -> tuple[Metadata, bool]:
    """Return what a page carries without small copies of it, and whether there were any.

    These are thumbnails of EXIF, JFIF, XMP and Photoshop's resources.
    """
    changed = replace(
        metadata,
        exif=_exif(metadata.exif) if metadata.exif else metadata.exif,
        xmp=_xmp(metadata.xmp) if metadata.xmp else metadata.xmp,
    )
    if metadata.png is not None:
        changed = replace(changed, png=tuple((name, _chunk(name, data)) for name, data in metadata.png))
    if metadata.jpeg is not None:
        changed = replace(changed, jpeg=_jpeg(metadata.jpeg))
    if metadata.jpeg2000:
        boxes = tuple((kind, _box(kind, content)) for kind, content in metadata.jpeg2000)
        changed = replace(changed, jpeg2000=boxes)
    if metadata.tiff is not None:
        tags = dict(metadata.tiff.tags)
        for tag, shrink in ((_RESOURCE_TAG, _resources), (_XMP_TAG, _xmp)):
            if tag in tags and (data := shrink(tags[tag].data)) != tags[tag].data:
                # Its type may be of bytes, or of longer numbers whose order of bytes is then that of the file.
                tags[tag] = replace(tags[tag], type=7, count=len(data), data=data)
        changed = replace(changed, tiff=replace(metadata.tiff, tags=tags))
    return changed, changed != metadata


def _exif(block: bytes) -> bytes:
    return without_thumbnail(block) or block


def _xmp(packet: bytes) -> bytes:
    return _XMP_THUMBNAILS.sub(b"", packet)


def _chunk(name: bytes, data: bytes) -> bytes:
    if name == b"eXIf":
        return _exif(data)
    return _xmp(data) if name == b"iTXt" and data.startswith(_XMP_IN_PNG) else data


def _box(kind: bytes, content: bytes) -> bytes:
    if kind != b"uuid":
        return content
    if content.startswith(_EXIF_BOX):
        return _EXIF_BOX + _exif(content[len(_EXIF_BOX) :])
    return content[:16] + _xmp(content[16:])


def _jpeg(settings: JpegSettings) -> JpegSettings:
    kept = []
    for segment in settings.segments:
        marker, body = segment[1], segment[4:]
        if marker == APP0 and body.startswith(_JFXX):
            continue
        if marker == APP0 and body.startswith(JFIF) and len(body) > _JFIF_WITHOUT:
            body = body[: _JFIF_WITHOUT - 2] + b"\0\0"
        elif marker == APP1 and body.startswith(EXIF):
            body = _exif(body)
        elif marker == APP1 and body.startswith(XMP):
            body = _xmp(body)
        elif marker == _APP13 and body.startswith(_PHOTOSHOP):
            body = _PHOTOSHOP + _resources(body[len(_PHOTOSHOP) :])
        kept.append(segment if body == segment[4:] else segment_of(marker, body))
    return replace(settings, segments=tuple(kept))


def _resources(data: bytes) -> bytes:
    """Return Photoshop's image resources without thumbnails; as they are where they cannot be read."""
    kept, place = [], 0
    while data[place : place + 4] == b"8BIM":
        try:
            (number,) = struct.unpack_from(">H", data, place + 4)
            name = 1 + data[place + 6]
            at = place + 6 + name + name % 2
            (length,) = struct.unpack_from(">I", data, at)
        except (struct.error, IndexError):
            return data
        end = at + 4 + length + length % 2
        if number not in _THUMBNAIL_RESOURCES:
            kept.append(data[place:end])
        place = end
    return b"".join(kept) + data[place:]
