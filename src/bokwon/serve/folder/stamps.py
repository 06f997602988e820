"""Stamps that tell whether a file is unchanged since it was last seen."""

from __future__ import annotations

from pathlib import Path

__all__ = ["stamp_of", "version_of"]


def stamp_of(path: Path | None) -> str:
    """Return name, size and time of change of a file; empty where there is none."""
    if path is None:
        return ""
    try:
        state = path.stat()
    except OSError:
        return ""
    # A file that takes the place of another has another number, however coarse the clock of the drive is.
    return (
        f"{path.name.encode('utf-8', 'backslashreplace').decode()}|{state.st_size}|{state.st_mtime_ns}|{state.st_ino}"
    )


def version_of(path: Path) -> int:
    """Return the time of change of a file in microseconds, which JavaScript's numbers hold; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns // 1000
    except OSError:
        return 0
