"""`bokwon restore`: a damaged image and its mask in, the restored image out; or a folder of them."""

from __future__ import annotations

import math
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bokwon.cli.voice import Voice, divert_native_messages
from bokwon.errors import ArgumentError

if TYPE_CHECKING:
    from bokwon.imaging.files import Source
    from bokwon.restore.job import Options, Recipe
    from bokwon.restore.restorer import Restorer

__all__ = ["MaxMpixels", "Polarity", "introduce", "pixels_of", "register"]

_STANDARD = "-"
_MEGA = 1_000_000

MaxMpixels = Annotated[float, typer.Option("--max-mpixels", min=0.000001, help="Refuse larger images, in megapixels.")]


class Polarity(str, Enum):
    """Which side of a mask is hole."""

    white = "white"
    black = "black"


class Method(str, Enum):
    """What fills the holes."""

    model = "model"
    telea = "telea"
    ns = "ns"


class Letters(str, Enum):
    """Whether strokes may be made up."""

    restore = "restore"
    leave = "leave"


class Grain(str, Enum):
    """Whether what is filled gets the grain of the paper."""

    off = "off"
    match = "match"


class Ink(str, Enum):
    """Whether fills come out as ink or paper."""

    off = "off"
    sharpen = "sharpen"
    clear = "clear"


class Ensemble(str, Enum):
    """Of how many views of a tile the mean is taken."""

    one = "1"
    two = "2"
    four = "4"


class EngineName(str, Enum):
    """What runs model files."""

    auto = "auto"
    onnx = "onnx"
    openvino = "openvino"


class Precision(str, Enum):
    """What a model computes with."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"
    int8 = "int8"


class Format(str, Enum):
    """Formats that can be written."""

    png = "png"
    tiff = "tiff"
    jpeg = "jpeg"
    webp = "webp"
    bmp = "bmp"
    jpeg2000 = "jpeg2000"


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
        typer.Option("--model", metavar="NAME|FILE", help="Shipped model, or an .onnx file.", show_default="document"),
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
        Grain, typer.Option("--grain", help="match: give what is filled the grain of the paper around it.")
    ] = Grain.off,
    ink: Annotated[
        Ink,
        typer.Option("--ink", help="sharpen: smears in what is filled become ink or paper; clear: paper in doubt."),
    ] = Ink.off,
    ensemble: Annotated[
        Ensemble,
        typer.Option(
            "--ensemble", help="Mean of so many mirrored views: better for photographs, in as many times the time."
        ),
    ] = Ensemble.one,
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
    if (record or overlay) and output == _STANDARD:
        raise ArgumentError("standard output has no place for a record", "name an output file")
    if model is not None and method is not Method.model:
        raise ArgumentError(f"--method {method.value} uses no model", "leave out --model or --method")
    if engine is not EngineName.auto and method is not Method.model:
        raise ArgumentError(f"--method {method.value} runs no model", "leave out --engine or --method")
    if precision is not Precision.auto and method is not Method.model:
        raise ArgumentError(f"--method {method.value} runs no model", "leave out --precision or --method")
    if ensemble is not Ensemble.one and method is not Method.model:
        raise ArgumentError(f"--method {method.value} runs no model", "leave out --ensemble or --method")
    folder = image != _STANDARD and mask is None and Path(image).is_dir()
    for name, given in (
        ("--masks", masks),
        ("--recursive", recursive),
        ("--resume", resume),
        ("--jobs", jobs not in (None, 1)),
        ("--cluster", cluster),
    ):
        if given and not folder:
            raise ArgumentError(f"{name} is for folders", "name a folder as INPUT and no --mask, or leave it out")
    if address is not None and not cluster:
        raise ArgumentError("--address is that of a cluster", "add --cluster, or leave it out")
    if folder and output == _STANDARD:
        raise ArgumentError("standard output has no place for a folder", "name a folder for the outputs")
    divert_native_messages()
    voice = Voice(quiet=quiet, verbose=verbose)

    from bokwon.restore.job import Options, Recipe
    from bokwon.restore.models import DEFAULT_MODEL
    from bokwon.restore.page_ranges import select_pages

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
        _restore_one(image, output, mask, recipe, options, format_name, voice)


def _restore_one(
    image: str,
    output: str,
    mask: str | None,
    recipe: Recipe,
    options: Options,
    file_format: str | None,
    voice: Voice,
) -> None:
    from time import perf_counter

    begun = perf_counter()
    from bokwon.imaging.files import Source
    from bokwon.imaging.output import check_target
    from bokwon.restore.job import Job
    from bokwon.restore.masks import Masks, masks_of_pages
    from bokwon.restore.one_file import restore_file

    if mask is None:
        raise ArgumentError("Missing option '--mask'", "see `bokwon restore --help`")
    if image == mask == _STANDARD:
        raise ArgumentError("INPUT and MASK cannot both come from standard input", "name a file for one of them")
    if output == _STANDARD and sys.stdout.isatty():
        raise ArgumentError("standard output is a terminal", "redirect it, or name an output file")
    target = None if output == _STANDARD else Path(output)
    if target is not None:
        # Before anything is loaded or read from a pipe: these mistakes are the cheapest to find.
        _ = Job(Source(""), Masks(), target, file_format).output_format
        check_target(target, overwrite=options.overwrite)
    source = _from_stdin(voice) if image == _STANDARD else Source.of(Path(image))
    if mask != _STANDARD and Path(mask).is_dir():
        masks = masks_of_pages(Path(image), Path(mask))
    else:
        masks = Masks(_from_stdin(voice) if mask == _STANDARD else Source.of(Path(mask)))
    job = Job(source, masks, target, file_format, options)
    restorer = recipe.restorer()
    introduce(restorer, voice)
    outcome = restore_file(job, restorer, voice.tell, progress=voice.tiles)
    destination = "standard output" if target is None else str(target)
    voice.tell("detail", f"wrote {destination}: {outcome.tiles} tiles, {perf_counter() - begun:.2f} s")


def _from_stdin(voice: Voice) -> Source:
    from bokwon.imaging.files import Source

    if sys.stdin.isatty():
        raise ArgumentError("standard input is a terminal", "pipe an image into the command, or name a file")
    voice.tell("detail", "reading standard input")
    return Source("standard input", data=sys.stdin.buffer.read())


def pixels_of(megapixels: float) -> int:
    """Return the limit that --max-mpixels sets.

    Raises:
        ArgumentError: It is no number.
    """
    if not math.isfinite(megapixels):
        raise ArgumentError(f"--max-mpixels {megapixels} is no number of megapixels", "give a number, such as 2000")
    return round(megapixels * _MEGA)


def introduce(restorer: Restorer, voice: Voice) -> None:
    """Say what fills the holes."""
    voice.tell("detail", f"engine {restorer.engine.description}")
    if restorer.model is not None:
        voice.tell("detail", f"model {restorer.model.name}, sha256 {restorer.sha256}")
        if restorer.model.card is None:
            voice.tell("detail", f"model file {restorer.model.path} has no card: nothing vouches for it")
