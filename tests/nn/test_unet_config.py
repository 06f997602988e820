"""The shape of the U-Net: what follows from its numbers, and shapes that are refused."""

import dataclasses
import json

import pytest

from bokwon.nn.unet_config import UNetConfig

MEAN, STD = (0.5, 0.4, 0.3), (0.5, 1.0, 2.0)


def test_channels_double_up_to_a_limit():
    assert UNetConfig().channels == (64, 128, 256, 512, 512, 512, 512, 512)
    assert UNetConfig(levels=4, width=4, max_width=10).channels == (4, 8, 10, 10)
    assert UNetConfig(levels=2, width=3, max_width=3).channels == (3, 3)


def test_sides_are_padded_to_what_the_levels_halve():
    assert [UNetConfig(levels=levels).multiple for levels in (2, 5, 8)] == [4, 32, 256]


@pytest.mark.parametrize(
    ("base", "outputs", "interpolates"),
    [("none", 3, False), ("lowpass", 3, False), ("pullpush", 4, True), ("membrane", 4, True)],
)
def test_an_interpolation_needs_a_fourth_channel(base, outputs, interpolates):
    config = UNetConfig(base=base)
    assert (config.outputs, config.interpolates) == (outputs, interpolates)


def test_units_other_than_the_image_s_are_noticed():
    assert not UNetConfig().normalizes
    assert UNetConfig(mean=(0, 0, 0.5)).normalizes
    assert UNetConfig(std=(1, 0.5, 1)).normalizes


def test_a_shape_read_back_from_json_is_the_same():
    config = UNetConfig(levels=3, width=4, mean=MEAN, std=STD, head="tanh")
    assert UNetConfig(**json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"levels": 1}, "levels"),
        ({"width": 0}, "width"),
        ({"width": 8, "max_width": 4}, "max_width"),
        ({"base": "blur"}, "base"),
        ({"base": "lowpass", "levels": 3}, "levels >= 4"),
        ({"placeholder": "noise"}, "placeholder"),
        ({"base": "lowpass", "layer": "conv"}, "lowpass"),
        ({"base": "pullpush", "layer": "gated"}, "gated"),
        ({"base": "none", "layer": "attention"}, "partial, conv, padding, gated"),
        ({"norm": "instance"}, "batch, region"),
    ],
)
def test_impossible_networks_are_refused(values, word):
    with pytest.raises(ValueError, match=word):
        UNetConfig(**values)


@pytest.mark.parametrize(
    "options",
    [
        {"mean": (0.5, 0.5)},
        {"mean": (0.5, 0.5, float("nan"))},
        {"std": (1.0, 1.0, 0.0)},
        {"std": (1.0, float("inf"), 1.0)},
        {"head": "softmax"},
        {"base": "lowpass", "mean": MEAN},
        {"base": "membrane", "head": "tanh"},
    ],
)
def test_impossible_colours_and_heads_are_refused(options):
    with pytest.raises(ValueError, match=r"mean|std|head"):
        UNetConfig(**options)
