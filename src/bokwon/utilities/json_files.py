"""Small files of JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bokwon.errors import FileAccessError, InputFileError

__all__ = ["read_object"]


def read_object(path: Path, fix: str) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Args:
        path: The file, UTF-8.
        fix: What the user can do if it is missing or something else.

    Raises:
        FileAccessError: It cannot be read.
        InputFileError: It is not JSON, or no object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileAccessError(f"{path} cannot be read: {error.strerror or error}", fix) from error
    except (ValueError, RecursionError) as error:
        raise InputFileError(f"{path} is not JSON: {error}", fix) from error
    if not isinstance(content, dict):
        raise InputFileError(f"{path} holds no JSON object", fix)
    return content
