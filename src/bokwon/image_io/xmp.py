"""Reads and replaces the XMP packet of a page, in the metadata block of its format. Other blocks are not changed."""

from __future__ import annotations

from dataclasses import replace

from bokwon.image_io.formats import jpeg, jpeg2000, png, tiff
from bokwon.image_io.formats.table import FORMATS
from bokwon.image_io.metadata import Metadata

__all__ = ["holds_xmp", "with_xmp"]


def holds_xmp(metadata: Metadata, file_format: str) -> bool:
    """Return whether a page's XMP packet is kept when the page is written in a format.

    Args:
        metadata: Metadata of the page.
        file_format: Name of the format that is written.
    """
    bare = file_format == "JPEG2000" and metadata.jpeg2000 == ()
    return "xmp" in FORMATS[file_format].metadata and not bare


def with_xmp(metadata: Metadata, packet: bytes | None) -> Metadata:
    """Return the metadata of a page with another XMP packet.

    Args:
        metadata: Metadata of the page.
        packet: The new packet; None removes the old one.

    Raises:
        ValueError: The page's format cannot hold one.
    """
    changed = replace(metadata, xmp=packet)
    if metadata.png is not None:
        changed = replace(changed, png=png.chunks_with_xmp(metadata.png, packet))
    if metadata.jpeg is not None:
        segments = jpeg.segments_with_xmp(metadata.jpeg.segments, packet)
        changed = replace(changed, jpeg=replace(metadata.jpeg, segments=segments))
    if metadata.jpeg2000:
        changed = replace(changed, jpeg2000=jpeg2000.boxes_with_xmp(metadata.jpeg2000, packet))
    if metadata.tiff is not None:
        changed = replace(changed, tiff=replace(metadata.tiff, tags=tiff.tags_with_xmp(metadata.tiff.tags, packet)))
    return changed
