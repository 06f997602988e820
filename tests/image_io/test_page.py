from __future__ import annotations

import numpy as np
import pytest

from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 4)])
def test_size_is_width_and_height(shape: tuple[int, ...]) -> None:
    page = Page(np.zeros(shape, np.uint8), "L", "PNG", Metadata())
    assert page.size == (5, 3)
    assert (page.notices, page.warnings) == ((), ())
