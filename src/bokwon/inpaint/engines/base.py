"""What every engine has: the traits that `fill` asks for, and the one method that fills a tile."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError
from bokwon.inpaint.colour import Light, from_network
from bokwon.inpaint.runtime_facts import DEFAULT_FACTS, LowPass, RuntimeFacts
from bokwon.settings import Precision
from bokwon.utilities.memory import is_out_of_memory, out_of_memory

__all__ = ["CONCURRENCY", "CONTRACT", "SCALE", "Engine", "ModelEngine"]

CONCURRENCY = 2
"""How many tiles model files run at the same time on one processor: each takes 200 to 450 MB."""
SCALE = "scale"
"""Name of an optional input of models: the contrast of the page."""
# The output is known by its place: ONNX allows no output to share the input's name.
CONTRACT = "a model has the float32 inputs image (N,3,H,W) and valid (N,1,H,W), and one output, the image (N,3,H,W)"


class Engine(ABC):
    """Fills the holes of one tile at a time. Subclasses set the attributes that differ from the defaults.

    Attributes:
        description: Name, version and device, for records and messages.
        tile: Best side of its tiles, pixels.
        multiple: Tiles begin at multiples of this many pixels.
        square: Whether `tile` limits both sides of a tile. Otherwise it limits the area to tile x tile pixels, and the
            shape follows the page.
        reach: Depth in a hole up to which it fills well, pixels; None for any depth, as with classical methods.
        concurrency: Number of tiles that it can fill at the same time, each in a thread of the caller.
        takes_scale: Whether it uses the contrast of the page.
        lowpass: Low-pass for measuring this contrast.
    """

    description: str
    tile: int
    multiple: int = 128
    square: bool = True
    reach: int | None = None
    concurrency: int = 1
    takes_scale: bool = False
    lowpass: LowPass = LowPass()

    @abstractmethod
    def fill(self, light: Light, missing: NDArray[np.bool_], scale: float = 0.0) -> NDArray[np.float32]:
        """Return the tile with its missing pixels filled.

        Args:
            light: (H, W, 1) or (H, W, 3) samples, larger is brighter. Samples under `missing` are ignored.
            missing: (H, W), True where pixels are missing. Some pixel must be False.
            scale: Contrast of the page, see `bokwon.inpaint.residual_scale`; 0 for that of the tile. Engines without
                `takes_scale` ignore it.

        Returns:
            (H, W, C), finite, nominally in [0, 1]. Known pixels may differ from the input.
        """

    def shared(self, sizes: Sequence[tuple[int, int]]) -> Engine:
        """Return the engine for a page of several tiles: this one, or one that runs `concurrency` tiles at once.

        Args:
            sizes: (H, W) of each tile.
        """
        return self

    def alone(self) -> Engine:
        """Return the engine for a page of one tile: this one, or one that runs a tile on all cores."""
        return self


class ModelEngine(Engine):
    """Runs a model file. Its traits are those of the model's card.

    Args:
        name: What messages call the model.
        facts: What the card says.
        precision: Precision of the computation: `float32`, `bfloat16` or `int8`.
    """

    def __init__(self, name: str, facts: RuntimeFacts = DEFAULT_FACTS, precision: Precision = "float32") -> None:
        self.name, self.facts, self.precision = name, facts, precision
        self.tile, self.multiple, self.reach = facts.tile_side(precision), facts.multiple, facts.reach
        self.lowpass = facts.lowpass or LowPass()

    def fill(self, light: Light, missing: NDArray[np.bool_], scale: float = 0.0) -> NDArray[np.float32]:
        """Run the model on a tile; see `Engine.fill`.

        Raises:
            InputFileError: The model fails on the tile, or its output has another shape.
        """
        black, white = self.facts.value_range
        try:
            filled = self.run(light, missing, scale * (white - black))
        # The engines' exceptions have no common base but Exception.
        except Exception as error:
            if is_out_of_memory(error):
                raise out_of_memory(f"filling with the model {self.name}") from error
            raise InputFileError(f"model {self.name} cannot be run: {error}", CONTRACT) from error
        expected = (1, 3, *missing.shape)
        if filled.shape != expected:
            raise InputFileError(f"model {self.name} turns {expected} into {filled.shape}", CONTRACT)
        # A network computes in floating point throughout: one weight that is not a number reaches every pixel.
        if not np.isfinite(filled).all():
            raise InputFileError(f"model {self.name} gives values that are not numbers", "get an undamaged copy")
        return from_network(filled, light.shape[-1])

    def shared(self, sizes: Sequence[tuple[int, int]]) -> ModelEngine:
        """See `Engine.shared`."""
        return self

    def alone(self) -> ModelEngine:
        """See `Engine.alone`."""
        return self

    @abstractmethod
    def run(self, light: Light, missing: NDArray[np.bool_], scale: float) -> NDArray[np.float32]:
        """Compute the model's output for a tile.

        Args:
            light: As for `fill`.
            missing: As for `fill`.
            scale: As for `fill`, in units of the model's values.

        Returns:
            (1, 3, H, W), nominally in [0, 1].
        """
