"""What lies before and behind a PDF file proper: it is lost when the file is written anew."""

from __future__ import annotations

import io
from typing import BinaryIO

__all__ = ["bytes_outside"]

_BEGINNING, _END = b"%PDF-", b"%%EOF"
_SEARCHED = 1 << 16
"""Bytes at either end of a file in which these are looked for. Readers of PDF look for them in some 1,000."""
_PADDING = b"\0\t\n\f\r \x1a"
"""White space of PDF, and the mark of the end of a file of old systems."""


def bytes_outside(stream: BinaryIO) -> tuple[int, int]:
    """Return how many bytes lie before the header of a PDF file, and behind its last end, without white space.

    Parts that later changes have put behind an earlier end belong to the file.

    Args:
        stream: The file, seekable.
    """
    stream.seek(0)
    before, beginning, _ = stream.read(_SEARCHED).partition(_BEGINNING)
    whole = stream.seek(0, io.SEEK_END)
    stream.seek(max(whole - _SEARCHED, 0))
    _, end, behind = stream.read().rpartition(_END)
    # Without its marks a file may still be readable, and all of it belongs to it.
    return len(before.strip(_PADDING)) if beginning else 0, len(behind.strip(_PADDING)) if end else 0
