"""One damaged image and its mask in, the restored image out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bokwon.cli.choices import STANDARD
from bokwon.cli.console import Voice
from bokwon.errors import ArgumentError

if TYPE_CHECKING:
    from bokwon.batch.job import Options, Recipe
    from bokwon.image_io.reader import Source
    from bokwon.inpaint.restorer import Restorer

__all__ = ["introduce", "restore_one"]


def restore_one(
    image: str,
    output: str,
    mask: str | None,
    recipe: Recipe,
    options: Options,
    file_format: str | None,
    voice: Voice,
) -> None:
    """Restore one file as the command line asks for it.

    Args:
        image: The damaged image, or `STANDARD`.
        output: Where to, or `STANDARD`.
        mask: Its mask, a folder of masks of its pages, or `STANDARD`.
        recipe: What fills the holes.
        options: How files are read and written.
        file_format: The format to write; by default the one that `output` names.
        voice: What tells how it goes.

    Raises:
        BokwonError: Whatever went wrong.
    """
    from time import perf_counter

    begun = perf_counter()
    from bokwon.batch.job import Job
    from bokwon.batch.mask_matching import Masks, masks_of_pages
    from bokwon.batch.single_file import restore_file
    from bokwon.image_io.reader import Source
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
    source = _from_stdin(voice) if image == STANDARD else Source.of(Path(image))
    if mask != STANDARD and Path(mask).is_dir():
        masks = masks_of_pages(Path(image), Path(mask))
    else:
        masks = Masks(_from_stdin(voice) if mask == STANDARD else Source.of(Path(mask)))
    job = Job(source, masks, target, file_format, options)
    restorer = recipe.restorer()
    introduce(restorer, voice)
    outcome = restore_file(job, restorer, voice.tell, progress=voice.tiles)
    destination = "standard output" if target is None else str(target)
    voice.tell("detail", f"wrote {destination}: {outcome.tiles} tiles, {perf_counter() - begun:.2f} s")


def _from_stdin(voice: Voice) -> Source:
    from bokwon.image_io.reader import Source

    if sys.stdin.isatty():
        raise ArgumentError("standard input is a terminal", "pipe an image into the command, or name a file")
    voice.tell("detail", "reading standard input")
    return Source("standard input", data=sys.stdin.buffer.read())


def introduce(restorer: Restorer, voice: Voice) -> None:
    """Say what fills the holes."""
    voice.tell("detail", f"engine {restorer.engine.description}")
    if restorer.model is not None:
        voice.tell("detail", f"model {restorer.model.name}, sha256 {restorer.sha256}")
        if restorer.model.card is None:
            voice.tell("detail", f"model file {restorer.model.path} has no card: nothing vouches for it")
