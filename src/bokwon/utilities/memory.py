"""Errors of any library that mean too little memory."""

from __future__ import annotations

import errno
import mmap
import re

from bokwon.errors import BokwonError, MemoryLimitError

__all__ = ["as_bokwon_error", "check_memory_to_start", "is_out_of_memory", "out_of_memory"]

_TO_START = 128 << 20
"""Bytes of address space that NumPy or SciPy take, each with its OpenBLAS."""
_COMMIT_LIMIT = 1455
"""Windows: the paging file is too small."""

_CLASS = "OutOfMemoryError"
"""What PyTorch calls its class for it, which this module cannot import."""
_OPENCV_CODE = -4
"""`cv2.error.code` of too little memory."""
_WORDS = re.compile(
    r"bad[_ ]alloc|fail(ed|ure) to allocate|(insufficient|not enough|out of) memory|memory allocation fail"
    r"|can(no|')t alloc|(cannot|unable to|could not) allocate|BFCArena|AllocateRawInternal|ALLOC_FAILED|MEM_ERROR"
    r"|failed to map segment from shared object",
    re.IGNORECASE,
)
_NAMELESS = frozenset({"imagecodecs", "onnxruntime"})
"""Libraries that are given bytes, so their messages hold no name of a user's file, but for `_NAMED`."""
_NAMED = re.compile(r"Load model from .* failed\W", re.DOTALL)
_NAMELESS_BEGINNINGS = ("Exception from src/", "Check '", "CUDA error: ", "cuDNN error: ", "MPS backend ")
"""What the messages of OpenVINO, which is given bytes too, and of PyTorch's devices begin with."""
_WHOLE = re.compile(
    r"std::bad_alloc|bad allocation|can't start new thread|out of memory"
    # PyTorch on a processor.
    r"|\[enforce fail at alloc_cpu\.cpp:\d+\].*"
    # Pillow, of which the codec for WebP gives only a number.
    r"|(out of memory error|(de|en)coder error -9) when (reading|writing) image file|encoding error [12]"
    r"|Failed to [a-z ]+( \d+)?: Out of memory"
    r"|Error -4 while .*",
    re.DOTALL,
)
"""Whole messages of libraries that raise Python's own classes. No name of a file can make a message one of these."""
_OF_LOADER = re.compile(
    r"(failed to map segment from shared object|cannot allocate memory|cannot apply additional memory protection"
    r"|paging file is too small)",
    re.IGNORECASE,
)
"""What the system's loader of libraries says; the name in its message is that of a library."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of any library means that memory was too small.

    The class of the error decides, or a message that only this library writes. A file may be called "out of memory".
    """
    if isinstance(error, MemoryError) or any(kind.__name__ == _CLASS for kind in type(error).__mro__):
        return True
    if isinstance(error, BokwonError):
        # It says what failed. Its cause says why: a decoder, a package that could not be loaded.
        return error.__cause__ is not None and is_out_of_memory(error.__cause__)
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM or getattr(error, "winerror", None) == _COMMIT_LIMIT
    return isinstance(error, Exception) and _says_so(error, str(error))


def _says_so(error: Exception, message: str) -> bool:
    library = type(error).__module__.partition(".")[0]
    if library == "cv2":
        return getattr(error, "code", None) == _OPENCV_CODE
    if library in _NAMELESS or message.startswith(_NAMELESS_BEGINNINGS):
        return _WORDS.search(_NAMED.sub("", message)) is not None
    if isinstance(error, ImportError):
        return _OF_LOADER.search(message) is not None
    return _WHOLE.fullmatch(message) is not None


def check_memory_to_start() -> None:
    """Make sure that NumPy and SciPy can be loaded.

    Where memory is too small for it, OpenBLAS ends the process with exit code 1, or waits for ever.

    Raises:
        OSError: There is too little memory.
    """
    mmap.mmap(-1, _TO_START).close()


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
