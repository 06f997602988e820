"""`python -m bokwon` is the command `bokwon`; this is where both begin."""

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Load the command line and run it; Ctrl-C while it loads ends as quietly as later."""
    try:
        from bokwon.cli.main import main as run
    except KeyboardInterrupt:
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), b"bokwon: error: interrupted\n")
        os._exit(130)
    run(alone=True)


if __name__ == "__main__":
    main()
