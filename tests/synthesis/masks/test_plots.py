from __future__ import annotations

import numpy as np

from bokwon.synthesis.masks.generate import make_mask
from bokwon.synthesis.masks.plots import plot_samples
from bokwon.synthesis.masks.statistics import Sample, collect, measure_mask

BLUE, ORANGE = (38, 110, 175), (214, 96, 22)


def sample(kind: str) -> Sample:
    return collect(measure_mask(make_mask(np.random.default_rng(seed), (64, 64), kind)) for seed in range(20))


def count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == colour).all(-1).sum())


def test_each_set_is_drawn_in_its_own_colour() -> None:
    strokes, blobs = sample("strokes"), sample("blobs")
    one = np.asarray(plot_samples([strokes], ["one"], "title"))
    two = np.asarray(plot_samples([strokes, blobs], ["one", "two"], "title"))
    assert one.shape == two.shape
    assert count(one, ORANGE) == 0
    assert count(two, ORANGE) > 500
    assert count(one, BLUE) > 500


def test_a_set_of_equal_masks_can_be_drawn() -> None:
    same = collect([measure_mask(np.eye(32, dtype=bool))] * 3)
    assert count(np.asarray(plot_samples([same], ["same"], "title")), BLUE) > 100
