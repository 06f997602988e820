"""What fills, measured."""

from __future__ import annotations

import time

import numpy as np

from bokwon.evaluation.measure.filler import OwnFiller


def test_a_function_is_run_and_its_time_measured() -> None:
    def fill(damaged: np.ndarray, hole: np.ndarray) -> np.ndarray:
        time.sleep(0.2)
        return np.where(hole[..., None], 7, damaged).astype(np.uint8)

    damaged = np.zeros((4, 5, 3), np.uint8)
    hole = np.zeros((4, 5), bool)
    hole[1, 2] = True
    filler = OwnFiller("sevens", fill)
    filled, cost = filler.run(damaged, hole, "x")
    assert (filler.description, int(filled.sum())) == ("sevens", 21)
    assert cost.seconds is not None
    assert cost.cpu_seconds is not None
    # Sleeping takes time on the clock and none of the processor.
    assert cost.seconds >= 0.2
    assert cost.cpu_seconds < cost.seconds
