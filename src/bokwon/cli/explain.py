"""`bokwon explain`: a figure of how the mask shrinks layer by layer, and of what the layers see."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bokwon.cli.choices import MaxMpixels, Polarity, pixels_of
from bokwon.cli.console import Voice, divert_native_messages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bokwon.image_io.page import Page
    from bokwon.inpaint.models import Model
    from bokwon.provenance.evidence import Encoder
    from bokwon.types import Hole

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
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME|FILE", help="Whose layers: as in restore.", show_default="document"),
    ] = None,
    max_mpixels: MaxMpixels = 400,
    features: Annotated[
        bool | None,
        typer.Option(
            "--features/--no-features",
            help="Draw what the layers see, too.",
            show_default="where PyTorch and the model's .safetensors are",
        ),
    ] = None,
) -> None:
    """Draw how a mask shrinks from layer to layer of a partial-convolution network.

    Each layer calls a window known as soon as one pixel of it is; the layer that closes a hole tells how far its middle
    lies from any evidence. The masks depend on the hole, on the kernels, and on whether the model takes pixels that
    stand nearly alone in a hole for evidence; the shipped ones do not. The features below them are what the model's
    layers see in this image.
    """
    divert_native_messages()
    voice = Voice(quiet=False, verbose=False)

    import numpy as np

    from bokwon.errors import ArgumentError
    from bokwon.image_io.masks import check_hole, read_hole
    from bokwon.image_io.metadata import Metadata
    from bokwon.image_io.output_formats import check_fits, encode_page, format_of
    from bokwon.image_io.reader import Source, read_page
    from bokwon.inpaint.models import DEFAULT_MODEL, find_model
    from bokwon.provenance.evidence import encoder_of
    from bokwon.provenance.explain import draw_shrinking_mask
    from bokwon.utilities.atomic import check_target, replacing

    file_format = format_of(output)
    check_target(output)
    if output.exists() and any(output.samefile(path) for path in (image, mask) if path.exists()):
        raise ArgumentError("OUT is the image or the mask itself", "name another file for the figure")
    limit = pixels_of(max_mpixels)
    page = read_page(Source.of(image), max_pixels=limit)
    hole, _ = read_hole(Source.of(mask), white_is_hole=holes is Polarity.white, max_pixels=limit)
    check_hole(hole, page.size, orientation=page.metadata.orientation, name=f"mask {mask}")
    found = find_model(model or DEFAULT_MODEL)
    encoder = encoder_of(found)
    maps = None if features is False else _features(found, page, hole, encoder, voice, wanted=features is True)
    figure = np.array(draw_shrinking_mask(page, hole, encoder=encoder, features=maps, panel=panel))
    check_fits(figure, "RGB", file_format)
    with replacing(output) as stream:
        encode_page(stream, figure, "RGB", file_format, Metadata())


def _features(
    model: Model, page: Page, hole: Hole, encoder: Encoder, voice: Voice, *, wanted: bool
) -> list[NDArray[np.float32]] | None:
    """Return the features of each layer; None where they cannot be had and are not asked for."""
    import numpy as np

    from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError
    from bokwon.image_io.modes import missing_pixels
    from bokwon.provenance.explain import rgb_of

    weights = model.path.with_suffix(".safetensors")
    try:
        if any(find_spec(name) is None for name in ("torch", "safetensors")):
            raise MissingDependencyError("features need PyTorch", "pip install 'bokwon[train]'")
        if not weights.is_file():
            raise FileAccessError(f"model {model.name} has no {weights.name} beside it", "leave out --features")
        from bokwon.export.feature_maps import feature_maps

        missing = missing_pixels(page.pixels, page.mode, hole)
        maps = feature_maps(weights, (rgb_of(page) / 255).astype(np.float32), missing)
        if len(maps) != len(encoder.kernels):
            raise ArgumentError(
                f"{weights.name} has {len(maps)} layers and the card of {model.name} tells of {len(encoder.kernels)}",
                "use the files of one export",
            )
        return maps
    except (ArgumentError, FileAccessError, MissingDependencyError) as error:
        if wanted:
            raise
        voice.tell("note", f"masks only: {error.message}")
        return None
