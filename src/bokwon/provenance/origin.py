"""Where a scan was downloaded from, and under which terms: `iiif.json` in the folder of the scans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["ORIGIN_FILE", "origin_of", "read_origins"]

ORIGIN_FILE = "iiif.json"
"""Name of the file that a download leaves beside its scans."""
_OF_ALL = ("manifest", "title", "rights", "requiredStatement", "provider")
_OF_PAGE = ("canvas", "label", "url", "rights", "requiredStatement")


def read_origins(folder: Path) -> dict[str, Any]:
    """Return the content of the `iiif.json` in a folder; empty if there is none, or it is another file of that name."""
    try:
        content = json.loads((folder / ORIGIN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    is_ours = isinstance(content, dict) and isinstance(content.get("manifest"), str)
    pages = content.get("pages") if is_ours else None
    return content if isinstance(pages, list) and all(isinstance(page, dict) for page in pages) else {}


def origin_of(scan: Path, sha256: str) -> dict[str, Any] | None:
    """Return the origin of a scan: manifest, title, canvas, URL, and terms of use under their IIIF names.

    Args:
        scan: The file.
        sha256: Its checksum. A scan that was changed after its download has no origin.
    """
    told = read_origins(scan.parent)
    for page in told.get("pages", ()):
        if page.get("file") == scan.name and page.get("sha256") == sha256:
            # The terms of a page go before those of the whole.
            found = {name: told[name] for name in _OF_ALL if told.get(name)}
            return found | {name: page[name] for name in _OF_PAGE if page.get(name)}
    return None
