"""`bokwon detect`: a page in, the mask of its damage out."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bokwon.cli.console import Console, divert_native_messages
from bokwon.cli.options import MAX_MPIXELS, STANDARD, MaxMpixels, pixels_of
from bokwon.errors import ArgumentError
from bokwon.settings import DETECTION_GROW, DETECTION_THRESHOLD, DETECTOR

if TYPE_CHECKING:
    from bokwon.detection.detector import Damage
    from bokwon.image_io.metadata import Metadata
    from bokwon.image_io.page import Page

__all__ = ["detect"]


def detect(
    image: Annotated[
        str,
        typer.Argument(
            metavar="INPUT", help="Image (PNG, JPEG, TIFF, WebP, BMP, JPEG 2000, PDF), or - for standard input."
        ),
    ],
    mask: Annotated[
        str,
        typer.Argument(
            metavar="MASK",
            help="Mask to write, white where damage is to be filled: .png, .tif or .bmp; - for standard output (PNG). "
            "For a file of several pages, a folder.",
        ),
    ],
    kinds: Annotated[
        str | None,
        typer.Option(
            "--kinds",
            metavar="KIND,...",
            help="Kinds to put into the mask: missing-paper, tear, crease, scratch, abrasion, hiding-stain, "
            "readable-stain, film-and-dust. By default all but readable-stain.",
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option("--threshold", help="Least confidence of a region in the mask, above 0 and at most 1.")
    ] = DETECTION_THRESHOLD,
    min_area: Annotated[
        int | None,
        typer.Option(
            "--min-area",
            metavar="PIXELS",
            min=0,
            help="Leave out smaller regions.",
            show_default="12 at a longest side of 1,750 pixels",
        ),
    ] = None,
    grow: Annotated[
        int,
        typer.Option(
            "--grow", metavar="PIXELS", min=0, max=32, help="Grow the mask, to cover the soft edge of the damage."
        ),
    ] = DETECTION_GROW,
    outline: Annotated[
        bool,
        typer.Option("--outline", help="Also mark what is torn off the sheet, up to its former straight edges."),
    ] = False,
    overlay: Annotated[
        Path | None,
        typer.Option("--overlay", metavar="FILE", help="Also write a picture of what was found; .png or .jpg."),
    ] = None,
    model: Annotated[
        str,
        typer.Option("--model", metavar="NAME|FILE", help="Shipped model, or an .onnx file.", show_default=DETECTOR),
    ] = DETECTOR,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads of the engine.", show_default="all cores")
    ] = None,
    max_mpixels: MaxMpixels = MAX_MPIXELS,
    no_overwrite: Annotated[bool, typer.Option("--no-overwrite", help="Fail if MASK or the overlay exists.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but warnings and errors.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say each region.")] = False,
) -> None:
    """Find the damage of a page and write it as a mask.

    If nothing is found with enough confidence, the mask is empty and the exit code 0. Look at the mask before you
    restore with it.
    """
    console = Console(quiet=quiet, verbose=verbose)
    divert_native_messages()

    from bokwon.detection.detector import Detector
    from bokwon.image_io.document import open_document
    from bokwon.image_io.source import Source
    from bokwon.utilities.streams import read_standard_input

    names = None if kinds is None else tuple(name.strip() for name in kinds.split(",") if name.strip())
    if mask == STANDARD and sys.stdout.isatty():
        raise ArgumentError("standard output is a terminal", "redirect it, or name a mask file")
    if image == STANDARD and sys.stdin.isatty():
        raise ArgumentError("standard input is a terminal", "pipe an image into the command, or name a file")
    for path in ([] if mask == STANDARD else [Path(mask)]) + ([overlay] if overlay else []):
        _check_not_input(image, path)
    if overlay and mask != STANDARD and not overlay.is_dir() and overlay.resolve() == Path(mask).resolve():
        raise ArgumentError(f"{overlay} is the mask", "name another file for the overlay; the mask would be lost")
    source = Source("standard input", data=read_standard_input()) if image == STANDARD else Source.of(Path(image))
    with open_document(source, max_pixels=pixels_of(max_mpixels)) as document:
        targets = _targets(source.name, mask, document.pages)
        pictures = _overlays(source.name, overlay, document.pages) if overlay else []
        _check_targets(targets, pictures, overwrite=not no_overwrite)
        detector = Detector(
            model,
            kinds=names,
            threshold=threshold,
            min_area=min_area,
            grow=grow,
            outline=outline,
            threads=threads,
        )
        for number, target in enumerate(targets, 1):
            page = document.page(number)
            for notice in page.notices:
                console.tell("note", notice)
            for warning in page.warnings:
                console.tell("warning", warning)
            # As viewers show it, and as the detector has learned to see pages.
            page = replace(page, pixels=page.upright.apply(page.pixels), metadata=_metadata(page), shown=None)
            damage = detector.find(page.pixels, page.mode)
            _write(target, _mask_page(damage, page), overwrite=not no_overwrite)
            if pictures:
                _write(pictures[number - 1], _overlay_page(damage, page), overwrite=not no_overwrite)
            named = source.name if document.pages == 1 else f"{source.name}, page {number}"
            _report(damage, named, "standard output" if target is None else str(target), console)


def _check_not_input(image: str, path: Path) -> None:
    if image != STANDARD and path.exists() and Path(image).exists() and path.samefile(image):
        raise ArgumentError(f"{path} is the image itself", "name another file; the image would be lost")


def _overlays(name: str, overlay: Path, pages: int) -> list[Path]:
    """Where the pictures of what was found go, one a page."""
    if pages == 1:
        return [overlay]
    if not overlay.is_dir():
        raise ArgumentError(
            f"{name} has {pages} pages, and the overlay shows one", f"name a folder that exists, not {overlay}"
        )
    return [overlay / f"{Path(name).stem}_p{number:03d}-found.png" for number in range(1, pages + 1)]


def _targets(name: str, mask: str, pages: int) -> list[Path | None]:
    """Where the masks go, one a page; None for standard output."""
    if pages == 1:
        return [None if mask == STANDARD else Path(mask)]
    folder = Path(mask)
    if mask == STANDARD or not folder.is_dir():
        raise ArgumentError(
            f"{name} has {pages} pages, and a mask file holds one",
            f"name a folder for the masks that exists, not {mask}",
        )
    stem = Path(name).stem
    return [folder / f"{stem}_p{number:03d}.png" for number in range(1, pages + 1)]


def _check_targets(targets: list[Path | None], pictures: list[Path], *, overwrite: bool) -> None:
    """Find out before any work whether everything can be written."""
    from bokwon.image_io.formats import EXTENSIONS
    from bokwon.utilities.atomic import check_target

    for target in targets:
        if target is None:
            continue
        if EXTENSIONS.get(target.suffix.lower()) not in ("PNG", "TIFF", "BMP"):
            raise ArgumentError(
                f"{target} is no name for a mask: JPEG and its like blur the edges of masks",
                "let it end in .png, .tif or .bmp",
            )
        check_target(target, overwrite=overwrite)
    for picture in pictures:
        if EXTENSIONS.get(picture.suffix.lower()) not in ("PNG", "JPEG"):
            raise ArgumentError(f"{picture} is no name for the overlay", "let it end in .png or .jpg")
        check_target(picture, overwrite=overwrite)


def _metadata(page: Page) -> Metadata:
    """Return what of a page's metadata its upright mask has, too: the resolution."""
    from bokwon.image_io.metadata import Metadata

    dpi = page.metadata.dpi
    return Metadata(dpi=dpi[::-1] if dpi and page.upright.swaps_sides else dpi)


