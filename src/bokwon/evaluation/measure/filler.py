"""Fills the hole of an image and measures the cost: one protocol for bokwon's methods and external ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bokwon.evaluation.measure.machine import Cost, metered
from bokwon.types import Hole

__all__ = ["Filler", "OwnFiller"]


class Filler(ABC):
    """Fills a whole image.

    Attributes:
        description: Its description in reports.
    """

    description: str

    @abstractmethod
    def run(self, damaged: NDArray[np.uint8], hole: Hole, name: str) -> tuple[NDArray[np.uint8], Cost]:
        """Return the filled image and the cost. Outside the hole the image is the input.

        Args:
            damaged: (H, W, 3), white in the hole.
            hole: (H, W).
            name: Name of the pair, see `Pair.name`. A folder of results finds its file by this name.

        Raises:
            BokwonError: It could not be filled.
        """


class OwnFiller(Filler):
    """A filler that is a function of this process.

    Args:
        description: Its description in reports.
        fill: Takes a damaged image (H, W, 3) and its hole (H, W). Returns the filled image; outside the hole it is the
            input.
    """

    def __init__(self, description: str, fill: Callable[[NDArray[np.uint8], Hole], NDArray[np.uint8]]) -> None:
        self.description, self.fill = description, fill

    def run(self, damaged: NDArray[np.uint8], hole: Hole, name: str) -> tuple[NDArray[np.uint8], Cost]:
        """Fill, and measure the cost; see `Filler.run`."""
        with metered() as cost:
            filled = self.fill(damaged, hole)
        return filled, cost
