"""One damaged image and its mask in, the restored image out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bokwon.cli.console import Console
from bokwon.cli.options import STANDARD
from bokwon.errors import ArgumentError

if TYPE_CHECKING:
    from bokwon.batch.job import Options
    from bokwon.image_io.reader import Source
    from bokwon.inpaint.restorer import Restorer
    from bokwon.settings import RestoreSettings

__all__ = ["introduce", "restore_one"]


def restore_one(
    image: str,
    output: str,
    mask: str | None,
    settings: RestoreSettings,
    options: Options,
    file_format: str | None,
    timeout: float,
    console: Console,
) -> None:
    """Restore one file as the command line asks for it.

    Args:
        image: The damaged image, or `STANDARD`.
        output: Where to, or `STANDARD`.
        mask: Its mask, a folder of masks of its pages, or `STANDARD`.
        settings: What fills the holes, and how.
        options: How files are read and written.
        file_format: The format to write; by default the one that `output` names.
        timeout: Seconds that it may take.
        console: What tells how it goes.

    Raises:
        BokwonError: Whatever went wrong.
    """
    from time import perf_counter

    from bokwon.utilities.time_limit import supervised

    begun = perf_counter()
    # Before libraries are loaded that have threads.
    supervised(image, timeout, lambda: _tidy(output))
    from bokwon.batch.job import Job
    from bokwon.batch.mask_matching import Masks, masks_of_pages
    from bokwon.batch.single_file import restore_file
    from bokwon.image_io.reader import Source
    from bokwon.inpaint.restorer import Restorer
    from bokwon.utilities.atomic import check_target

    if mask is None:
        raise ArgumentError("Missing option '--mask'", "see `bokwon restore --help`")
    if image == mask == STANDARD:
        raise ArgumentError("INPUT and MASK cannot both come from standard input", "name a file for one of them")
    if output == STANDARD and sys.stdout.isatty():
        raise ArgumentError("standard output is a terminal", "redirect it, or name an output file")
    target = None if output == STANDARD else Path(output)
    if target is not None:
        # Before anything is loaded or read from a pipe: these mistakes are the cheapest to find.
        _ = Job(Source(""), Masks(), target, file_format).output_format
        check_target(target, overwrite=options.overwrite)
    source = _from_stdin(console) if image == STANDARD else Source.of(Path(image))
    if mask != STANDARD and Path(mask).is_dir():
        masks = masks_of_pages(Path(image), Path(mask))
    else:
        masks = Masks(_from_stdin(console) if mask == STANDARD else Source.of(Path(mask)))
    job = Job(source, masks, target, file_format, options)
    restorer = Restorer(settings)
    introduce(restorer, console)
    outcome = restore_file(job, restorer, console.tell, progress=console.tiles)
    destination = "standard output" if target is None else str(target)
    console.tell("detail", f"wrote {destination}: {outcome.tiles} tiles, {perf_counter() - begun:.2f} s")


def _tidy(output: str) -> None:
    """Remove what a restoration that was ended has left unfinished."""
    from bokwon.provenance.unfinished import finish_unfinished
    from bokwon.utilities.atomic import remove_own_parts

    if output != STANDARD:
        target = Path(output)
        remove_own_parts(target.resolve().parent)
        finish_unfinished(target)


def _from_stdin(console: Console) -> Source:
    from bokwon.image_io.reader import Source
    from bokwon.utilities.streams import read_standard_input

    if sys.stdin.isatty():
        raise ArgumentError("standard input is a terminal", "pipe an image into the command, or name a file")
    console.tell("detail", "reading standard input")
    return Source("standard input", data=read_standard_input())


def introduce(restorer: Restorer, console: Console) -> None:
    """Say what fills the holes."""
    console.tell("detail", f"engine {restorer.engine.description}")
    if restorer.model is not None:
        console.tell("detail", f"model {restorer.model.name}, sha256 {restorer.sha256}")
        if restorer.model.card is None:
            console.tell("detail", f"model file {restorer.model.path} has no card: nothing vouches for it")
