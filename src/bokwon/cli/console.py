"""What commands say on standard error: one line at a time, at the loudness asked for, and bars of progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bokwon.errors import ArgumentError, FileAccessError
from bokwon.utilities.streams import flush_output, move_standard_error, silence_output
from bokwon.utilities.translation import translate

__all__ = ["Console", "divert_native_messages", "print_line", "progress_bars"]


class Console:
    """Says on standard error what there is to say.

    Args:
        quiet: Say nothing but warnings and errors: what may be lost or wrong is told in any case.
        verbose: Say details too.

    Raises:
        ArgumentError: Both are asked for.
    """

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        if quiet and verbose:
            raise ArgumentError("-q and -v contradict each other", "use one of them")
        self._quiet = quiet
        self._verbose = verbose
        self._line_open = False

    def tell(self, level: str, text: str) -> None:
        """Print one line in the language of the user, unless it matters less than what is wanted."""
        if (self._quiet and level not in ("warning", "error")) or (level == "detail" and not self._verbose):
            return
        prefix = "" if level in ("detail", "summary") else f"{translate(level)}: "
        self._clear()
        print(f"bokwon: {prefix}{' '.join(translate(text).split())}", file=sys.stderr, flush=True)

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
        print(f"\r\033[Kbokwon: {translate(text)}", end="\n" if last else "", file=sys.stderr, flush=True)
        self._line_open = not last

    def _clear(self) -> None:
        if self._line_open:
            print("\r\033[K", end="", file=sys.stderr)
            self._line_open = False


@contextmanager
def progress_bars(quiet: bool) -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Show bars of progress while the block runs.

    Args:
        quiet: Show none.

    Yields:
        A function that adds a bar with a name, and returns what is called with how much is done, and of how much.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bars:

        def add(name: str) -> Callable[[int, int], None]:
            task = bars.add_task(name, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield add


def print_line(text: str, *, needed: bool) -> None:
    """Print a line on standard output, at once.

    Args:
        text: The line.
        needed: Whether the user cannot go on without the line. If it is not needed, a standard output that is closed
            or full, as it may be without a terminal, is no error.

    Raises:
        BrokenPipeError: The line is needed, and the reader of standard output has gone.
        FileAccessError: The line is needed, and cannot be written.
    """
    try:
        print(text)
        flush_output()
    except (BrokenPipeError, FileAccessError):
        if needed:
            raise
        silence_output()


def divert_native_messages() -> None:
    """Keep libtiff and its like, which print past Python, from talking between the command's own lines.

    What they say of damaged samples becomes a warning of the command's.
    """
    from bokwon.image_io.decoder_warnings import listen

    if not os.environ.get("BOKWON_DEBUG") and move_standard_error():
        listen()
