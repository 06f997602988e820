"""Source and terms of use of downloaded scans: `iiif.json` in their folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bokwon.errors import BokwonError
from bokwon.utilities.json_files import read_object

__all__ = ["ORIGIN_FILE", "origin_of", "read_origins"]

ORIGIN_FILE = "iiif.json"
"""Name of the file that a download leaves beside its scans."""
_OF_ALL = ("manifest", "title", "rights", "requiredStatement", "provider")
_OF_PAGE = ("canvas", "label", "url", "rights", "requiredStatement")


def read_origins(folder: Path) -> dict[str, Any]:
    """Return the content of the `iiif.json` in a folder; empty if there is none, or it is another file of that name."""
    try:
        content = read_object(folder / ORIGIN_FILE, fix="")
    except BokwonError:
        return {}
    pages = content.get("pages")
    if not isinstance(content.get("manifest"), str) or not isinstance(pages, list):
        return {}
    return content if all(isinstance(page, dict) for page in pages) else {}


def origin_of(scan: Path, sha256: str) -> dict[str, Any] | None:
    """Return the origin of a scan: manifest, title, canvas, URL, and terms of use under their IIIF names.

    Args:
        scan: The file.
        sha256: Its checksum.

    Returns:
        None if the scan was not downloaded, or was changed after its download.
    """
    told = read_origins(scan.parent)
    for page in told.get("pages", ()):
        if page.get("file") == scan.name and page.get("sha256") == sha256:
            # The terms of a page replace those of the manifest.
            found = {name: told[name] for name in _OF_ALL if told.get(name)}
            return found | {name: page[name] for name in _OF_PAGE if page.get(name)}
    return None
