"""`python -m bokwon` is the command `bokwon`; this is where both begin."""

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Load the command line and run it; Ctrl-C while it loads ends as quietly as later."""
    # NumPy reads this when it is loaded. Pages are already divided among threads and processes; further threads for
    # matrix products would only wait for each other, which takes a tenth of the processor time of a page.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from bokwon.cli.main import main as run
    except KeyboardInterrupt:
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), b"bokwon: error: interrupted\n")
        os._exit(130)
    run(alone=True)


if __name__ == "__main__":
    main()
