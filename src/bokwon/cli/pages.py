"""`bokwon pages`: render aged pages whose text is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bokwon.cli.options import Jobs, parse_size, workers

__all__ = ["app"]

app = typer.Typer(help="Render aged pages whose text is known.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Render aged pages whose text is known."""


@app.command("make")
def make(
    out: Annotated[Path, typer.Argument(help="Folder for the pages; an interrupted set is continued.")],
    count: Annotated[int, typer.Option(help="Number of pages.")] = 100,
    size: Annotated[str, typer.Option(help="Side of the pages, or WIDTHxHEIGHT, in pixels.")] = "768",
    style: Annotated[list[str] | None, typer.Option(help="Kind of page; may be repeated. All by default.")] = None,
    fonts: Annotated[Path | None, typer.Option(help="Folder of fonts; the system's by default.")] = None,
    exclude_fonts: Annotated[str, typer.Option(help="Leave out fonts with one of these words, a comma between.")] = "",
    text: Annotated[list[Path] | None, typer.Option(help="UTF-8 text file; may be repeated.")] = None,
    paper: Annotated[Path | None, typer.Option(help="Folder of photographs of paper; drawn by default.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same pages.")] = 0,
    jobs: Jobs = None,
    crops: Annotated[bool, typer.Option("--crops", help="Windows full of text instead of whole pages.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Render pages, their ink masks and their text with character boxes into a folder."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from bokwon.synthesis.pages.dataset import PageSet, make_pages

    settings = PageSet(
        count=count,
        size=parse_size(size),
        styles=tuple(style or ()),
        fonts=str(fonts) if fonts else None,
        exclude_fonts=tuple(word.strip() for word in exclude_fonts.split(",") if word.strip()),
        texts=tuple(str(file) for file in text or ()),
        paper=str(paper) if paper else None,
        seed=seed,
        crops=crops,
    )
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("pages", total=count)
        manifest = make_pages(
            settings, out, workers(jobs), lambda done, total: bar.update(task, completed=done, total=total)
        )
    typer.echo(str(manifest))
