"""Every mode of image becomes RGB of 8 bits."""

import numpy as np
import pytest
from PIL import Image

from bokwon.training.data.rgb import to_rgb


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("L", (2, 2), 7), (7, 7, 7)),
        (Image.fromarray(np.full((2, 2), 40000, np.uint16)), (156, 156, 156)),
        (Image.new("RGBA", (2, 2), (0, 0, 0, 0)), (255, 255, 255)),
        (Image.new("RGBA", (2, 2), (9, 8, 7, 255)), (9, 8, 7)),
        (Image.new("CMYK", (2, 2), (0, 0, 0, 255)), (0, 0, 0)),
        (Image.new("1", (2, 2), 1), (255, 255, 255)),
        (Image.new("LA", (2, 2), (5, 255)), (5, 5, 5)),
        (Image.new("P", (2, 2), 0), (0, 0, 0)),
    ],
)
def test_every_mode_becomes_rgb(image, expected):
    rgb = to_rgb(image)
    assert rgb.shape == (2, 2, 3)
    assert rgb.dtype == np.uint8
    assert tuple(rgb[0, 0]) == expected
