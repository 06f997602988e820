"""Options that several commands have, and those that `bokwon restore` has for the settings of a restoration."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from dataclasses import Field, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from bokwon.errors import ArgumentError
from bokwon.settings import RestoreSettings, setting_types

__all__ = [
    "MAX_MPIXELS",
    "STANDARD",
    "Certain",
    "Holes",
    "Jobs",
    "MaskAs",
    "MaskView",
    "MaxMpixels",
    "jobs_option",
    "parse_size",
    "pixels_of",
    "with_settings",
    "workers",
]

STANDARD = "-"
"""In place of a file: standard input or output."""
_MEGA = 1_000_000
_MEMORY_OF_A_WORKER = 3 << 29
"""Bytes that a worker process may need. For A4 at 300 dpi the peak is 1.3 GiB, once both models are loaded."""

Holes = Literal["white", "black"]
"""Colour of the holes in masks."""

MaskAs = Literal["auto", "painted", "erased", "drawn", "labels", "gray", "colour"]
"""How masks are read: `bokwon.image_io.masks.MaskAs`, without loading NumPy."""

Certain = Annotated[
    float,
    typer.Option(
        "--certain",
        min=0.01,
        max=1.0,
        metavar="CONFIDENCE",
        help="Fill damage that bokwon has found only if its confidence is at least this.",
        rich_help_panel="Masks",
    ),
]

MaskView = Literal["auto", "upright", "stored"]
"""Which way up masks were drawn: `bokwon.image_io.masks.MaskView`."""

MAX_MPIXELS = 400
"""Default limit. Equal to `bokwon.image_io.MAX_PIXELS`, which cannot be imported here because it loads NumPy."""

MaxMpixels = Annotated[
    float,
    typer.Option(
        "--max-mpixels", min=0.000001, help="Refuse larger images, in megapixels.", rich_help_panel="Advanced"
    ),
]


def jobs_option(panel: str | None = None) -> Any:
    """Return the option -j, which has one default in all commands.

    Args:
        panel: Where --help shows it.
    """
    return typer.Option(
        "-j",
        "--jobs",
        min=1,
        help="Work in this many processes.",
        show_default="one a core, at most one for each 1.5 GiB of memory",
        rich_help_panel=panel,
    )


Jobs = Annotated[int | None, jobs_option()]


def workers(jobs: int | None) -> int:
    """Return how many processes -j asks for: without it one a core, as long as there is memory for them."""
    from bokwon.utilities.processes import available_cores

    if jobs is not None:
        return jobs
    fit = available_cores()
    # Windows does not tell.
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ()):
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        fit = min(fit, max(1, memory // _MEMORY_OF_A_WORKER))
    return fit


def pixels_of(megapixels: float) -> int:
    """Return the limit that --max-mpixels sets.

    Raises:
        ArgumentError: It is no number.
    """
    if not math.isfinite(megapixels):
        raise ArgumentError(f"--max-mpixels {megapixels} is no number of megapixels", "give a number, such as 2000")
    return round(megapixels * _MEGA)


def parse_size(text: str) -> tuple[int, int]:
    """Turn `512` or `640x480`, width x height in pixels, into (H, W).

    Raises:
        ArgumentError: It is no size.
    """
    match = re.fullmatch(r"([1-9]\d*)(?:[xX×]([1-9]\d*))?", text.strip())
    if match is None:
        raise ArgumentError(f"{text!r} is no size", "give a side such as 512, or WIDTHxHEIGHT such as 640x480")
    return int(match[2] or match[1]), int(match[1])


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that has an option for each setting of a restoration.

    Args:
        command: A function with a parameter `settings`, in whose place the options stand in --help.
    """
    settings = fields(RestoreSettings)

    @wraps(command)
    def run(**given: Any) -> None:
        chosen = RestoreSettings(**{item.name: given.pop(item.name) for item in settings})
        command(settings=chosen, **given)

    parameters: list[Parameter] = []
    for own in signature(command, eval_str=True).parameters.values():
        if own.name == "settings":
            parameters += map(_parameter, settings)
        else:
            parameters.append(own.replace(kind=Parameter.KEYWORD_ONLY))
    # What Typer reads.
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _parameter(item: Field[Any]) -> Parameter:
    kind = setting_types()[item.name]
    told = item.metadata
    option = typer.Option(
        f"--{item.name}",
        help=told["help"],
        min=told.get("least"),
        max=told.get("most"),
        metavar=told.get("metavar"),
        show_default=told.get("shown", True),
        rich_help_panel=told["panel"],
    )
    # A path is a text here.
    kind = str | None if Path in get_args(kind) else kind
    return Parameter(item.name, Parameter.KEYWORD_ONLY, default=item.default, annotation=Annotated[kind, option])
