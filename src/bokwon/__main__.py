"""`python -m bokwon` is the command `bokwon`; this is where both begin."""

import os
import sys

__all__ = ["main"]

_TOO_LITTLE = b"bokwon: error: there is too little memory; close other programs, or lower --tile, -j or --threads\n"


def main() -> None:
    """Load the command line and run it; Ctrl-C and a lack of memory while it loads end as quietly as later."""
    # NumPy reads this when it is loaded. Pages are already divided among threads and processes; further threads for
    # matrix products would only wait for each other, which takes a tenth of the processor time of a page.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from bokwon.cli.main import main as run

        run(alone=True)
    except KeyboardInterrupt:
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), b"bokwon: error: interrupted\n")
        os._exit(130)
    except (MemoryError, SystemError, ImportError) as error:
        # Python's loader of modules has each of the three for want of memory. The command itself tells of it, unless
        # there is too little even for that.
        if isinstance(error, ImportError) and "failed to map segment" not in str(error):
            raise
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), _TOO_LITTLE)
        os._exit(7)


if __name__ == "__main__":
    main()
