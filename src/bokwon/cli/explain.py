"""`bokwon explain`: a figure of how the mask shrinks layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bokwon.cli.restore import Polarity
from bokwon.cli.voice import divert_native_messages

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(name="explain")(explain)


def explain(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Damaged image.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The figure, best a .png.")],
    mask: Annotated[Path, typer.Option("--mask", metavar="MASK", help="Its mask.")],
    holes: Annotated[Polarity, typer.Option("--holes", help="Colour of the holes in MASK.")] = Polarity.white,
    panel: Annotated[int, typer.Option("--panel", min=32, max=2000, help="Longest side of a panel, pixels.")] = 300,
) -> None:
    """Draw how a mask shrinks from layer to layer of a partial-convolution network.

    Each layer calls a window known as soon as one pixel of it is; the layer that closes a hole tells how far its middle
    lies from any evidence. The figure depends on the mask alone and needs no model.
    """
    divert_native_messages()

    import numpy as np

    from bokwon.imaging.files import Source, read_page
    from bokwon.imaging.formats import check_fits, encode_page, format_of
    from bokwon.imaging.holes import check_hole, read_hole
    from bokwon.imaging.metadata import Metadata
    from bokwon.imaging.output import check_target, replacing
    from bokwon.restore.explain import draw_shrinking_mask

    file_format = format_of(output)
    check_target(output)
    page = read_page(Source.of(image))
    hole, _ = read_hole(Source.of(mask), white_is_hole=holes is Polarity.white)
    check_hole(hole, page.size, orientation=page.metadata.orientation, name=f"mask {mask}")
    figure = np.array(draw_shrinking_mask(page, hole, panel=panel))
    check_fits(figure, "RGB", file_format)
    with replacing(output) as stream:
        encode_page(stream, figure, "RGB", file_format, Metadata())
