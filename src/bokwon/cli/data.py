"""`bokwon data`: bundle scans and masks so that others can train with them and measure on them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bokwon.cli.console import Console, divert_native_messages
from bokwon.errors import ArgumentError

__all__ = ["app"]

app = typer.Typer(help="Bundle scans and masks of an archive for training and measuring.", no_args_is_help=True)


@app.command(epilog="Example: bokwon data pack scans/ set/ --licence CC-BY-4.0 --holder 'Our Archive'")
def pack(
    scans: Annotated[Path, typer.Argument(metavar="SCANS", help="Folder of scans, with their masks beside them.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder for the set.")],
    licence: Annotated[
        str | None,
        typer.Option(
            "--licence", metavar="TEXT", help="Licence of the set. Without this option the command asks for it."
        ),
    ] = None,
    holder: Annotated[str, typer.Option("--holder", metavar="TEXT", help="Who provides the set.")] = "",
    source: Annotated[
        str, typer.Option("--source", metavar="TEXT", help="What the pages are, such as collection and shelf marks.")
    ] = "",
    masks: Annotated[Path | None, typer.Option("--masks", metavar="DIR", help="Folder of the masks.")] = None,
    sound: Annotated[
        Path | None, typer.Option("--sound", metavar="DIR", help="Folder of scans without damage, which are as useful.")
    ] = None,
    restored: Annotated[
        Path | None,
        typer.Option(
            "--restored", metavar="DIR", help="Output folder of `bokwon restore`: also pack the damage that it found."
        ),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("-r", "--recursive", help="Go through the folders inside these folders too.")
    ] = False,
    keep_names: Annotated[
        bool, typer.Option("--keep-names", help="Keep the files' names; by default pages are numbered.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")] = False,
) -> None:
    """Bundle scans and masks: PNG without metadata, checksums, licence; as `train` and `evaluate-detect` read them.

    Nothing is sent anywhere. Look through the set before you give it away: names on the pages themselves stay.
    """
    divert_native_messages()
    console = Console(quiet=quiet, verbose=False)
    if licence is None:
        if not sys.stdin.isatty():
            raise ArgumentError("a set of data needs a licence", "name it with --licence, for example CC-BY-4.0")
        licence = typer.prompt("Under which licence do you give this set (for example CC-BY-4.0)", err=True)

    from bokwon.batch.data_pack import Terms, pack_set

    contents = pack_set(
        scans,
        out,
        Terms(licence, holder, source),
        masks=masks,
        sound=sound,
        restored=restored,
        recursive=recursive,
        keep_names=keep_names,
        say=lambda text: console.tell("note", text),
    )
    typer.echo(f"{out}: {_count(contents)}, {licence}")


@app.command(epilog="Example: bokwon data check set/")
def check(folder: Annotated[Path, typer.Argument(metavar="SET", help="Folder that `bokwon data pack` made.")]) -> None:
    """Compare every file of a set with its checksum."""
    from bokwon.batch.data_pack import check_set

    contents = check_set(folder)
    typer.echo(f"{folder}: complete, {_count(contents)}, {contents['licence']}")


def _count(contents: dict[str, object]) -> str:
    pages = contents["pages"]
    assert isinstance(pages, list)
    labelled = sum(page["kind"] == "labelled" for page in pages)
    return f"{labelled} page{'s' * (labelled != 1)} with damage, {len(pages) - labelled} sound"
