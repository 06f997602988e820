"""`python -m bokwon` is the command `bokwon`; this is where both begin."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

__all__ = ["main"]

_TOO_LITTLE = b"bokwon: error: there is too little memory; close other programs, or lower --tile, -j or --threads\n"


def main() -> None:
    """Load the command line and run it; Ctrl-C and a lack of memory while it loads end as quietly as later."""
    # NumPy reads this when it is loaded. Pages are already divided among threads and processes; further threads for
    # matrix products would only wait for each other, which takes a tenth of the processor time of a page.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        import signal

        # An ignored signal stays ignored.
        is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if is_usual:
            # While libraries load, an exception could be lost in one of them, or become another error. Nothing has
            # been begun yet, so the process can end at once.
            signal.signal(signal.SIGINT, _leave_interrupted)
        from bokwon.cli.main import main as run

        if is_usual:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        run(alone=True)
    except KeyboardInterrupt:
        _leave_interrupted()
    except (MemoryError, SystemError, ImportError) as error:
        # Python's loader of modules has each of the three for want of memory. The command itself tells of it, unless
        # there is too little even for that.
        if isinstance(error, ImportError) and "failed to map segment" not in str(error):
            raise
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), _TOO_LITTLE)
        os._exit(7)


def _leave_interrupted(_number: int = 0, _frame: FrameType | None = None) -> None:
    try:
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), b"bokwon: error: interrupted\n")
    finally:
        os._exit(130)


if __name__ == "__main__":
    main()
