"""What the runtime has to know about a model: the block `runtime` of its card, with a default for each entry.

`bokwon export` writes the block. A card without one, as older exports have, means the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DEFAULT_FACTS", "PAGE_BASES", "TILES", "LowPass", "RuntimeFacts", "read_facts"]

TILES = {"float32": 1024, "bfloat16": 1664, "int8": 1536}
"""Side of the tiles that a network of 7 levels runs best with, by precision, pixels. Larger tiles overlap less and take
more memory. With 1664 an A4 page at 300 dpi is cut into four bands of its width."""

PAGE_BASES = ("lowpass", "pullpush")
"""Bases of the networks for pages."""


@dataclass(frozen=True)
class LowPass:
    """Constants of the low-pass that a network's residual is measured over, see `bokwon.nn.lowpass`.

    Attributes:
        cell: Side of the cells that known pixels are averaged in, pixels.
        levels: How often cells are doubled to fill those that know nothing.
        minimum_rms: Least contrast, in units of the full scale: a blank page's noise is not enlarged beyond it.
        neighbourhood: Side of the window in which a known pixel needs known neighbours, pixels, odd.
        sparse: Share of that window that must be known for its pixel to count as evidence.

    Raises:
        ValueError: A value is out of its range.
    """

    cell: int = 16
    levels: int = 6
    minimum_rms: float = 0.02
    neighbourhood: int = 15
    sparse: float = 0.1

    def __post_init__(self) -> None:
        _check_whole(cell=self.cell, levels=self.levels, neighbourhood=self.neighbourhood)
        if self.neighbourhood % 2 == 0 or not (self.minimum_rms > 0 and 0 <= self.sparse < 1):
            raise ValueError(f"no such low-pass: {self}")


@dataclass(frozen=True)
class RuntimeFacts:
    """Facts about a model that decide how the runtime uses it.

    Attributes:
        reach: Depth in a hole up to which the network predicts well, pixels; None for any depth. Deeper parts are
            filled at a lower resolution.
        multiple: Tile sides must be multiples of this many pixels: the total stride of the network.
        tile: Best side of its tiles for each precision, pixels; see `TILES`.
        value_range: Values of black and white in the network.
        for_pages: Whether it is for pages of ink on paper. Then the finish `standard` uses patches.
        bounded: Whether its fills are limited to the lightest known value around them. This suits pages. It does not
            suit a membrane, for photographs: that continues the light of the rim into a hole, where it may be lighter
            than its surroundings.
        lowpass: Low-pass of its residual; None if it predicts the image itself.

    Raises:
        ValueError: A value is out of its range.
    """

    reach: int | None = 96
    multiple: int = 128
    tile: Mapping[str, int] = field(default_factory=dict)
    value_range: tuple[float, float] = (0.0, 1.0)
    for_pages: bool = False
    bounded: bool = False
    lowpass: LowPass | None = None

    def __post_init__(self) -> None:
        _check_whole(multiple=self.multiple, **dict(self.tile))
        if self.reach is not None:
            _check_whole(reach=self.reach)
        black, white = self.value_range
        if not black < white:
            raise ValueError(f"value_range is {self.value_range}")
        if type(self.for_pages) is not bool or type(self.bounded) is not bool:
            raise ValueError("for_pages and bounded are true or false")

    def tile_side(self, precision: str) -> int:
        """Return the side of its tiles for a precision (`float32`, `bfloat16` or `int8`), pixels."""
        return self.tile.get(precision, TILES[precision])

    def from_unit(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Convert values in [0, 1] to the range of the network."""
        black, white = self.value_range
        return values if self.value_range == (0.0, 1.0) else values * np.float32(white - black) + np.float32(black)

    def to_unit(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Convert values of the network to [0, 1]."""
        black, white = self.value_range
        return values if self.value_range == (0.0, 1.0) else (values - np.float32(black)) / np.float32(white - black)


def read_facts(card: Mapping[str, Any] | None) -> RuntimeFacts:
    """Return the facts that a card tells.

    Args:
        card: The model card; None for a model without one. Entries of the block that are not known are ignored, so
            that cards of later versions can be read.

    Raises:
        TypeError: An entry of the block is of another type.
        ValueError: An entry is out of its range.
    """
    if card is None:
        return DEFAULT_FACTS
    known = _known(RuntimeFacts, card.get("runtime", _older(card)))
    if known.get("lowpass") is not None:
        known["lowpass"] = LowPass(**_known(LowPass, known["lowpass"]))
    if "value_range" in known:
        black, white = known["value_range"]
        known["value_range"] = float(black), float(white)
    return RuntimeFacts(**known)


def _known(kind: type, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise TypeError(f"{given!r} holds no entries")
    return {entry.name: given[entry.name] for entry in fields(kind) if entry.name in given}


def _older(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return the block for a card without one: what its network is based on says what it is for."""
    network = card.get("network", card.get("architecture"))
    base = network.get("base", "none") if isinstance(network, Mapping) else "none"
    for_pages = base in PAGE_BASES
    return {"for_pages": for_pages, "bounded": for_pages, "lowpass": None if base == "none" else {}}


def _check_whole(**numbers: Any) -> None:
    for name, number in numbers.items():
        if type(number) is not int or number < 1:
            raise ValueError(f"{name} is {number!r}, no whole number above 0")


DEFAULT_FACTS = RuntimeFacts()
"""Those of a model without a card."""
