"""Loads a manifest from a file or URL. A single image becomes a manifest of one page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bokwon.errors import InputFileError
from bokwon.iiif.connection import Connection, RefusedError
from bokwon.iiif.image_service import base_of, read_info
from bokwon.iiif.manifest import CanvasImage, Manifest, id_of, is_image_service, read_manifest, type_of
from bokwon.utilities.json_files import read_object

__all__ = ["load_manifest"]

_FIX = "name a IIIF manifest, or the info.json of a IIIF image"


def load_manifest(name: str, connection: Connection) -> Manifest:
    """Load a manifest, or the information of an image.

    Args:
        name: File or URL of a manifest or of an `info.json`, or URL of an image service or of one of its images.
        connection: Sends the requests. A file needs none.

    Raises:
        InputFileError: It is neither a manifest nor the information of an image.
        FileAccessError: It cannot be read.
    """
    if not name.lower().startswith(("http://", "https://")):
        return _manifest(read_object(Path(name), _FIX), name)
    base = base_of(name)
    if base == name.rstrip("/"):
        try:
            content = connection.json(name)
        except (InputFileError, RefusedError) as error:
            try:
                content = connection.json(f"{base}/info.json")
            except (InputFileError, RefusedError):
                # The message must name the URL that the user gave.
                raise error from None
    else:
        content = connection.json(f"{base}/info.json")
    return _manifest(content, base)


def _manifest(content: Any, name: str) -> Manifest:
    if type_of(content) == "Manifest" or not is_image_service(content):
        return read_manifest(content, name)
    service = read_info(content, id_of(content) or name)
    image = CanvasImage(1, 0, "", "", service.whole, service.base)
    return Manifest(service.base, {}, service.terms, {}, (), 1, (image,))
