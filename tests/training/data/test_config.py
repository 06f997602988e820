"""Where images and masks come from: what makes no sense is refused when it is said."""

import pytest

from bokwon.errors import ArgumentError
from bokwon.training.data.config import DataConfig, HubConfig


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"crop": 16}, "data.crop is 16"),
        ({"images": ("a", "b"), "image_weights": (1.0,)}, "1 values for 2 data.images"),
        ({"masks": ("a",), "mask_weights": (1.0, 2.0)}, "2 values for 1 data.masks"),
        ({"images": ("a", "b"), "image_weights": (0.0, 0.0)}, "data.image_weights"),
        ({"images": ("a", "b"), "image_weights": (-1.0, 2.0)}, "data.image_weights"),
        ({"scale": (2.0, 1.0)}, "data.scale"),
        ({"scale": (0.0, 1.0)}, "data.scale"),
        ({"max_ratio": 0.01}, "data.max_ratio"),
        ({"max_ratio": 0.991}, "data.max_ratio"),
        ({"min_ratio": 0.6}, "data.min_ratio"),
        ({"min_ratio": -0.1}, "data.min_ratio"),
        ({"islands": 1.5}, "data.islands"),
        ({"tone": -0.1}, "data.tone"),
        ({"workers": -1}, "negative"),
        ({"cache": -1}, "negative"),
        ({"hub": HubConfig(shuffle=-1)}, "negative"),
    ],
)
def test_what_makes_no_sense_is_refused(values, told):
    with pytest.raises(ArgumentError, match=told) as caught:
        DataConfig(**values)
    assert caught.value.fix


def test_ends_of_the_ranges_are_allowed():
    config = DataConfig(
        images=("a", "b"),
        image_weights=(0.0, 1.0),
        crop=32,
        scale=(1.0, 1.0),
        islands=1.0,
        min_ratio=0.0,
        max_ratio=0.99,
        tone=0.0,
        workers=0,
        cache=0,
    )
    assert config.image_weights == (0.0, 1.0)
