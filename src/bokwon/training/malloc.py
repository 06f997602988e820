"""Keeps freed memory for the next step, instead of giving it back to the system."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_memory", "release_memory"]

# Numbers of glibc's <malloc.h>.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_DEFAULT_TRIM, _DEFAULT_MMAPS = 128 * 1024, 65536


def keep_memory() -> bool:
    """Let this process keep the memory that it frees.

    A step of training allocates and frees the same gigabytes each time. By default glibc maps every large tensor anew,
    and the kernel zeroes its pages: up to a quarter of the processor's time.

    Returns:
        Whether it took effect: with glibc, that is on most Linux systems.
    """
    return _set(_MMAP_MAX, 0) and _set(_TRIM_THRESHOLD, -1)


def release_memory() -> bool:
    """Undo `keep_memory`, and give free memory back to the system.

    Returns:
        Whether it took effect.
    """
    released = _set(_MMAP_MAX, _DEFAULT_MMAPS) and _set(_TRIM_THRESHOLD, _DEFAULT_TRIM)
    if released:
        ctypes.CDLL(None).malloc_trim(0)
    return released


def _set(option: int, value: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(option, value))
    except AttributeError:
        # Another C library, such as musl.
        return False
