"""Methods by name, each with one function that fills a hole."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.evaluation.data.pairs import Pair
from bokwon.evaluation.measure.external import Command, ResultFolder
from bokwon.evaluation.measure.external_onnx import ExternalOnnx, parse_contract
from bokwon.evaluation.measure.filler import Filler, OwnFiller
from bokwon.inpaint.colour import Light, as_float
from bokwon.inpaint.engines.base import Engine
from bokwon.inpaint.engines.biharmonic import BiharmonicEngine
from bokwon.inpaint.engines.opencv import CLASSICAL, OpenCVEngine
from bokwon.inpaint.engines.patchmatch import PatchMatchEngine
from bokwon.inpaint.fill import fill_hole
from bokwon.inpaint.models import find_model, load_model
from bokwon.inpaint.restorer import Restorer
from bokwon.settings import RestoreSettings, choices
from bokwon.types import Hole

__all__ = ["ERASED", "TIMEOUT", "IdentityEngine", "Method", "erase", "parse_methods"]

ERASED = 255
"""Value in a hole before it is filled: white, as under the lid of a scanner."""


TIMEOUT = 600.0
"""Seconds that a command of others may take for one pair."""

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


# External methods: the text before the colon.
_EXTERNAL = ("folder", "command", "onnx")
# Commas within quotes belong to a command.
_PARTS = re.compile(r"""(?:[^,'"]|'[^']*'|"[^"]*")+""")


class IdentityEngine(Engine):
    """Leaves the hole as it is, to measure the error of doing nothing."""

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
class Method:
    """One method that is measured.

    Attributes:
        name: Its name in tables.
        source: A method of this module, the name or path of a model, or a text that begins with `folder:`, `command:`
            or `onnx:`.
        sha256: Checksum of the model file; None where no model is used.
        options: Settings of the restoration, sorted by name: `ensemble`, `finish`, `grain`, `ink`, `letters`. Or the
            command, or the contract of an ONNX file.
        timeout: Time limit of a command for a pair, seconds.
    """

    name: str
    source: str
    sha256: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    timeout: float = field(default=TIMEOUT, compare=False)

    def filler(self) -> Filler:
        """Return what fills: an engine; for models the whole runtime; for external methods what runs them.

        Raises:
            MissingDependencyError: What it needs is not installed.
            FileAccessError: The model file cannot be read.
            InputFileError: It is damaged, or has changed.
        """
        if self.source in _ENGINES:
            engine = _ENGINES[self.source]()
            return OwnFiller(engine.description, partial(_fill_in_tiles, engine))
        if self.kind:
            return self._external()
        restorer = self.restorer()
        return OwnFiller(
            restorer.engine.description, lambda damaged, hole: restorer.restore(damaged, hole, allow_large=True).image
        )

    def restorer(self) -> Restorer:
        """Load the model. Raises the same errors as `filler`."""
        # The raw fill is measured, unless options say otherwise; with one thread like the others, to compare times.
        chosen: dict[str, Any] = {"finish": "off"} | {name: _CHOICES[name][value] for name, value in self.options}
        precision = find_model(self.source).precision
        restorer = Restorer(RestoreSettings(self.source, threads=1, engine="onnx", precision=precision, **chosen))
        if restorer.sha256 != self.sha256:
            raise self._changed()
        return restorer

    @property
    def kind(self) -> str:
        """`folder`, `command` or `onnx`; empty for methods of bokwon."""
        before = self.source.partition(":")[0]
        return before if before in _EXTERNAL else ""

    def check(self, pairs: Sequence[Pair]) -> None:
        """Check that a folder of results has all of these pairs. Call it before measuring.

        Raises:
            FileAccessError: Results are missing.
            InputFileError: A result has another size, or is not an image.
        """
        if self.kind == "folder":
            ResultFolder(self._place).check(pairs)

    def digest(self, name: str) -> tuple[str, ...]:
        """Return the checksum of a folder's result for the pair of this name; an empty text for other methods."""
        return (ResultFolder(self._place).digest(name),) if self.kind == "folder" else ()

    @property
    def _place(self) -> Path:
        return Path(self.source.partition(":")[2])

    def _external(self) -> Filler:
        if self.kind == "folder":
            return ResultFolder(self._place)
        if self.kind == "command":
            return Command(self.source.partition(":")[2], self.timeout)
        model = ExternalOnnx(self._place, parse_contract(dict(self.options)["contract"]))
        if self.sha256 not in (None, model.sha256):
            raise self._changed()
        return model

    def _changed(self) -> ArgumentError:
        return ArgumentError(f"model {self.source} has changed while it was measured", "start a new report")

    def about(self) -> dict[str, Any]:
        """Return the method's entry in the report: name, source, checksum and the engine's description."""
        return {
            "name": self.name,
            # The file name only: its path is private.
            "source": f"{self.kind}:{self.name}" if self.kind in ("folder", "command") else Path(self.source).name,
            "sha256": self.sha256,
            "engine": ", ".join([self.filler().description, *self._finish()]),
        }

    def _finish(self) -> list[str]:
        # The description of an engine already contains the number of views.
        # The description of an external method already contains its command or contract.
        return [f"{name} {value}" for name, value in self.options if name not in ("ensemble", "contract", "command")]


def parse_methods(text: str, timeout: float = TIMEOUT) -> tuple[Method, ...]:
    """Read a list of methods, and check that each can run.

    Args:
        text: Names with commas: `telea`, `ns`, `biharmonic`, `patchmatch`, `identity`, a shipped model, or the path of
            a model file. `NAME=` before a method gives it another name. Settings may follow a model: `:ensemble=4`,
            `:finish=standard`, `:ink=patches`, `:grain=match`, `:letters=leave`. Without them the raw fill is measured.
            External methods are `folder:DIR`, `command:'PROGRAM {image} {mask} {out}'` and `onnx:FILE?CONTRACT`, see
            `parse_contract`.
        timeout: Time limit of a command for a pair, seconds.

    Raises:
        ArgumentError: There is no method, or one is named twice or does not exist.
        MissingDependencyError: A method or reader needs a package that is not installed.
        FileAccessError: A model file cannot be read.
        InputFileError: It is damaged.
    """
    sources = [part.strip() for part in _PARTS.findall(text) if part.strip()]
    if not sources:
        raise ArgumentError("no method is named", f"name models or {', '.join(_ENGINES)}")
    methods = [_external(source, timeout) or _method(source) for source in sources]
    names = [method.name for method in methods]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ArgumentError(f"{', '.join(sorted(twice))} is named twice", "give one of them another name: NAME=METHOD")
    for method in methods:
        method.filler()
    return tuple(methods)


def _external(text: str, timeout: float) -> Method | None:
    """Return the method of others that a text names; None where it names none."""
    match = re.fullmatch(rf"(?:(\w[\w.-]*)=)?({'|'.join(_EXTERNAL)}):(.+)", text, re.DOTALL)
    if match is None:
        return None
    name, kind, rest = match.groups()
    if rest[0] == rest[-1] and rest[0] in "'\"":
        rest = rest[1:-1]
    if kind == "command":
        if name is None:
            raise ArgumentError(f"the command {rest} has no name", f"write NAME={text}")
        return Method(name, f"command:{rest}", options=(("command", rest),), timeout=timeout)
    if kind == "folder":
        return Method(name or Path(rest).resolve().name, f"folder:{rest}")
    file, _, contract = rest.partition("?")
    method = Method(name or Path(file).stem, f"onnx:{file}", options=(("contract", str(parse_contract(contract))),))
    model = method.filler()
    return replace(method, sha256=model.sha256) if isinstance(model, ExternalOnnx) else method


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
