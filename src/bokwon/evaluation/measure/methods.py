"""Methods by name, each with one function that fills a hole."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.inpaint.color import Light, as_float
from bokwon.inpaint.engines.base import Engine
from bokwon.inpaint.engines.biharmonic import BiharmonicEngine
from bokwon.inpaint.engines.opencv import CLASSICAL, OpenCVEngine
from bokwon.inpaint.engines.patchmatch import PatchMatchEngine
from bokwon.inpaint.fill import fill_hole
from bokwon.inpaint.models import find_model, load_model
from bokwon.inpaint.restorer import Restorer
from bokwon.settings import RestoreSettings, choices
from bokwon.types import Hole

__all__ = ["ERASED", "Filler", "IdentityEngine", "Method", "erase", "parse_methods"]

ERASED = 255
"""Value in a hole before it is filled: white, as under the lid of a scanner."""


# Other methods are compared at their best radius. On a third of the pairs of docs/research/results.md Telea reached
# 16.3 dB in the hole with a radius of 1, 17.0 with 3, 17.3 with 5 and 17.6 with 8 (pages); Navier-Stokes 16.5, 16.9,
# 17.1, 17.2.
_RADIUS = 8

# Settings that may stand behind a model. Without `auto`: it would follow `finish`, which is off here.
_CHOICES = {
    name: {str(value): value for value in choices(name) if value != "auto"}
    for name in ("ensemble", "finish", "grain", "ink", "letters")
}

# The name becomes the name of a folder; other text before an equals sign belongs to a path.
_NAMED = re.compile(rf"(?:(\w[\w.-]*)=)?(.+?)((?::(?:{'|'.join(_CHOICES)})=\w+)*)", re.DOTALL)


class IdentityEngine(Engine):
    """Leaves the hole as it is: the error of doing nothing."""

    tile = 2048
    description = "the damaged image, holes white"

    def fill(self, light: Light, missing: NDArray[np.bool_], scale: float = 0.0) -> NDArray[np.float32]:
        """Return the tile as it is; see `Engine.fill`."""
        return as_float(light)


_ENGINES: dict[str, Callable[[], Engine]] = {
    **{name: (lambda name=name: OpenCVEngine(name, radius=_RADIUS)) for name in CLASSICAL},  # type: ignore[misc]
    "biharmonic": BiharmonicEngine,
    "patchmatch": PatchMatchEngine,
    "identity": IdentityEngine,
}


@dataclass(frozen=True)
class Filler:
    """The function of a method that fills holes.

    Attributes:
        description: The engine's own.
        fill: Takes a damaged image (H, W, 3) and its hole (H, W); returns the restored image, the input outside the
            hole.
    """

    description: str
    fill: Callable[[NDArray[np.uint8], Hole], NDArray[np.uint8]]


@dataclass(frozen=True)
class Method:
    """One method that is measured.

    Attributes:
        name: Its name in tables.
        source: A name of this module's, or a model's name or path.
        sha256: Checksum of the model file; None where no model is used.
        options: Settings of the restoration, in order of names: `ensemble`, `finish`, `grain`, `ink`, `letters`.
    """

    name: str
    source: str
    sha256: str | None = None
    options: tuple[tuple[str, str], ...] = ()

    def filler(self) -> Filler:
        """Return the function that fills: an engine, or for models the whole runtime.

        Raises:
            MissingDependencyError: What it needs is not installed.
            FileAccessError: The model file cannot be read.
            InputFileError: It is damaged, or has changed.
        """
        if self.source in _ENGINES:
            engine = _ENGINES[self.source]()
            return Filler(engine.description, partial(_fill_in_tiles, engine))
        restorer = self.restorer()
        return Filler(restorer.engine.description, lambda damaged, hole: restorer.restore(damaged, hole).image)

    def restorer(self) -> Restorer:
        """Load the model; raises as `filler` does."""
        # The raw fill is measured, unless options say otherwise; with one thread like the others, to compare times.
        chosen: dict[str, Any] = {"finish": "off"} | {name: _CHOICES[name][value] for name, value in self.options}
        precision = find_model(self.source).precision
        restorer = Restorer(RestoreSettings(self.source, threads=1, engine="onnx", precision=precision, **chosen))
        if restorer.sha256 != self.sha256:
            raise ArgumentError(f"model {self.source} has changed while it was measured", "start a new report")
        return restorer

    def about(self) -> dict[str, Any]:
        """Return the method's entry in the report: name, source, checksum and the engine's description."""
        return {
            "name": self.name,
            # The file name only: its path is private.
            "source": Path(self.source).name,
            "sha256": self.sha256,
            "engine": ", ".join([self.filler().description, *self._finish()]),
        }

    def _finish(self) -> list[str]:
        # An engine says itself of how many views it takes the mean.
        return [f"{name} {value}" for name, value in self.options if name != "ensemble"]


def parse_methods(text: str) -> tuple[Method, ...]:
    """Read a list of methods and make sure that each can run.

    Args:
        text: Names with commas: `telea`, `ns`, `biharmonic`, `patchmatch`, `identity`, a shipped model, or the path of
            a model file. `NAME=` before one gives it another name. Settings may stand behind a model: `:ensemble=4`,
            `:finish=standard`, `:ink=clear`, `:grain=match`, `:letters=leave`. Without them its raw fill is measured.

    Raises:
        ArgumentError: No method, one twice, or one that does not exist.
        MissingDependencyError: What one needs is not installed.
        FileAccessError: A model file cannot be read.
        InputFileError: It is damaged.
    """
    sources = [part.strip() for part in text.split(",") if part.strip()]
    if not sources:
        raise ArgumentError("no method is named", f"name models or {', '.join(_ENGINES)}")
    methods = [_method(source) for source in sources]
    names = [method.name for method in methods]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ArgumentError(f"{', '.join(sorted(twice))} is named twice", "give one of them another name: NAME=METHOD")
    for method in methods:
        method.filler()
    return tuple(methods)


def _method(text: str) -> Method:
    name, source, rest = _NAMED.fullmatch(text).groups()  # type: ignore[union-attr]
    options = _options(text, rest)
    if source in _ENGINES:
        if options:
            raise ArgumentError(f"{source} has no options", f"leave out {rest}")
        return Method(name or source, source)
    try:
        model = find_model(source)
    except ArgumentError as error:
        raise ArgumentError(error.message, f"{error.fix}; methods without a model: {', '.join(_ENGINES)}") from error
    default = "-".join([model.path.stem, *(f"{key}-{value}" for key, value in options)])
    return Method(name or default, source, load_model(model)[1], options)


def _options(text: str, rest: str) -> tuple[tuple[str, str], ...]:
    """Read every `:NAME=VALUE`."""
    pairs = [part.split("=") for part in rest.split(":")[1:]]
    options = dict(pairs)
    if len(options) < len(pairs):
        raise ArgumentError(f"{text} names an option twice", "leave one of them out")
    for key, value in options.items():
        if value not in _CHOICES[key]:
            raise ArgumentError(f"{key} cannot be {value}, as in {text}", f"choose {', '.join(_CHOICES[key])}")
    return tuple(sorted(options.items()))


def erase(truth: NDArray[np.uint8], hole: Hole) -> NDArray[np.uint8]:
    """Return the damaged image: the truth with its hole white.

    Args:
        truth: (H, W, C).
        hole: (H, W).
    """
    damaged = truth.copy()
    damaged[hole] = ERASED
    return damaged


def _fill_in_tiles(engine: Engine, damaged: NDArray[np.uint8], hole: Hole) -> NDArray[np.uint8]:
    """Fill a hole the way the runtime does: in tiles, feathered, the input outside the hole."""
    filled = damaged.copy()
    fill_hole(filled, "RGB", hole, engine)
    return filled
