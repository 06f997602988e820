"""The parameters of requests. Each is declared once, for reading it and for the OpenAPI document."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args, get_type_hints

from bokwon.errors import ArgumentError
from bokwon.image_io.formats import FORMATS
from bokwon.image_io.masks import MaskAs, MaskOptions, MaskView
from bokwon.settings import CERTAIN, DETECTION_THRESHOLD, RestoreSettings, choices
from bokwon.types import DETECTOR_CLASSES

__all__ = ["DETECT", "MASKS", "RESTORE", "Parameter", "mask_options", "read_parameters", "restore_settings"]

_TRUE, _FALSE = "true", "false"
_LARGEST = 1 << 31
_MACHINE = ("engine", "precision", "tile", "threads")
"""Settings of a restoration that whoever starts the server decides."""


@dataclass(frozen=True)
class Parameter:
    """One parameter, in the query or as a field of the form.

    Attributes:
        name: Its name.
        help: What it does.
        schema: JSON schema of its value, with the default.
    """

    name: str
    help: str
    schema: Mapping[str, Any]

    def read(self, text: str) -> Any:
        """Parse a text into the value of the parameter.

        Raises:
            ArgumentError: The text is not a valid value.
        """
        schema = self.schema
        offered: Sequence[Any] = schema.get("enum", ())
        kind = schema["type"]
        if kind == "boolean":
            offered = (_TRUE, _FALSE)
        if offered:
            found = next((value for value in offered if str(value) == text), None)
            if found is None:
                raise ArgumentError(f"{self.name} cannot be {text!r}", f"choose one of {', '.join(map(str, offered))}")
            return found == _TRUE if kind == "boolean" else found
        if kind == "string":
            if len(text) > schema["maxLength"]:
                raise ArgumentError(f"{self.name} is too long", f"give at most {schema['maxLength']} characters")
            if not re.search(schema.get("pattern", ""), text):
                raise ArgumentError(f"{self.name} cannot be {text!r}", "give a name of letters, digits, - and _")
            return text
        try:
            value = int(text) if kind == "integer" else float(text)
        except ValueError:
            value = math.nan
        least, most = schema.get("minimum", -_LARGEST), schema.get("maximum", _LARGEST)
        if not least <= value <= most:
            what = "a whole number" if kind == "integer" else "a number"
            raise ArgumentError(f"{self.name} cannot be {text!r}", f"give {what} from {least} to {most}")
        return value


def read_parameters(given: Sequence[tuple[str, str]], known: Sequence[Parameter]) -> dict[str, Any]:
    """Return the values of all known parameters.

    Args:
        given: Names and texts of a request.
        known: The parameters that there are.

    Raises:
        ArgumentError: One is unknown, given twice, or has an invalid value.
    """
    by_name = {parameter.name: parameter for parameter in known}
    values: dict[str, Any] = {}
    for name, text in given:
        if name not in by_name:
            raise ArgumentError(f"there is no parameter {name!r}", f"choose from {', '.join(by_name)}")
        if name in values:
            raise ArgumentError(f"{name} is given twice", "give it once")
        values[name] = by_name[name].read(text)
    return {name: values.get(name, parameter.schema.get("default")) for name, parameter in by_name.items()}


def restore_settings(values: Mapping[str, Any], threads: int | None) -> RestoreSettings:
    """Return the settings of a restoration that the parameters ask for.

    Args:
        values: Values of the parameters `RESTORE`.
        threads: Number of threads that the server allows.

    Raises:
        ArgumentError: Two of them contradict each other.
    """
    return RestoreSettings(**{name: values[name] for name in _SETTINGS}, threads=threads)


def mask_options(values: Mapping[str, Any]) -> MaskOptions:
    """Return how masks are to be read."""
    return MaskOptions(
        white_is_hole=values["holes"] == "white",
        reading=values["mask_as"],
        view=values["mask_view"],
        fit=values["fit_mask"],
        allow_large=values["allow_large"],
    )


def _choice(name: str, help: str, *values: Any, default: Any = None) -> Parameter:
    kind = "integer" if isinstance(values[0], int) else "string"
    schema: dict[str, Any] = {"type": kind, "enum": list(values)}
    return Parameter(name, help, schema if default is None else {**schema, "default": default})


def _flag(name: str, help: str) -> Parameter:
    return Parameter(name, help, {"type": "boolean", "default": False})


def _page(what: str) -> Parameter:
    return Parameter("page", what, {"type": "integer", "minimum": 1, "maximum": _LARGEST, "default": 1})


def _setting(name: str) -> Parameter:
    """Return the parameter of a setting of `RestoreSettings`."""
    item = next(item for item in fields(RestoreSettings) if item.name == name)
    told = item.metadata
    if name == "model":
        schema = {"type": "string", "maxLength": 100, "pattern": r"^[A-Za-z0-9][A-Za-z0-9_-]*$"}
        return Parameter(name, "Name of an installed model; by default that of the material.", schema)
    if offered := choices(name):
        return _choice(name, told["help"], *offered, default=item.default)
    schema = {"type": "integer", "minimum": told["least"], "maximum": told["most"]}
    return Parameter(name, told["help"], {**schema, "default": item.default})


def _dashed(kind: str) -> str:
    return kind.replace(" ", "-")


_SETTINGS = tuple(name for name in get_type_hints(RestoreSettings) if name not in ("_", *_MACHINE))

_OF_MASKS = (
    _choice("holes", "Colour of the holes in masks.", "white", "black", default="white"),
    _choice("mask_as", "How masks are read.", *get_args(MaskAs), default="auto"),
    _choice("mask_view", "Which way up masks were drawn.", *get_args(MaskView), default="auto"),
    _flag("fit_mask", "Resize masks of the same page at another resolution, or off by one pixel."),
    _flag("allow_large", "Allow more than 60 % of a page to be hole."),
)
_WAIT = Parameter(
    "wait",
    "false: answer at once with a job (202). GET /jobs/{id} returns its progress, and GET /jobs/{id}/result returns "
    "its result, once and for ten minutes.",
    {"type": "boolean", "default": True},
)
_FORMATS = [item.name.lower() for item in FORMATS.values() if item.modes]

RESTORE = (
    *map(_setting, _SETTINGS),
    *_OF_MASKS,
    Parameter(
        "certain",
        "Without a mask bokwon finds the damage, and fills regions with at least this confidence.",
        {"type": "number", "minimum": 0.01, "maximum": 1, "default": CERTAIN},
    ),
    Parameter("pages", "Restore these pages only: 3, 1,4-6 or 3-end.", {"type": "string", "maxLength": 1000}),
    _choice("format", "Write this format; by default the image's own.", *_FORMATS),
    _flag("record", "Return a ZIP archive with the output and the record of the intervention, which undoes it."),
    _WAIT,
)
"""The parameters of `POST /restore`."""

DETECT = (
    Parameter(
        "kinds",
        f"Kinds to put into the mask, a comma between: {', '.join(map(_dashed, DETECTOR_CLASSES))}. "
        "By default all but readable-stain.",
        {"type": "string", "maxLength": 200},
    ),
    Parameter(
        "threshold",
        "Least confidence of a region in the mask.",
        {"type": "number", "minimum": 0.01, "maximum": 1, "default": DETECTION_THRESHOLD},
    ),
    Parameter(
        "min_area",
        "Leave out regions of fewer pixels. By default 12 at a longest side of 1,750 pixels.",
        {"type": "integer", "minimum": 0, "maximum": _LARGEST},
    ),
    Parameter(
        "grow", "Grow the mask by this many pixels.", {"type": "integer", "minimum": 0, "maximum": 32, "default": 2}
    ),
    _flag("outline", "Also mark what is torn off the sheet, up to its former straight edges."),
    _page("Which page of the file."),
    _choice(
        "answer",
        "mask: PNG, white where damage is to be filled. overlay: PNG of the page with what was found. "
        "regions: JSON. All lie on the page as viewers show it.",
        "mask",
        "overlay",
        "regions",
        default="mask",
    ),
    _WAIT,
)
"""The parameters of `POST /detect`."""

MASKS = (
    *_OF_MASKS,
    _page("Which page of the image. A mask of one page belongs to it."),
    _choice(
        "answer",
        "mask: the hole as PNG, white on black, on the image's stored pixels. reading: JSON, without the picture.",
        "mask",
        "reading",
        default="mask",
    ),
    _WAIT,
)
"""The parameters of `POST /masks`."""
