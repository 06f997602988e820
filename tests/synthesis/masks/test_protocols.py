"""What holds for every generator of masks."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.synthesis.masks.blobs import blob_mask
from bokwon.synthesis.masks.document_shapes import document_mask
from bokwon.synthesis.masks.generate import _MAKERS
from bokwon.synthesis.masks.grid import grid_mask
from bokwon.synthesis.masks.occlusion import occlusion_mask
from bokwon.synthesis.masks.protocols import MaskGenerator
from bokwon.synthesis.masks.squares import square_mask
from bokwon.synthesis.masks.strokes import stroke_mask

GENERATORS = [occlusion_mask, stroke_mask, blob_mask, document_mask, square_mask, grid_mask]


def test_these_are_all_generators() -> None:
    assert set(_MAKERS.values()) == set(GENERATORS)


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_generator_takes_what_the_protocol_says(generator: MaskGenerator) -> None:
    contract = list(inspect.signature(MaskGenerator.__call__).parameters)[1:]
    assert list(inspect.signature(generator).parameters) == contract


@settings(max_examples=60, deadline=None)
@given(
    generator=st.sampled_from(GENERATORS),
    seed=st.integers(0, 2**32),
    shape=st.tuples(st.integers(1, 100), st.integers(1, 100)),
    share=st.floats(0, 0.9),
    room=st.integers(0, 5),
)
def test_the_area_is_within_its_limits(
    generator: MaskGenerator, seed: int, shape: tuple[int, int], share: float, room: int
) -> None:
    pixels = shape[0] * shape[1]
    target = max(1, int(share * pixels))
    hole = generator(np.random.default_rng(seed), shape, max(1, target - room), min(target + room, pixels), target)
    assert hole.shape == shape
    assert hole.dtype == np.bool_
    assert max(1, target - room) <= hole.sum() <= min(target + room, pixels)


@pytest.mark.parametrize("generator", GENERATORS)
def test_the_same_state_gives_the_same_mask(generator: MaskGenerator) -> None:
    first, again, other = (generator(np.random.default_rng(seed), (64, 64), 800, 900, 850) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
