"""The `bokwon` command: its groups, and one place where every error becomes one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from bokwon import __version__
from bokwon.cli import detect, evaluate, evaluate_detect, explain, export, masks, models, pages, restore, train, undo
from bokwon.errors import BokwonError

__all__ = ["app", "main"]

_INTERRUPTED = 130

app = typer.Typer(
    name="bokwon",
    help="Restore damaged documents and photographs with partial convolutions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"bokwon {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Restore damaged documents and photographs with partial convolutions."""


restore.register(app)
detect.register(app)
undo.register(app)
explain.register(app)
train.register(app)
export.register(app)
evaluate.register(app)
evaluate_detect.register(app)
app.add_typer(masks.app, name="masks")
app.add_typer(pages.app, name="pages")
app.add_typer(models.app, name="models")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with a documented exit code.

    Args:
        arguments: Command-line arguments without the program's name; those of the process by default.

    Raises:
        SystemExit: Always. 0 ok, 1 arguments, 2 input file, 3 missing dependency, 4 some files failed,
            5 file access, 6 output exists, 15 other, 130 interrupted (129 and 143: by SIGHUP and SIGTERM).
    """
    with _tidy_endings() as ended_by:
        _run(arguments, ended_by)


def _run(arguments: list[str] | None, ended_by: list[int]) -> None:
    command = typer.main.get_command(app)
    try:
        code = command.main(args=arguments, prog_name="bokwon", standalone_mode=False)
    except BokwonError as error:
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _fail_interrupted(ended_by)
    except BrokenPipeError:
        _leave_quietly()
    except SystemExit as leaving:
        # Typer meets a broken pipe before we do, and leaves with 1.
        if isinstance(leaving.__context__, BrokenPipeError):
            _leave_quietly()
        raise
    except Exception as error:
        _fail_unexpectedly(error)
    if code == _INTERRUPTED:
        # Newer releases of Typer return this in the place of raising.
        _fail_interrupted(ended_by)
    sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def _tidy_endings() -> Iterator[list[int]]:
    """Let a closed terminal and a request to end interrupt the command as Ctrl-C does: nothing is left half-written.

    Yields:
        The signals that came, most often none.
    """
    came: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # Who ignores one of them, as nohup does, has said so; and only the main thread may say what they do.
    main_thread = threading.current_thread() is threading.main_thread()
    mine = [number for number in numbers if main_thread and signal.getsignal(number) == signal.SIG_DFL]
    for number in mine:
        signal.signal(number, interrupt)
    try:
        yield came
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)


def _fail_interrupted(ended_by: list[int]) -> None:
    _fail("interrupted", 128 + ended_by[0] if ended_by else _INTERRUPTED)


def _leave_quietly() -> None:
    # The reader of our stdout has gone; Python would complain about it once more at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(141)


def _fail_unexpectedly(error: Exception) -> None:
    # Click's own errors (unknown option, missing argument) know how to word themselves.
    if hasattr(error, "format_message"):
        message = error.format_message()
        if not message:
            # Called without arguments: the help has been printed instead.
            sys.exit(1)
        command = getattr(getattr(error, "ctx", None), "command_path", "bokwon")
        _fail(f"{message.rstrip('.')}; see `{command} --help`", 1)
    if os.environ.get("BOKWON_DEBUG"):
        raise error
    name = type(error).__name__
    _fail(f"unexpected {name}: {error} (run again with BOKWON_DEBUG=1 for the traceback)", 15)


def _fail(message: str, code: int) -> None:
    print(f"bokwon: error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
