"""The `bokwon` command: its groups, and one place where every error becomes one line and an exit code."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from time import monotonic
from types import FrameType
from typing import Annotated, Any

import typer

from bokwon.cli import (
    convert,
    data,
    detect,
    doctor,
    evaluate,
    evaluate_detect,
    explain,
    export,
    masks,
    models,
    open,
    pages,
    record,
    reproduce,
    restore,
    serve,
    train,
    undo,
)
from bokwon.cli.translated_help import translate_help
from bokwon.errors import BokwonError, FileAccessError
from bokwon.utilities.memory import as_bokwon_error, check_memory_to_start, is_out_of_memory
from bokwon.utilities.signals import ENDING, handling
from bokwon.utilities.streams import flush_output, prepare_standard_streams, silence_output
from bokwon.utilities.time_limit import allow_supervision, leave_child
from bokwon.utilities.translation import ENGLISH, language, told, translate
from bokwon.version import __version__

__all__ = ["app", "main"]

_INTERRUPTED = 130
_BY_SIGNALS = (129, _INTERRUPTED, 143)
_ONE_REQUEST = 1.0
"""Seconds. Signals within this time count as one request, sent to a group of processes and to its leader. The second
signal must not interrupt the clean-up after the first."""


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"bokwon {__version__}")
        raise typer.Exit()


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Restore damaged documents and photographs with partial convolutions."""


# In the order of the help.
_COMMANDS: dict[str, Callable[..., None]] = {
    "restore": restore.restore,
    "open": open.open_page,
    "detect": detect.detect,
    "undo": undo.undo,
    "explain": explain.explain,
    "doctor": doctor.doctor,
    "serve": serve.serve,
    "train": train.train,
    "export": export.export,
    "convert": convert.convert,
    "evaluate": evaluate.evaluate,
    "evaluate-detect": evaluate_detect.evaluate_detect,
}
_EPILOGS = {"convert": convert.EPILOG}
_GROUPS = {
    "masks": masks.app,
    "pages": pages.app,
    "models": models.app,
    "data": data.app,
    "record": record.app,
    "reproduce": reproduce.app,
}


def _app_of(names: Iterable[str]) -> typer.Typer:
    """Return the app with some of its commands and groups."""
    made = typer.Typer(
        name="bokwon",
        help="Restore damaged documents and photographs with partial convolutions.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_root)
    for name in names:
        if name in _COMMANDS:
            made.command(name, epilog=_EPILOGS.get(name))(_COMMANDS[name])
        else:
            made.add_typer(_GROUPS[name], name=name)
    return made


app = _app_of([*_COMMANDS, *_GROUPS])


def main(arguments: list[str] | None = None, *, alone: bool = False) -> None:
    """Run the command line and leave with a documented exit code.

    Args:
        arguments: Command-line arguments without the program's name; those of the process by default.
        alone: Whether the process does nothing else, and may go on in a child; see `bokwon.utilities.time_limit`.

    Raises:
        SystemExit: Always. 0 ok, 1 arguments, 2 input file, 3 missing dependency, 4 some files failed,
            5 file access, 6 output exists, 7 too little memory, 8 time limit, 15 other,
            130 interrupted (129 and 143: by SIGHUP and SIGTERM), 141 the reader of standard output left.
    """
    prepare_standard_streams()
    if alone:
        allow_supervision()
    try:
        with _tidy_endings() as ended_by:
            try:
                _run(arguments, ended_by)
            except KeyboardInterrupt:
                # The signal came while another error was being reported.
                _fail_interrupted(ended_by)
    except SystemExit as leaving:
        if alone and leaving.code in _BY_SIGNALS:
            # Python itself would end with SIGINT, whatever the code, if the interruption went through an `eval`.
            atexit._run_exitfuncs()
            os._exit(leaving.code)
        raise


@cache
def _put_together(to: str, name: str | None = None) -> Any:
    """Return the command, with its help in the language of the user.

    Only the called command is put together. One takes 2 to 5 ms; all of them would take 40 ms.

    Args:
        to: The language, one of `LANGUAGES`.
        name: The command or group that is called; by default all of them.
    """
    command = typer.main.get_command(app if name is None else _app_of([name]))
    if to != ENGLISH:
        translate_help(command)
    return command


def _run(arguments: list[str] | None, ended_by: list[int]) -> None:
    try:
        check_memory_to_start()
        first = next(iter(sys.argv[1:] if arguments is None else arguments), None)
        called = first if first in _COMMANDS or first in _GROUPS else None
        code = _put_together(language(), called).main(args=arguments, prog_name="bokwon", standalone_mode=False)
        flush_output()
    except BokwonError as error:
        error = as_bokwon_error("the command", error)
        _fail(told(error), error.exit_code)
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
        if ended_by:
            # A library that was being loaded may turn the interruption into an error of its own.
            _fail_interrupted(ended_by)
        if is_out_of_memory(error):
            lacking = as_bokwon_error("the command", error)
            _fail(told(lacking), lacking.exit_code)
        _fail_unexpectedly(error)
    if code == _INTERRUPTED:
        # Newer releases of Typer return this in the place of raising.
        _fail_interrupted(ended_by)
    status = code if isinstance(code, int) else 0
    leave_child(status)
    sys.exit(status)


@contextmanager
def _tidy_endings() -> Iterator[list[int]]:
    """Let a closed terminal and a request to end interrupt the command as Ctrl-C does: nothing is left half-written.

    Yields:
        The signals that came, most often none.
    """
    came: list[int] = []
    last = -_ONE_REQUEST

    def interrupt(number: int, _frame: FrameType | None) -> None:
        nonlocal last
        before, last = last, monotonic()
        came.append(number)
        if last - before >= _ONE_REQUEST:
            raise KeyboardInterrupt

    # A signal that is ignored, as by nohup, or already handled keeps its handler.
    usual = (signal.SIG_DFL, signal.default_int_handler)
    with handling(ENDING, interrupt, instead_of=lambda before: before in usual):
        yield came


def _fail_interrupted(ended_by: list[int]) -> None:
    _fail(translate("interrupted"), 128 + ended_by[0] if ended_by else _INTERRUPTED)


def _leave_quietly() -> None:
    silence_output()
    sys.exit(141)


def _fail_unexpectedly(error: Exception) -> None:
    # Click's own errors (unknown option, missing argument) know how to word themselves.
    if hasattr(error, "format_message"):
        message = error.format_message()
        if not message:
            # Called without arguments: the help has been printed instead.
            sys.exit(1)
        command = getattr(getattr(error, "ctx", None), "command_path", "bokwon")
        _fail(f"{translate(message.rstrip('.'))}; {translate(f'see `{command} --help`')}", 1)
    if os.environ.get("BOKWON_DEBUG"):
        raise error
    name = type(error).__name__
    _fail(translate(f"unexpected {name}: {error} (run again with BOKWON_DEBUG=1 for the traceback)"), 15)


def _fail(message: str, code: int) -> None:
    try:
        flush_output()
    except (OSError, FileAccessError):
        silence_output()
    print(f"bokwon: {translate('error')}: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
