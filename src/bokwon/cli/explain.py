"""`bokwon explain`: a figure of how the mask shrinks layer by layer, and of what the layers see."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bokwon.cli.console import Console, divert_native_messages
from bokwon.cli.options import MAX_MPIXELS, Holes, MaxMpixels, pixels_of
from bokwon.errors import ArgumentError, InputFileError, MissingDependencyError
from bokwon.settings import MODELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bokwon.image_io.page import Page
    from bokwon.inpaint.models import Model
    from bokwon.provenance.evidence import Encoder
    from bokwon.types import Hole

__all__ = ["explain"]


def explain(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Damaged image.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="Figure to write, such as a .png.")],
    mask: Annotated[Path, typer.Option("--mask", metavar="MASK", help="Its mask.")],
    holes: Annotated[Holes, typer.Option("--holes", help="Colour of the holes in MASK.")] = "white",
    panel: Annotated[int, typer.Option("--panel", min=32, max=2000, help="Longest side of a panel, pixels.")] = 300,
    model: Annotated[str, typer.Option("--model", metavar="NAME|FILE", help="Model whose layers are drawn.")] = MODELS[
        "page"
    ],
    page_number: Annotated[
        int, typer.Option("--page", min=1, metavar="N", help="Page of IMAGE, and of a MASK of as many pages.")
    ] = 1,
    max_mpixels: MaxMpixels = MAX_MPIXELS,
    features: Annotated[
        bool | None,
        typer.Option(
            "--features/--no-features",
            help="Also draw the features of each layer.",
            show_default="if PyTorch is installed and bokwon export made the model",
        ),
    ] = None,
) -> None:
    """Draw how a mask shrinks from layer to layer of a partial-convolution network.

    A window counts as known as soon as one of its pixels is known. The layer that closes a hole tells how far its
    middle lies from known pixels. The masks depend on the hole and on the kernels of the model. Known pixels that
    stand nearly alone in a hole do not count for the shipped models. The features of each layer are drawn below.
    """
    divert_native_messages()
    console = Console(quiet=False, verbose=False)

    import numpy as np

    from bokwon.image_io.document import open_document
    from bokwon.image_io.masks import MaskOptions, hole_of_mask
    from bokwon.image_io.masks.zones import open_mask
    from bokwon.image_io.metadata import Metadata
    from bokwon.image_io.output_formats import check_fits, encode_page, format_of
    from bokwon.image_io.reader import Source
    from bokwon.inpaint.models import find_model
    from bokwon.provenance.evidence import encoder_of
    from bokwon.provenance.explain import draw_shrinking_mask
    from bokwon.utilities.atomic import check_target, replacing

    file_format = format_of(output)
    check_target(output)
    if output.exists() and any(output.samefile(path) for path in (image, mask) if path.exists()):
        raise ArgumentError("OUT is the image or the mask itself", "name another file for the figure")
    limit = pixels_of(max_mpixels)
    with open_document(Source.of(image), max_pixels=limit) as document:
        if page_number > document.pages:
            raise ArgumentError(f"{image} has {document.pages} pages", f"choose --page 1 to {document.pages}")
        page, pages = document.page(page_number), document.pages
        warnings = document.warnings + page.warnings
    with open_mask(Source.of(mask), max_pixels=limit, white_is_hole=holes == "white") as masks:
        of_mask = masks.page(page_number if masks.pages == pages else 1)
    for warning in (*warnings, *of_mask.warnings):
        console.tell("warning", warning)
    # A figure may be drawn of any hole.
    reading = MaskOptions(white_is_hole=holes == "white", allow_large=True)
    given = hole_of_mask(of_mask, page, reading, name=f"mask {mask}")
    if not given.plain:
        console.tell("note", f"mask {mask}: {given.said}")
    hole = given.hole
    found = find_model(model)
    encoder = encoder_of(found)
    maps = None if features is False else _features(found, page, hole, encoder, console, wanted=features is True)
    figure = np.array(draw_shrinking_mask(page, hole, encoder=encoder, features=maps, panel=panel))
    check_fits(figure, "RGB", file_format)
    with replacing(output) as stream:
        encode_page(stream, figure, "RGB", file_format, Metadata())


def _features(
    model: Model, page: Page, hole: Hole, encoder: Encoder, console: Console, *, wanted: bool
) -> list[NDArray[np.float32]] | None:
    """Return the features of each layer; None if they are not available and were not asked for."""
    import numpy as np

    from bokwon.image_io.modes import missing_pixels
    from bokwon.provenance.explain import rgb_of

    try:
        if any(find_spec(name) is None for name in ("torch", "onnx")):
            raise MissingDependencyError("features need PyTorch", "pip install 'bokwon[train]'")
        from bokwon.export.feature_maps import encoder_features

        missing = missing_pixels(page.pixels, page.mode, hole)
        maps = encoder_features(model.path, (rgb_of(page) / 255).astype(np.float32), missing)
        if len(maps) != len(encoder.kernels):
            raise ArgumentError(
                f"{model.path.name} has {len(maps)} layers, and its card describes {len(encoder.kernels)}",
                "use the files of one export",
            )
        return maps
    except (ArgumentError, InputFileError, MissingDependencyError) as error:
        if wanted:
            raise
        console.tell("note", f"masks only: {error.message}")
        return None
