"""Errors of any library that mean too little memory."""

from __future__ import annotations

import errno
import re

from bokwon.errors import BokwonError, MemoryLimitError, MissingDependencyError

__all__ = ["as_bokwon_error", "is_out_of_memory", "out_of_memory"]

# ONNX Runtime, OpenVINO, OpenCV, CUDA and the loader of libraries report it with different texts, in exceptions of
# general classes.
_WORDS = re.compile(
    r"bad[_ ]alloc|fail(ed|ure) to allocate|(insufficient|not enough|out of) memory|cannot allocate memory"
    r"|unable to allocate|could not allocate|BFCArena|AllocateRawInternal|failed to map segment"
    # Pillow gives only a number for WebP.
    r"|^encoding error [12]$",
    re.IGNORECASE,
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of any library means that memory was too small."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    if isinstance(error, MissingDependencyError) and error.__cause__ is not None:
        # The package may be installed, and too little memory kept it from being loaded.
        return is_out_of_memory(error.__cause__)
    return isinstance(error, Exception) and _WORDS.search(str(error)) is not None


def out_of_memory(what: str) -> MemoryLimitError:
    """Return the error for too little memory.

    Args:
        what: What needs it: the subject of the sentence.
    """
    fix = "close other programs, lower --tile, -j or --threads, or split the image; --max-mpixels refuses large images"
    return MemoryLimitError(f"{what} needs more memory than there is", fix)


def as_bokwon_error(what: str, error: Exception) -> BokwonError:
    """Return an error as one of ours: too little memory, or what nobody expected.

    Args:
        what: What needs the memory.
        error: The error; one of ours stays what it is, unless it came of too little memory.
    """
    if isinstance(error, MemoryLimitError):
        return error
    if is_out_of_memory(error):
        return out_of_memory(what)
    if isinstance(error, BokwonError):
        return error
    return BokwonError(f"unexpected {type(error).__name__}: {error}")
