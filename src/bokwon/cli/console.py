"""What commands say on standard error: one line at a time, at the loudness asked for."""

from __future__ import annotations

import os
import sys

__all__ = ["Console", "divert_native_messages"]


class Console:
    """Says on standard error what there is to say.

    Args:
        quiet: Say nothing but warnings and errors: what may be lost or wrong is told in any case.
        verbose: Say details too.
    """

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._line_open = False

    def tell(self, level: str, text: str) -> None:
        """Print one line, unless it matters less than what is wanted."""
        if (self._quiet and level not in ("warning", "error")) or (level == "detail" and not self._verbose):
            return
        prefix = "" if level in ("detail", "summary") else f"{level}: "
        self._clear()
        print(f"bokwon: {prefix}{' '.join(text.split())}", file=sys.stderr, flush=True)

    def table(self, lines: list[str]) -> None:
        """Print lines as they are."""
        if not self._quiet:
            self._clear()
            print("\n".join(lines), file=sys.stderr, flush=True)

    def tiles(self, done: int, total: int) -> None:
        """Show how far the tiles are, for pages of many."""
        if total >= 4:
            self.progress(f"tile {done} of {total}", last=done == total)

    def progress(self, text: str, *, last: bool = False) -> None:
        """Show on a terminal how far the work is, in the place of what was shown before."""
        if self._quiet or not sys.stderr.isatty():
            return
        print(f"\r\033[Kbokwon: {text}", end="\n" if last else "", file=sys.stderr, flush=True)
        self._line_open = not last

    def _clear(self) -> None:
        if self._line_open:
            print("\r\033[K", end="", file=sys.stderr)
            self._line_open = False


def divert_native_messages() -> None:
    """Keep libtiff and its like, which print past Python, from talking between the command's own lines.

    What they say of damaged samples becomes a warning of the command's.
    """
    from bokwon.image_io.decoder_warnings import listen
    from bokwon.utilities.streams import move_standard_error

    if not os.environ.get("BOKWON_DEBUG") and move_standard_error():
        listen()
