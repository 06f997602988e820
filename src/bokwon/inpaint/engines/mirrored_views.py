"""The mean of what a model makes of mirrored views of a tile, which is nearer to the truth than each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.colour import Light
from bokwon.inpaint.engines.base import ModelEngine

__all__ = ["EnsembleEngine"]

_AS_IT_IS, _TURNED = slice(None), slice(None, None, -1)
_FLIPS = (
    (_AS_IT_IS, _AS_IT_IS),
    (_AS_IT_IS, _TURNED),
    (_TURNED, _AS_IT_IS),
    (_TURNED, _TURNED),
)


class EnsembleEngine(ModelEngine):
    """Fills with the mean of several mirrored views. N views take N times as long.

    For photographs. A model for documents was not trained on mirrored letters.

    Args:
        engine: What runs the model.
        views: Number of views. 1: the tile as it is; 2: also mirrored; 4: also both upside down.

    Source: Timofte, Rothe, Van Gool, "Seven ways to improve example-based single image super resolution", CVPR 2016,
        section 3.5, there with rotations as well.
    """

    def __init__(self, engine: ModelEngine, views: int) -> None:
        super().__init__(engine.name, engine.facts, engine.precision)
        self._engine = engine
        self._views = views
        self.description = f"{engine.description}, mean of {views} views"
        self.square, self.takes_scale, self.concurrency = engine.square, engine.takes_scale, engine.concurrency

    def shared(self, sizes: Sequence[tuple[int, int]]) -> ModelEngine:
        """Return an ensemble for a page of several tiles; see `Engine.shared`."""
        return EnsembleEngine(self._engine.shared(sizes), self._views)

    def alone(self) -> ModelEngine:
        """Return an ensemble for a page of one tile; see `Engine.alone`."""
        return EnsembleEngine(self._engine.alone(), self._views)

    def run(self, light: Light, missing: NDArray[np.bool_], scale: float) -> NDArray[np.float32]:
        """Run all views; see `ModelEngine.run`."""
        total = np.zeros((1, 3, *missing.shape), np.float32)
        for rows, columns in _FLIPS[: self._views]:
            filled = self._engine.run(light[rows, columns], missing[rows, columns], scale)
            # Each view is clipped as it would be written: values above white count as white.
            total += np.clip(filled, 0.0, 1.0)[..., rows, columns]
        total /= self._views
        return total
