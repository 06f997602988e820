"""Which source an item is from: computed from its number, the same however far the run is."""

import sys

import numpy as np
import pytest

from bokwon.training.data import crops
from bokwon.training.data.crops import Picks


def drawn_at_once(shares, count, seed):
    """The definition: one draw an item, all of them in memory."""
    draws = np.random.default_rng((seed, 1 << 40)).random(count, dtype=np.float32)
    return np.searchsorted(np.cumsum(shares)[:-1], draws, side="right")


def test_blocks_are_the_sequence_drawn_at_once(monkeypatch):
    monkeypatch.setattr(crops, "_BLOCK", 64)
    shares = np.array([0.5, 0.2, 0.3])
    expected = drawn_at_once(shares, 500, 7)
    picks = Picks(shares, 7)
    # Forward, back, and across blocks, as workers and resumed runs ask.
    for index in [*range(500), 0, 499, 63, 64, 65, 128]:
        pick = expected[index]
        assert picks.at(index) == (pick, np.count_nonzero(expected[:index] == pick))


def test_more_sources_than_a_byte_can_tell():
    shares = np.full(600, 1 / 600)
    expected = drawn_at_once(shares, 5000, 1)
    assert expected.max() > 512
    picks = Picks(shares, 1)
    found = [picks.at(index) for index in range(5000)]
    assert [pick for pick, _ in found] == expected.tolist()
    for source in (0, 255, 256, 599):
        assert [number for pick, number in found if pick == source] == list(range(np.count_nonzero(expected == source)))


@pytest.mark.parametrize("sources", [1, 3])
def test_memory_does_not_grow_with_the_run(sources):
    picks = Picks(np.full(sources, 1 / sources), 0)
    pick, number = picks.at(10_000_000)
    assert 0 <= pick < sources
    # Binomial: 10,000,000 / 3 with a standard deviation of 1,500.
    assert abs(number - 10_000_000 / sources) < 15_000
    stored = sum(array.nbytes for array in picks._before) + picks._last[1].nbytes + sys.getsizeof(picks._before)
    assert stored < 600_000
