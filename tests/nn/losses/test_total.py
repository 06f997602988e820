"""Every term against numbers worked out by hand, on pictures small enough to follow on paper."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from bokwon.errors import ArgumentError
from bokwon.nn.features import IMAGENET_MEAN, IMAGENET_STD
from bokwon.nn.losses import (
    PRESETS,
    REIMPLEMENTATION,
    losses,
    make_composite,
    weighted_sum,
)

# 3 x 4 pixels, 3 channels: 36 elements. Only red is not flat. The truth has an edge between columns 2 and 3; the output
# is 0.2 too red everywhere; the hole is the top left pixel, and dilated by one pixel the top left 2 x 2.
ELEMENTS = 36
EDGE = 0.4
ERROR = 0.2


def example() -> tuple[Tensor, Tensor, Tensor]:
    truth = torch.full((1, 3, 3, 4), 0.3, dtype=torch.float64)
    truth[:, 0, :, 3] += EDGE
    output = truth.clone()
    output[:, 0] += ERROR
    valid = torch.ones(1, 1, 3, 4, dtype=torch.float64)
    valid[..., 0, 0] = 0
    return output.requires_grad_(), truth, valid


def identity(images: Tensor) -> tuple[Tensor]:
    return (images,)


def values(terms: dict[str, Tensor]) -> dict[str, float]:
    return {name: float(term.detach()) for name, term in terms.items()}


def test_paper_pixel_terms() -> None:
    expected = {
        "valid": 11 * ERROR / ELEMENTS,  # 11 known pixels, over all elements
        "hole": ERROR / ELEMENTS,  # one hole pixel, over all elements, not over the hole's
        "tv": 2 * ERROR / ELEMENTS,  # its right and lower neighbours; the edge is outside the dilated hole
    }
    assert values(losses(*example())) == pytest.approx(expected, rel=1e-12)


def test_seed_pixel_terms() -> None:
    red = IMAGENET_STD[0]
    expected = {
        "valid": 11 * ERROR / red / ELEMENTS,
        "hole": ERROR / red / ELEMENTS,
        "tv": (2 * ERROR + 3 * EDGE) / red / ELEMENTS,  # the edge of all 3 rows as well
    }
    assert values(losses(*example(), definition=REIMPLEMENTATION)) == pytest.approx(expected, rel=1e-6)


def test_seed_equals_unit_terms_of_normalised_pictures() -> None:
    mean, std = (torch.tensor(each, dtype=torch.float64).view(3, 1, 1) for each in (IMAGENET_MEAN, IMAGENET_STD))
    unit = dataclasses.replace(REIMPLEMENTATION, normalised_pixels=False)
    output, truth, valid = example()
    composite = make_composite(output, truth * 0.9, valid)
    normalised = losses(
        (output - mean) / std, (truth - mean) / std, valid, composite=(composite - mean) / std, definition=unit
    )
    other = losses(output, truth, valid, composite=composite, definition=REIMPLEMENTATION)
    assert values(other) == pytest.approx(values(normalised), rel=1e-6)


def test_dilation_covers_diagonals_and_stops_at_the_border() -> None:
    """A hole at the border: its dilation ends there, and a pair of dilated pixels counts without touching the hole."""
    composite = torch.zeros(1, 3, 3, 4, dtype=torch.float64)
    composite[:, 1, 1, 1] = 0.5  # the diagonal neighbour of the hole
    composite[:, 2, 2, 2] = 0.7  # two away
    _, truth, valid = example()
    terms = losses(truth, truth, valid, composite=composite)
    assert float(terms["tv"]) == pytest.approx(2 * 0.5 / ELEMENTS, rel=1e-12)


def test_perceptual_sums_maps_and_adds_output_and_composite() -> None:
    # Identity features: the output differs in 12 pixels, the composite in one. A second map is three times as large.
    terms = values(losses(*example(), features=lambda images: (images, 3 * images)))
    assert terms["perceptual"] == pytest.approx((1 + 3) * (12 + 1) * ERROR / ELEMENTS, rel=1e-12)


def style_example() -> tuple[Tensor, Tensor]:
    """Two channels that matter, with Gram matrices (5, 11, 11, 25) / 4 and (1, 0, 0, 1) / 4."""
    output, truth = torch.zeros(2, 1, 3, 1, 2)
    output[0, 0], output[0, 1] = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])
    truth[0, 0], truth[0, 1] = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    return output, truth


def two_channels(images: Tensor) -> tuple[Tensor]:
    return (images[:, :2],)


def test_style_terms() -> None:
    output, truth = style_example()
    # |(4, 11, 11, 24)| / 4, mean over C x C = 4.
    expected = 50 / 4 / 4
    all_hole, no_hole, right_hole = torch.zeros(1, 1, 1, 2), torch.ones(1, 1, 1, 2), torch.tensor([[[[1.0, 0.0]]]])
    terms = losses(output, truth, all_hole, features=two_channels)
    assert float(terms["style_out"]) == pytest.approx(expected)
    assert float(terms["style_comp"]) == pytest.approx(expected)
    terms = losses(output, truth, no_hole, features=two_channels)
    assert float(terms["style_out"]) == pytest.approx(expected)
    assert float(terms["style_comp"]) == 0
    # Composite (1, 2), (0, 4): inner products 5, 8, 8, 16; less the truth's 4, 8, 8, 15.
    terms = losses(output, truth, right_hole, features=two_channels)
    assert float(terms["style_comp"]) == pytest.approx(35 / 4 / 4)
    joint = losses(output, truth, right_hole, features=two_channels, definition=REIMPLEMENTATION)
    assert float(joint["style"]) == pytest.approx(expected + 35 / 4 / 4)


def test_terms_are_means_over_the_batch() -> None:
    output, truth, valid = example()
    once = losses(output, truth, valid, features=identity)
    twice = losses(*(torch.cat([each, each]) for each in (output, truth, valid)), features=identity)
    assert values(twice) == pytest.approx(values(once), rel=1e-12)


def test_terms_come_in_the_order_of_their_definition() -> None:
    for definition in PRESETS.values():
        assert list(losses(*example(), features=identity, definition=definition)) == list(definition.weights)


def test_weighted_sum() -> None:
    terms = {"valid": torch.tensor(2.0), "hole": torch.tensor(0.5), "tv": torch.tensor(float("inf"))}
    assert float(weighted_sum(terms, {"valid": 1, "hole": 6, "tv": 0, "style": 0})) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"valid": 1}, "no weight for the loss term 'hole'"),
        ({"valid": 1, "hole": 6, "style": 120}, "a weight for 'style', but no such term"),
        ({"valid": 1, "hole": -6}, "hole is -6"),
        ({"valid": float("nan"), "hole": 6}, "valid is nan"),
        ({"valid": 0, "hole": 0}, "all loss weights are 0"),
    ],
)
def test_weighted_sum_refuses_weights_that_do_not_fit(weights: dict[str, float], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        weighted_sum({"valid": torch.tensor(2.0), "hole": torch.tensor(0.5)}, weights)
