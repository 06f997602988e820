"""Checksums (SHA-256) of files, streams and bytes, and short keys of values."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, BinaryIO

from bokwon.errors import accessing

__all__ = ["key_of", "sha256_of", "sha256_of_file"]

_BLOCK = 1 << 20


def sha256_of(content: bytes | BinaryIO) -> str:
    """Return the checksum of bytes, or of the rest of a stream: 64 hexadecimal digits."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256()
    while block := content.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the checksum of a file: 64 hexadecimal digits.

    Raises:
        FileAccessError: It cannot be read.
    """
    with accessing(f"{path} cannot be read: {{error}}", "check the path and permissions"), path.open("rb") as stream:
        return sha256_of(stream)


def key_of(value: Any) -> str:
    """Return the key of a value in a cache or journal: 20 hexadecimal digits.

    Args:
        value: A value that JSON can hold. Equal values have equal keys in all versions of Python.
    """
    return sha256_of(json.dumps(value).encode())[:20]
