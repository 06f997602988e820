"""`bokwon export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError


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
    card: Annotated[Path | None, typer.Option(help="JSON file with entries for the card.")] = None,
) -> None:
    """Turn a checkpoint into an ONNX model file that `bokwon restore --model` runs, and check that they agree."""
    if output.suffix != ".onnx":
        raise ArgumentError(f"{output} is no name for a model file", "let it end in .onnx")
    if not output.parent.is_dir():
        raise FileAccessError(f"the folder {output.parent} is missing", "make it first")
    try:
        from bokwon.export import model
    except ImportError as error:
        raise MissingDependencyError(
            f"exporting needs {error.name}", "install it with: pip install 'bokwon[train]'"
        ) from error
    difference = model.export_checkpoint(checkpoint, output, half=not full_precision, weights=weights, card=card)
    typer.echo(f"{output}: differs from PyTorch by at most {difference:.2g}", err=True)
