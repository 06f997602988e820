"""`bokwon record`: exports the record of a restoration in the formats that archives use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bokwon.cli.console import Console
from bokwon.errors import ArgumentError

__all__ = ["app"]

_BASE = "http://localhost:8000/"
"""Where `python -m http.server` shows the files of the working folder."""

app = typer.Typer(help="Write the record of a restoration for other programs.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Write the record of a restoration for other programs."""


@app.command("export")
def export(
    record: Annotated[
        Path, typer.Argument(metavar="RECORD", help="Folder OUTPUT.record that `bokwon restore --record` left.")
    ],
    form: Annotated[
        Literal["premis", "iiif", "alto", "pagexml", "csv"],
        typer.Option(
            "--as",
            help="premis: the restoration as an event. iiif: a manifest with before and after. "
            "alto, pagexml: the damage zones. csv: a table of the filled regions.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write there.", show_default="standard output")
    ] = None,
    page: Annotated[
        int | None, typer.Option("--page", min=1, metavar="N", help="Only this page. PAGE-XML holds only one page.")
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url",
            metavar="URL",
            help="iiif: the URL of the working folder, in which the images lie.",
            show_default=_BASE,
        ),
    ] = None,
    no_overwrite: Annotated[bool, typer.Option("--no-overwrite", help="Fail if FILE exists.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")] = False,
) -> None:
    """Write the record of a restoration as PREMIS, IIIF, ALTO, PAGE-XML or CSV.

    Coordinates count pixels as the file stores them.
    """
    console = Console(quiet=quiet, verbose=False)

    from bokwon.provenance import forms
    from bokwon.provenance.record import record_folder, undone_sha256
    from bokwon.utilities.atomic import check_target, write_file
    from bokwon.utilities.streams import write_standard_output

    if base_url is not None and form != "iiif":
        raise ArgumentError("--base-url is for a IIIF manifest", "add --as iiif, or leave it out")
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise ArgumentError(f"--base-url {base_url} is no URL", "give one such as https://archive.example/images/")
    if out is not None:
        check_target(out, overwrite=not no_overwrite)
    facts = forms.read_facts(record, page)
    if undone_sha256(facts.output) is not None and record_folder(facts.output) == facts.folder:
        console.tell("warning", f"{facts.output.name} was undone since: the {form} tells of what was filled before")
    if form == "iiif":
        if base_url is None:
            console.tell("note", f"URLs begin with {_BASE}; --base-url names another one")
        content = forms.to_iiif(facts, base_url or _BASE, Path.cwd())
    else:
        write = {"premis": forms.to_premis, "alto": forms.to_alto, "pagexml": forms.to_pagexml, "csv": forms.to_csv}
        content = write[form](facts)
    if out is None:
        write_standard_output(content)
        return
    write_file(out, content)
    console.tell("summary", f"wrote {out}: {form} of {facts.folder.name}")
