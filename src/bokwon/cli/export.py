"""`bokwon export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError

_CROP = 512


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(export)


def export(
    checkpoint: Annotated[Path, typer.Argument(help="Checkpoint folder, run folder or .safetensors file.")],
    output: Annotated[Path, typer.Argument(help="Model file to write; its card lies beside it as .json.")],
    full_precision: Annotated[
        bool, typer.Option("--float32", help="Store float32 weights instead of float16.")
    ] = False,
    weights: Annotated[
        bool, typer.Option("--weights", help="Also write float16 .safetensors weights for fine-tuning.")
    ] = False,
    mix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHECKPOINT=SHARE",
            help="Take this share of the weights from another checkpoint of the same network; may be repeated.",
        ),
    ] = None,
    card: Annotated[Path | None, typer.Option(help="JSON file with entries for the card.")] = None,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="Also write NAME-int8.onnx, which computes with 8-bit integers and is faster."),
    ] = False,
    images: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR", help="With --int8: images to calibrate by, as for `bokwon train`; may be repeated."
        ),
    ] = None,
    masks: Annotated[
        list[str] | None,
        typer.Option(metavar="DIR", help="With --int8: masks to calibrate by, by default generated; may be repeated."),
    ] = None,
) -> None:
    """Turn a checkpoint into an ONNX model file that `restore` or `detect` runs, and check that they agree."""
    if int8 and not images:
        raise ArgumentError("8 bits are calibrated by examples", "add --images with a folder of images")
    if not int8 and (images or masks):
        raise ArgumentError("--images and --masks calibrate 8 bits", "add --int8, or leave them out")
    if output.suffix != ".onnx":
        raise ArgumentError(f"{output} is no name for a model file", "let it end in .onnx")
    if not output.parent.is_dir():
        raise FileAccessError(f"the folder {output.parent} is missing", "make it first")
    try:
        from bokwon.export import detector, model
        from bokwon.export.mix import parse_share
        from bokwon.inpaint.models import int8_path
        from bokwon.training import checkpoint as checkpoints
        from bokwon.training.config import DataConfig
    except ImportError as error:
        raise MissingDependencyError(
            f"exporting needs {error.name}", "install it with: pip install 'bokwon[train]'"
        ) from error
    examples = DataConfig(images=tuple(images), masks=tuple(masks or ()), crop=_CROP) if images else None
    quantized = int8_path(output) if int8 else None
    if checkpoints.is_detector(checkpoint):
        if int8 or weights or mix:
            raise ArgumentError("a damage detector has no --int8, --weights or --mix", "leave them out")
        difference = detector.export_detector_checkpoint(checkpoint, output, half=not full_precision, card=card)
        typer.echo(f"{output}: differs from PyTorch by at most {difference:.2g}", err=True)
        return
    difference, loss = model.export_checkpoint(
        checkpoint,
        output,
        half=not full_precision,
        weights=weights,
        card=card,
        int8=quantized,
        examples=examples,
        mix=[parse_share(each) for each in mix or ()],
    )
    typer.echo(f"{output}: differs from PyTorch by at most {difference:.2g}", err=True)
    if loss is not None:
        typer.echo(f"{quantized}: 8 bits change holes by {loss:.2g} (root mean square)", err=True)
