"""`bokwon restore`: one damaged image and its mask in, the restored image out."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bokwon.errors import ArgumentError

if TYPE_CHECKING:
    from bokwon.imaging.files import Source
    from bokwon.restore.restorer import Restorer

__all__ = ["register"]

_STANDARD = "-"


class Polarity(str, Enum):
    """Which side of a mask is hole."""

    white = "white"
    black = "black"


class Method(str, Enum):
    """What fills the holes."""

    model = "model"
    telea = "telea"
    ns = "ns"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(name="restore")(restore)


def restore(
    image: Annotated[
        str, typer.Argument(metavar="INPUT", help="Damaged image: PNG, JPEG, TIFF, WebP or BMP; - for standard input.")
    ],
    output: Annotated[
        str,
        typer.Argument(
            metavar="OUTPUT",
            help="Restored image, in the format its extension names; - for PNG on standard output. May be INPUT.",
        ),
    ],
    mask: Annotated[
        str, typer.Option("--mask", metavar="MASK", help="Mask of the image's size, white where pixels are missing.")
    ],
    holes: Annotated[Polarity, typer.Option("--holes", help="Colour of the holes in MASK.")] = Polarity.white,
    method: Annotated[
        Method, typer.Option("--method", help="What fills: a trained model, or Telea or Navier-Stokes inpainting.")
    ] = Method.model,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME|FILE", help="Shipped model, or an .onnx file.", show_default="document"),
    ] = None,
    no_overwrite: Annotated[bool, typer.Option("--no-overwrite", help="Fail if OUTPUT exists.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say engine, model, tiles and time.")] = False,
) -> None:
    """Fill the holes of a damaged image.

    Size, mode, bit depth and metadata stay; every pixel outside the holes stays as it is (JPEG output is encoded anew).
    """
    if quiet and verbose:
        raise ArgumentError("-q and -v contradict each other", "use one of them")
    if image == mask == _STANDARD:
        raise ArgumentError("INPUT and MASK cannot both come from standard input", "name a file for one of them")
    if model is not None and method is not Method.model:
        raise ArgumentError(f"--method {method.value} uses no model", "leave out --model or --method")
    if output == _STANDARD and sys.stdout.isatty():
        raise ArgumentError("standard output is a terminal", "redirect it, or name an output file")
    _divert_native_messages()
    voice = _Voice(quiet=quiet, verbose=verbose)
    target = None if output == _STANDARD else Path(output)

    from time import perf_counter

    begun = perf_counter()
    from bokwon.imaging.files import Source
    from bokwon.imaging.formats import format_of
    from bokwon.imaging.output import check_target
    from bokwon.restore.job import Job, restore_file
    from bokwon.restore.models import DEFAULT_MODEL
    from bokwon.restore.restorer import Restorer

    if target is not None:
        # Before anything is loaded or read from a pipe: these mistakes are the cheapest to find.
        format_of(target)
        check_target(target, overwrite=not no_overwrite)
    source, mask_source = (_from_stdin(voice) if name == _STANDARD else Source.of(Path(name)) for name in (image, mask))
    if target is not None and target.exists() and mask_source.path and target.samefile(mask_source.path):
        raise ArgumentError("OUTPUT is the mask itself", "name another output")
    restorer = Restorer(model or DEFAULT_MODEL, method=method.value)
    _introduce(restorer, voice)
    job = Job(source, mask_source, target, white_is_hole=holes is Polarity.white, overwrite=not no_overwrite)
    tiles = restore_file(job, restorer, voice.tell, progress=voice.progress)
    destination = "standard output" if target is None else str(target)
    voice.tell("detail", f"wrote {destination}: {tiles} tiles, {perf_counter() - begun:.2f} s")


def _divert_native_messages() -> None:
    """Keep libtiff and its like, which print past Python, from talking between the command's own lines."""
    stream = sys.__stderr__
    if stream is None or sys.stderr is not stream or os.environ.get("BOKWON_DEBUG"):
        return
    descriptor = stream.fileno()
    stream.flush()
    sys.stderr = os.fdopen(os.dup(descriptor), "w", buffering=1, encoding=stream.encoding, errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _from_stdin(voice: _Voice) -> Source:
    from bokwon.imaging.files import Source

    if sys.stdin.isatty():
        raise ArgumentError("standard input is a terminal", "pipe an image into the command, or name a file")
    voice.tell("detail", "reading standard input")
    return Source("standard input", data=sys.stdin.buffer.read())


def _introduce(restorer: Restorer, voice: _Voice) -> None:
    voice.tell("detail", f"engine {restorer.engine.description}")
    if restorer.model is not None:
        voice.tell("detail", f"model {restorer.model.name}, sha256 {restorer.sha256}")
        if restorer.model.card is None:
            voice.tell("detail", f"model file {restorer.model.path} has no card: nothing vouches for it")


class _Voice:
    """Says on standard error what there is to say, at the loudness asked for."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose

    def tell(self, level: str, text: str) -> None:
        """Print one line, unless it matters less than what is wanted."""
        if self._quiet or (level == "detail" and not self._verbose):
            return
        prefix = "" if level == "detail" else f"{level}: "
        print(f"bokwon: {prefix}{' '.join(text.split())}", file=sys.stderr, flush=True)

    def progress(self, done: int, total: int) -> None:
        """Show how far the tiles are, on a terminal and for pages of many."""
        if self._quiet or total < 4 or not sys.stderr.isatty():
            return
        end = "\n" if done == total else ""
        print(f"\rbokwon: tile {done} of {total}", end=end, file=sys.stderr, flush=True)
