"""`bokwon convert`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from bokwon.errors import importing

__all__ = ["EPILOG", "LayoutName", "convert"]

EPILOG = """Examples:

bokwon convert naoto0804 1000000.pth naoto.onnx --licence MIT

bokwon restore photo.jpg restored.jpg --mask mask.png --model ./naoto.onnx
"""


class LayoutName(str, Enum):
    """Implementations whose checkpoints can be converted."""

    naoto0804 = "naoto0804"
    mmagic = "mmagic"
    xyfJASON = "xyfJASON"  # noqa: N815 (as it is spelt on GitHub)
    ja3067 = "ja3067"
    keras = "keras"


def convert(
    layout: Annotated[
        LayoutName, typer.Argument(case_sensitive=False, help="Whose implementation wrote the checkpoint.")
    ],
    checkpoint: Annotated[Path, typer.Argument(metavar="CKPT", help="The checkpoint, as it was published.")],
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="NAME.onnx: a model file for `bokwon restore --model`; NAME.safetensors, or any other name for a "
            "folder: a checkpoint for `bokwon train --init` and `bokwon export`.",
        ),
    ],
    licence: Annotated[
        str | None, typer.Option(metavar="NAME", help="Licence of the weights, for the card.", show_default="unknown")
    ] = None,
    full_precision: Annotated[
        bool, typer.Option("--float32", help="Store float32 weights in a model file, instead of float16.")
    ] = False,
) -> None:
    """Turn a published checkpoint of another implementation into a bokwon model that computes the same.

    The card beside the model says where the weights are from. No code in the checkpoint is run.
    """
    with importing("converting needs {name}", "install it with: pip install 'bokwon[train]'"):
        from bokwon.export.convert import convert_checkpoint
    network = convert_checkpoint(layout.value, checkpoint, output, licence=licence, half=not full_precision)
    typer.echo(str(output))
    if output.suffix != ".onnx":
        shape = network.config
        settings = [f"network.levels={shape.levels}", f"network.width={shape.width}", f"network.base={shape.base}"]
        if shape.max_width is not None:
            settings.append(f"network.max_width={shape.max_width}")
        settings += [f"network.mean={list(shape.mean)}", f"network.std={list(shape.std)}", f"network.head={shape.head}"]
        options = " ".join(f"--set '{setting}'" for setting in settings)
        typer.echo(f"to fine-tune: bokwon train --init {output} {options} --images DIR", err=True)
