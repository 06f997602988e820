"""`bokwon restore`: a damaged image and its mask in, the restored image out; or several of them, or a folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from bokwon.cli.console import Console, divert_native_messages
from bokwon.cli.options import (
    MAX_MPIXELS,
    STANDARD,
    Certain,
    Holes,
    MaskAs,
    MaskView,
    MaxMpixels,
    jobs_option,
    pixels_of,
    with_settings,
    workers,
)
from bokwon.cli.restore_paths import MASK_WORDS, expand_wildcards, is_iiif, place_in_folder
from bokwon.errors import ArgumentError
from bokwon.settings import CERTAIN, RestoreSettings
from bokwon.utilities.time_limit import DEFAULT_LIMIT

__all__ = ["restore"]

_MASKS, _OUTPUT, _FOLDERS = "Masks", "Output", "Folders"


@with_settings
def restore(
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="The damaged image (PNG, JPEG, TIFF, WebP, BMP, JPEG 2000 or PDF), several of them, a folder, "
            "a IIIF manifest or image (file or URL), or - for standard input.",
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Argument(
            metavar="OUTPUT",
            help="The file to write, in the format that its extension names; it may be INPUT. "
            "- is standard output. For several images or a folder, another folder.",
        ),
    ],
    mask: Annotated[
        str | None,
        typer.Option(
            "--mask",
            help="Read the mask from this picture: white on black, or a copy of the image, painted on or erased. "
            "For several pages it may be a folder of masks named NAME_p003.png. "
            "beside takes NAME-mask.* beside the image. auto lets bokwon find the damage.",
            metavar="beside|auto|MASK",
            show_default="beside, else auto where a detector is installed",
            rich_help_panel=_MASKS,
        ),
    ] = None,
    holes: Annotated[
        Holes, typer.Option("--holes", help="Colour of the holes in masks.", rich_help_panel=_MASKS)
    ] = "white",
    certain: Certain = CERTAIN,
    mask_as: Annotated[
        MaskAs,
        typer.Option(
            "--mask-as",
            help="Read masks in this way. painted: what differs from the image is hole. erased: what is transparent. "
            "drawn: what is opaque. labels: everything but 0. gray: at least half light. colour: what has a colour.",
            rich_help_panel=_MASKS,
        ),
    ] = "auto",
    mask_view: Annotated[
        MaskView,
        typer.Option(
            "--mask-view",
            help="Take masks as drawn on what viewers show (upright), or on the pixels as stored. "
            "It matters for photographs and PDF pages that viewers turn.",
            rich_help_panel=_MASKS,
        ),
    ] = "auto",
    fit_mask: Annotated[
        bool,
        typer.Option(
            "--fit-mask",
            help="Resize masks of the same page at another resolution, or off by one pixel.",
            rich_help_panel=_MASKS,
        ),
    ] = False,
    allow_large: Annotated[
        bool,
        typer.Option("--allow-large", help="Allow more than 60 % of a page to be hole.", rich_help_panel=_MASKS),
    ] = False,
    pages: Annotated[
        str | None,
        typer.Option(
            "--pages", metavar="RANGES", help="Restore these pages only: 3, 1,4-6 or 3-end.", rich_help_panel=_MASKS
        ),
    ] = None,
    output_format: Annotated[
        Literal["png", "tiff", "jpeg", "webp", "bmp", "jpeg2000"] | None,
        typer.Option(
            "--format",
            help="Write this format.",
            show_default="OUTPUT's; in a folder each file's own",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    record: Annotated[
        bool,
        typer.Option(
            "--record",
            help="Also write the folder OUTPUT.record: what was changed, by what, and the original pixels.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False,
    overlay: Annotated[
        bool,
        typer.Option(
            "--overlay",
            help="Like --record, with pictures that show how far each filled pixel lies from known ones.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False,
    no_mark: Annotated[
        bool, typer.Option("--no-mark", help="Do not mark OUTPUT as restored in its XMP.", rich_help_panel=_OUTPUT)
    ] = False,
    no_overwrite: Annotated[
        bool, typer.Option("--no-overwrite", help="Fail if OUTPUT exists.", rich_help_panel=_OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print nothing but warnings and errors.", rich_help_panel=_OUTPUT)
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Also print engine, model, tiles and time.", rich_help_panel=_OUTPUT)
    ] = False,
    masks: Annotated[
        Path | None,
        typer.Option(
            "--masks",
            metavar="DIR|CSV",
            help="Take the masks from this folder, named like the images, or from a table with the columns image,mask.",
            show_default="NAME-mask.* beside each image",
            rich_help_panel=_FOLDERS,
        ),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("-r", "--recursive", help="Go through the folders in INPUT too.", rich_help_panel=_FOLDERS)
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Leave out files that an earlier run finished.", rich_help_panel=_FOLDERS),
    ] = False,
    report: Annotated[
        bool,
        typer.Option(
            "--report/--no-report",
            help="Write OUTPUT/report.html: each page before and after, to be read and printed.",
            rich_help_panel=_FOLDERS,
        ),
    ] = True,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Restore the I-th of N parts, for N runs on machines that share the folders.",
            rich_help_panel=_FOLDERS,
        ),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Then wait for new images in INPUT, and restore them too, until you press Ctrl-C.",
            rich_help_panel=_FOLDERS,
        ),
    ] = False,
    settle: Annotated[
        float,
        typer.Option(
            "--settle",
            metavar="SECONDS",
            min=0.1,
            help="With --watch: take a file once it and its mask have not changed for this long.",
            rich_help_panel=_FOLDERS,
        ),
    ] = 10.0,
    jobs: Annotated[int | None, jobs_option(_FOLDERS)] = None,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Work on a Ray cluster.", rich_help_panel=_FOLDERS)
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="ADDRESS",
            help="Connect to the cluster at HOST:PORT, or local.",
            show_default="RAY_ADDRESS, else the one of this machine",
            rich_help_panel=_FOLDERS,
        ),
    ] = None,
    settings: RestoreSettings,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=0.001,
            help="Give up on a file that takes longer.",
            rich_help_panel="Advanced",
        ),
    ] = DEFAULT_LIMIT,
    max_mpixels: MaxMpixels = MAX_MPIXELS,
) -> None:
    """Fill the holes of damaged images.

    Size, mode, bit depth and metadata stay. Every pixel outside the holes stays.
    A JPEG is encoded anew.

    Examples:
    bokwon restore page.tif restored.tif --mask page-mask.png

    bokwon restore scans restored --masks masks --recursive --record

    bokwon restore leaf1.jpg leaf2.jpg restored/
    """
    console = Console(quiet=quiet, verbose=verbose)
    if (record or overlay) and output == STANDARD:
        raise ArgumentError("standard output has no place for a record", "name an output file")
    if not inputs:
        raise ArgumentError("Missing argument 'OUTPUT'", "see `bokwon restore --help`")
    found = expand_wildcards(inputs)
    given = mask is not None and mask not in MASK_WORDS
    iiif = is_iiif(found[0])
    folder = iiif or (found[0] != STANDARD and not given and Path(found[0]).is_dir())
    many = len(found) > 1
    if not many and not folder:
        output = place_in_folder(found[0], output, wildcard=found != inputs)
    for name, asked in (
        ("--masks", masks is not None),
        ("--resume", resume),
        ("--no-report", not report),
        ("--shard", shard is not None),
        ("--jobs", jobs not in (None, 1)),
        ("--cluster", cluster),
        ("--recursive", recursive),
    ):
        if asked and not (folder or (many and name != "--recursive")):
            raise ArgumentError(f"{name} is for folders", "name a folder as INPUT and no --mask, or leave it out")
    if watch and (not folder or cluster or shard is not None):
        raise ArgumentError("--watch is for one folder of this machine", "name a folder, without --cluster and --shard")
    for name, seconds, usual in (("--settle", settle, 10), ("--timeout", timeout, 3600)):
        if not math.isfinite(seconds):
            raise ArgumentError(f"{name} {seconds} is no number of seconds", f"give a number, such as {usual}")
    if address is not None and not cluster:
        raise ArgumentError("--address is that of a cluster", "add --cluster, or leave it out")
    if iiif and (watch or shard is not None):
        raise ArgumentError("--watch and --shard are for folders", "leave them out, or name the folder of the scans")
    if given and (many or iiif or Path(found[0]).is_dir()):
        raise ArgumentError(f"--mask {mask} is the mask of one image", "name a folder of masks or a table: --masks")
    if (folder or many) and output == STANDARD:
        several = "a manifest" if iiif else "a folder" if folder else "several images"
        raise ArgumentError(f"standard output cannot hold {several}", "name a folder for the outputs")
    if mask == "beside" and masks is not None:
        raise ArgumentError("--mask beside and --masks contradict each other", "use one of them")
    divert_native_messages()

    from bokwon.batch.found_masks import check_detector, detector_is_installed
    from bokwon.batch.job import Options
    from bokwon.batch.journal import Shard
    from bokwon.batch.page_ranges import select_pages
    from bokwon.image_io.masks import MaskOptions

    if pages is not None:
        select_pages(pages)
    find = certain if mask == "auto" or (mask is None and masks is None and detector_is_installed()) else None
    if mask == "auto":
        # Before anything else is done.
        check_detector()
    options = Options(
        masks=MaskOptions(holes == "white", mask_as, mask_view, fit_mask, allow_large),
        overwrite=not no_overwrite,
        max_pixels=pixels_of(max_mpixels),
        pages=None if iiif else pages,  # those of a manifest are files
        missing_pages=folder or many,
        record=record or overlay,
        overlay=overlay,
        mark=not no_mark,
        find=find,
    )
    format_name = output_format.upper() if output_format else None
    downloaded = None
    if iiif:
        from bokwon.cli.restore_iiif import download_scans

        downloaded = download_scans(found[0], Path(output), masks, pages, settings, options, console)
        found = [str(downloaded.folder)]
    if watch:
        from bokwon.cli.restore_folder import Workers
        from bokwon.cli.restore_watch import watch_folder

        watch_folder(
            Path(found[0]),
            Path(output),
            masks,
            settings=settings,
            options=options,
            file_format=format_name,
            recursive=recursive,
            workers=Workers(workers(jobs), timeout),
            console=console,
            settle=settle,
            ignore_masks=mask == "auto" and masks is None,
        )
    elif folder or many:
        from bokwon.cli.restore_folder import Workers, restore_folder

        restore_folder(
            Path(found[0]) if folder else [Path(name) for name in found],
            Path(output),
            masks,
            settings=settings,
            options=options,
            file_format=format_name,
            recursive=recursive,
            resume=resume,
            workers=Workers(jobs if cluster else workers(jobs), timeout, cluster, address),
            console=console,
            ignore_masks=mask == "auto" and masks is None,
            treatment=report,
            shard=None if shard is None else Shard.parse(shard),
            downloaded=downloaded,
        )
    else:
        from bokwon.cli.restore_one import restore_one

        restore_one(found[0], output, mask, settings, options, format_name, timeout, console)