def _mask_page(damage: Damage, page: Page) -> Page:
    import numpy as np

    return replace(page, pixels=np.where(damage.hole, np.uint8(255), np.uint8(0)), mode="L")


def _overlay_page(damage: Damage, page: Page) -> Page:
    from bokwon.detection.detector import as_gray
    from bokwon.detection.overlay import draw_overlay

    picture = draw_overlay(as_gray(page.pixels, page.mode), damage)
    return replace(page, pixels=picture, mode="RGB")


def _write(target: Path | None, page: Page, *, overwrite: bool) -> None:
    from bokwon.image_io.output_formats import encode_page, format_of
    from bokwon.utilities.streams import open_output

    with open_output(target, overwrite=overwrite) as stream:
        encode_page(stream, page.pixels, page.mode, format_of(target) if target else "PNG", page.metadata)


def _report(damage: Damage, name: str, target: str, console: Console) -> None:
    """Say in one line what was found and where the mask is."""
    from collections import Counter

    from bokwon.batch.found_masks import counted
    from bokwon.types import READABLE

    filled = [region for region in damage.regions if region.filled]
    left = len(damage.regions) - len(filled)
    for region in damage.regions:
        x0, y0, x1, y1 = region.box
        done = "in the mask" if region.filled else "left out"
        console.tell(
            "detail",
            f"{region.kind} {x1 - x0}x{y1 - y0} at {x0},{y0}: confidence {region.confidence:.2f}, {done}",
        )
    also = f"; {left} region{'s' * (left > 1)} of less confidence or other kinds left out" if left else ""
    if damage.undamaged:
        unsure = any(region.kind != READABLE for region in damage.regions)
        state = "no damage found with enough confidence" if unsure else "undamaged, nothing to fill"
        console.tell("summary", f"{name}: {state}{also}; wrote an empty mask to {target}")
        return
    kinds = counted(Counter(region.kind for region in filled))
    console.tell("summary", f"{name}: {damage.hole.mean():.2%} to fill ({kinds}){also}; wrote {target}")
