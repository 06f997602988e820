"""What is to be filled of a page, and that all who say so can be asked in the same way."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from bokwon.batch.found_masks import FoundMasks
from bokwon.batch.given_masks import GivenMasks
from bokwon.batch.page_holes import HoleSource, PageHole
from bokwon.provenance.hole_list import Damage


@pytest.mark.parametrize("source", [GivenMasks, FoundMasks])
@pytest.mark.parametrize("method", ["has", "check_size", "of"])
def test_every_source_is_asked_as_the_protocol_says(source: type, method: str) -> None:
    assert inspect.signature(getattr(source, method)) == inspect.signature(getattr(HoleSource, method))


def test_a_hole_is_only_itself() -> None:
    # Comparing arrays gives an array, which is neither true nor false.
    hole = np.ones((2, 2), bool)
    one, other = (PageHole(hole, "mask.png", "white is hole", "given", Damage) for _ in range(2))
    assert one != other
    assert len({one, other}) == 2
