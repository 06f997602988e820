"""Media types of the formats that bokwon reads."""

from __future__ import annotations

from pathlib import PurePath

from bokwon.image_io.formats.table import EXTENSIONS

__all__ = ["media_type_of", "media_type_of_format"]

_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "JPEG2000": "image/jp2",
    "HEIF": "image/heif",
    "AVIF": "image/avif",
    "PDF": "application/pdf",
}
_UNKNOWN = "application/octet-stream"


def media_type_of_format(name: str) -> str:
    """Return the media type of a format of bokwon's table."""
    return _TYPES.get(name, _UNKNOWN)


def media_type_of(path: PurePath) -> str:
    """Return the media type for a file's name."""
    return media_type_of_format(EXTENSIONS.get(path.suffix.lower(), ""))
