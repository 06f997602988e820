"""What libjpeg and libtiff find wrong in files that they decode all the same, which they tell standard error alone.

Pillow silences both. OpenCV has them too and lets them talk, so what may be damaged is decoded by it once more.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

__all__ = ["damage_warnings", "listen"]

_STANDARD_ERROR = 2
_MOST_READ = 1 << 16
# What they say of compressed samples; they also speak of tags that they do not know.
_OF_SAMPLES = re.compile(r"(?:Fax\w*|JPEG\w*): .+|(?:Corrupt JPEG data|Premature end of JPEG).*")

_listening = False


def listen() -> None:
    """Put a nameless file in the place of this process's standard error, where `damage_warnings` reads.

    Only for programs whose own words take another way; see `bokwon.cli.console`.
    """
    global _listening
    try:
        with tempfile.TemporaryFile() as file:
            os.dup2(file.fileno(), _STANDARD_ERROR)
        _listening = True
    except OSError:
        # No room for it: nobody listens, and nobody speaks.
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), _STANDARD_ERROR)


def damage_warnings(name: str, stream: BinaryIO) -> tuple[str, ...]:
    """Return a warning if the samples of a JPEG or TIFF file that Pillow has decoded are damaged.

    Without `listen` nothing is heard, and nothing returned.

    Args:
        name: What the warning calls the file.
        stream: The file, seekable.
    """
    stream.seek(0)
    if not (said := _decoder_messages(stream.read())):
        return ()
    more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
    return (f"{name} is damaged, though it can be read: {said[0]}{more}; compare it with another copy",)


def _decoder_messages(data: bytes) -> tuple[str, ...]:
    """Decode a file once more; return what libjpeg or libtiff prints about its samples, each line once."""
    if not _listening:
        return ()
    import cv2

    sys.stderr.flush()
    os.ftruncate(_STANDARD_ERROR, 0)
    os.lseek(_STANDARD_ERROR, 0, os.SEEK_SET)
    try:
        # Of a JPEG all is decoded but the last step, at an eighth of the size.
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    except cv2.error:
        # It does not read all that Pillow does.
        return ()
    os.lseek(_STANDARD_ERROR, 0, os.SEEK_SET)
    said = os.read(_STANDARD_ERROR, _MOST_READ).decode(errors="replace")
    os.lseek(_STANDARD_ERROR, 0, os.SEEK_END)
    return tuple(dict.fromkeys(match.group() for line in said.splitlines() if (match := _OF_SAMPLES.search(line))))
