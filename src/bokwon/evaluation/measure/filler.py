"""What fills the hole of a picture and says what that cost: one protocol for our methods and those of others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bokwon.evaluation.measure.machine import Cost, metered
from bokwon.types import Hole

__all__ = ["Filler", "OwnFiller"]


class Filler(ABC):
    """Fills a whole picture.

    Attributes:
        description: What a report says of it.
    """

    description: str

    @abstractmethod
    def run(self, damaged: NDArray[np.uint8], hole: Hole, name: str) -> tuple[NDArray[np.uint8], Cost]:
        """Return the filled picture, the input outside the hole, and what it cost.

        Args:
            damaged: (H, W, 3), white in the hole.
            hole: (H, W).
            name: The pair's name, see `Pair.name`; a folder of results knows its file by it.

        Raises:
            BokwonError: It could not be filled.
        """


class OwnFiller(Filler):
    """A function of this process.

    Args:
        description: What a report says of it.
        fill: Takes a damaged picture (H, W, 3) and its hole (H, W); returns the filled picture, the input outside the
            hole.
    """

    def __init__(self, description: str, fill: Callable[[NDArray[np.uint8], Hole], NDArray[np.uint8]]) -> None:
        self.description, self.fill = description, fill

    def run(self, damaged: NDArray[np.uint8], hole: Hole, name: str) -> tuple[NDArray[np.uint8], Cost]:
        """Fill, measured; see `Filler.run`."""
        with metered() as cost:
            filled = self.fill(damaged, hole)
        return filled, cost
