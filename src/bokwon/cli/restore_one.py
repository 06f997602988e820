"""One damaged image and its mask in, the restored image out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bokwon.cli.console import Console
from bokwon.cli.options import STANDARD
from bokwon.errors import ArgumentError, importing

if TYPE_CHECKING:
    from bokwon.batch.job import Options, Outcome
    from bokwon.image_io.reader import Source
    from bokwon.inpaint.restorer import Restorer
    from bokwon.settings import RestoreSettings

__all__ = ["announce_search", "introduce", "restore_one"]


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
        mask: Its mask, a folder of masks of its pages, `STANDARD`, `beside` or `auto`; by default `beside`,
            else what `options.find` says.
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
    # Before OpenCV and the engines are loaded, whose threads a forked process would lack.
    supervised(image, timeout, lambda: _tidy(output))
    from bokwon.batch.found_masks import load_detector
    from bokwon.batch.job import Job
    from bokwon.batch.mask_matching import Masks, masks_beside, masks_of_pages
    from bokwon.batch.single_file import restore_file
    from bokwon.image_io.reader import Source
    from bokwon.inpaint.restorer import Restorer
    from bokwon.utilities.atomic import check_target

    if image == mask == STANDARD:
        raise ArgumentError("INPUT and MASK cannot both come from standard input", "name a file for one of them")
    if output == STANDARD and sys.stdout.isatty():
        raise ArgumentError("standard output is a terminal", "redirect it, or name an output file")
    target = None if output == STANDARD else Path(output)
    if target is not None:
        # Before anything is loaded or read from a pipe: these mistakes are the cheapest to find.
        _ = Job(Source(""), Masks(), target, file_format).output_format
        check_target(target, overwrite=options.overwrite)
    if image == STANDARD and mask in (None, "beside"):
        raise ArgumentError("standard input has no mask beside it", "name the mask: --mask FILE, or --mask auto")
    source = _from_stdin(console) if image == STANDARD else Source.of(Path(image))
    if mask == "auto":
        masks = Masks()
    elif mask in (None, "beside"):
        masks = masks_beside(Path(image))
        if not masks and (options.find is None or mask == "beside"):
            fix = f"name the mask: --mask FILE, or call it {Path(image).stem}-mask.png"
            raise ArgumentError(f"no mask lies beside {image}", fix)
    elif mask != STANDARD and Path(mask).is_dir():
        masks = masks_of_pages(Path(image), Path(mask))
    else:
        masks = Masks(_from_stdin(console) if mask == STANDARD else Source.of(Path(mask)))
    job = Job(source, masks, target, file_format, options)
    find = None
    if not masks and options.find is not None:
        find = load_detector(options.find)
        console.tell("summary", f"no mask is given: {announce_search(options.find)}")
    restorer = Restorer(settings, loaded=lambda loaded: introduce(loaded, console))
    with importing("OpenCV cannot be imported: {error}", "pip install opencv-python-headless"):
        import cv2
    # Pages are divided among threads already. Those of OpenCV would only wait for a core.
    cv2.setNumThreads(1)
    outcome = restore_file(job, restorer, console.tell, find=find, progress=console.tiles)
    destination = "standard output" if target is None else str(target)
    console.tell("summary", f"wrote {destination}: {_told(outcome, source.name)}")
    console.tell("detail", f"{outcome.tiles} tiles, {perf_counter() - begun:.2f} s")


def announce_search(certain: float) -> str:
    """Report what is done with images without a mask."""
    return f"bokwon finds the damage by itself, and fills regions with a confidence of at least {certain:g}"


def _told(outcome: Outcome, image: str) -> str:
    """Say how much of an image was filled, and by which mask."""
    from bokwon.batch.found_masks import counted

    left = f", left {counted(outcome.regions_left)}" if outcome.regions_left else ""
    if outcome.searched:
        if not outcome.restored:
            state = "no damage found with enough confidence" if outcome.uncertain else "undamaged"
            return f"{image} unchanged, {state}{left}"
        share = f"{outcome.hole / outcome.pixels:.2%}"
        pages = "" if outcome.pages == 1 else f" on {outcome.restored} of {outcome.pages} pages"
        return f"{share} of {image} filled{pages}, found {counted(outcome.regions_filled)}{left}"
    if not outcome.restored:
        return f"{image} unchanged, nothing is filled"
    share = f"{outcome.hole / outcome.pixels:.2%}"
    if outcome.pages == 1:
        return f"{share} of {image} filled, mask {outcome.readings[0][0]}: {outcome.readings[0][1]}"
    names = list(dict.fromkeys(name for name, _ in outcome.readings))
    masks = f"mask{'s' * (len(names) > 1)} {', '.join(names[:3])}{' ...' * (len(names) > 3)}"
    return f"{outcome.restored} of {outcome.pages} pages of {image} filled, {share} of their area, {masks}"


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
            console.tell("detail", f"model file {restorer.model.path} has no card, so it cannot be checked")
