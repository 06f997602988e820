"""`bokwon restore`: a damaged image and its mask in, the restored image out; or a folder of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bokwon.cli.choices import (
    STANDARD,
    EngineName,
    Ensemble,
    Format,
    Grain,
    Ink,
    Letters,
    MaxMpixels,
    Method,
    Polarity,
    Precision,
    pixels_of,
)
from bokwon.cli.console import Voice, divert_native_messages
from bokwon.errors import ArgumentError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(name="restore")(restore)


def restore(
    image: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="Damaged image (PNG, JPEG, TIFF, WebP, BMP, JPEG 2000, PDF), - for standard input, or a folder.",
        ),
    ],
    output: Annotated[
        str,
        typer.Argument(
            metavar="OUTPUT",
            help="Restored image, in the format its extension names; - for standard output. May be INPUT. "
            "For a folder, another folder.",
        ),
    ],
    mask: Annotated[
        str | None,
        typer.Option(
            "--mask",
            metavar="MASK",
            help="Mask of the image's size, white where pixels are missing; "
            "or a folder of masks named NAME_p003.png, one a page.",
        ),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            "--masks",
            metavar="DIR|CSV",
            help="For a folder: masks of the images' names, or a table with columns image,mask. "
            "By default NAME-mask.* beside each image.",
        ),
    ] = None,
    holes: Annotated[Polarity, typer.Option("--holes", help="Colour of the holes in masks.")] = Polarity.white,
    method: Annotated[
        Method, typer.Option("--method", help="What fills: a trained model, or Telea or Navier-Stokes inpainting.")
    ] = Method.model,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME|FILE|hf:ID",
            help="Shipped or added model, an .onnx file, or hf:OWNER/NAME of the Hugging Face Hub.",
            show_default="document",
        ),
    ] = None,
    engine: Annotated[EngineName, typer.Option("--engine", help="What runs the model.")] = EngineName.auto,
    precision: Annotated[
        Precision,
        typer.Option(
            "--precision", help="int8: faster on x86-64, and nearly the same; bfloat16: by OpenVINO; auto chooses."
        ),
    ] = Precision.auto,
    letters: Annotated[
        Letters,
        typer.Option("--letters", help="leave: paper wherever the evidence is too far for a letter to be sure."),
    ] = Letters.restore,
    grain: Annotated[
        Grain,
        typer.Option(
            "--grain", help="match: give what is filled the grain of the paper around it; auto: for models for pages."
        ),
    ] = Grain.auto,
    ink: Annotated[
        Ink,
        typer.Option(
            "--ink",
            help="sharpen: smears in what is filled become ink or paper; clear: paper in doubt; "
            "auto: clear for models for pages.",
        ),
    ] = Ink.auto,
    ensemble: Annotated[
        Ensemble,
        typer.Option(
            "--ensemble", help="Mean of so many mirrored views: better for photographs, in as many times the time."
        ),
    ] = Ensemble.one,
    widen: Annotated[
        int,
        typer.Option(
            "--widen",
            metavar="PIXELS",
            min=0,
            max=32,
            help="Fill so many pixels around the holes too, where masks leave out the soft edge of the damage.",
        ),
    ] = 0,
    output_format: Annotated[
        Format | None,
        typer.Option("--format", help="Format to write; by default OUTPUT's, in a folder each file's own."),
    ] = None,
    pages: Annotated[
        str | None, typer.Option("--pages", metavar="RANGES", help="Pages to restore, such as 3, 1,4-6 or 3-end.")
    ] = None,
    recursive: Annotated[bool, typer.Option("-r", "--recursive", help="Go through the folder's folders too.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave out the files that a run before this one did.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "-j", "--jobs", min=1, help="For a folder: worker processes.", show_default="1; --cluster: one a core"
        ),
    ] = None,
    cluster: Annotated[bool, typer.Option("--cluster", help="For a folder: work on a Ray cluster.")] = False,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="ADDRESS",
            help="The cluster's, HOST:PORT, or local.",
            show_default="RAY_ADDRESS, else the one of this machine",
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads of each worker.", show_default="all cores, shared")
    ] = None,
    max_mpixels: MaxMpixels = 400,
    record: Annotated[
        bool, typer.Option("--record", help="Leave OUTPUT.record: what was changed, by what, and the original pixels.")
    ] = False,
    overlay: Annotated[
        bool, typer.Option("--overlay", help="Like --record, with pictures of how far each pixel's evidence lies.")
    ] = False,
    no_overwrite: Annotated[bool, typer.Option("--no-overwrite", help="Fail if OUTPUT exists.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say engine, model, tiles and time.")] = False,
) -> None:
    """Fill the holes of damaged images.

    Size, mode, bit depth and metadata stay; every pixel outside the holes stays as it is (JPEG output is encoded anew).
    """
    if quiet and verbose:
        raise ArgumentError("-q and -v contradict each other", "use one of them")
    if (record or overlay) and output == STANDARD:
        raise ArgumentError("standard output has no place for a record", "name an output file")
    if model is not None and method is not Method.model:
        raise ArgumentError(f"--method {method.value} uses no model", "leave out --model or --method")
    for name, given in (
        ("--engine", engine is not EngineName.auto),
        ("--precision", precision is not Precision.auto),
        ("--ensemble", ensemble is not Ensemble.one),
    ):
        if given and method is not Method.model:
            raise ArgumentError(f"--method {method.value} runs no model", f"leave out {name} or --method")
    folder = image != STANDARD and mask is None and Path(image).is_dir()
    for name, given in (
        ("--masks", masks is not None),
        ("--recursive", recursive),
        ("--resume", resume),
        ("--jobs", jobs not in (None, 1)),
        ("--cluster", cluster),
    ):
        if given and not folder:
            raise ArgumentError(f"{name} is for folders", "name a folder as INPUT and no --mask, or leave it out")
    if address is not None and not cluster:
        raise ArgumentError("--address is that of a cluster", "add --cluster, or leave it out")
    if folder and output == STANDARD:
        raise ArgumentError("standard output has no place for a folder", "name a folder for the outputs")
    divert_native_messages()
    voice = Voice(quiet=quiet, verbose=verbose)

    from bokwon.batch.job import Options, Recipe
    from bokwon.batch.page_ranges import select_pages
    from bokwon.inpaint.models import DEFAULT_MODEL

    if pages is not None:
        select_pages(pages)
    options = Options(
        white_is_hole=holes is Polarity.white,
        overwrite=not no_overwrite,
        max_pixels=pixels_of(max_mpixels),
        pages=pages,
        missing_pages=folder,
        record=record or overlay,
        overlay=overlay,
    )
    recipe = Recipe(
        model or DEFAULT_MODEL,
        method=method.value,
        threads=threads,
        letters=letters.value,
        engine=engine.value,
        grain=grain.value,
        precision=precision.value,
        ink=ink.value,
        ensemble=int(ensemble.value),
        widen=widen,
    )
    format_name = output_format.value.upper() if output_format else None
    if folder:
        from bokwon.cli.restore_folder import Workers, restore_folder

        restore_folder(
            Path(image),
            Path(output),
            masks,
            recipe=recipe,
            options=options,
            file_format=format_name,
            recursive=recursive,
            resume=resume,
            workers=Workers(jobs, cluster, address),
            voice=voice,
        )
    else:
        from bokwon.cli.restore_one import restore_one

        restore_one(image, output, mask, recipe, options, format_name, voice)
