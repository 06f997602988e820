"""The `bokwon` command: its groups, and one place where every error becomes one line and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bokwon import __version__
from bokwon.cli import evaluate, explain, export, masks, models, pages, restore, train, undo
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
undo.register(app)
explain.register(app)
train.register(app)
export.register(app)
evaluate.register(app)
app.add_typer(masks.app, name="masks")
app.add_typer(pages.app, name="pages")
app.add_typer(models.app, name="models")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with a documented exit code.

    Args:
        arguments: Command-line arguments without the program's name; those of the process by default.

    Raises:
        SystemExit: Always. 0 ok, 1 arguments, 2 input file, 3 missing dependency, 4 some files failed,
            5 file access, 6 output exists, 15 other, 130 interrupted.
    """
    command = typer.main.get_command(app)
    try:
        code = command.main(args=arguments, prog_name="bokwon", standalone_mode=False)
    except BokwonError as error:
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", _INTERRUPTED)
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
        _fail("interrupted", _INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


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
