"""Each term against numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bokwon.errors import ArgumentError
from bokwon.nn.features import IMAGENET_STD
from bokwon.nn.losses import (
    PAPER,
    REIMPLEMENTATION,
    feature_distance,
    feature_terms,
    gram,
    l1_terms,
    make_composite,
    pixel_terms,
    total_variation,
)


def example() -> tuple[Tensor, Tensor, Tensor]:
    """A known pixel that is wrong by 0.1, 0.2, 0.3, and one in a hole that is wrong by 0.5 in red: 6 elements."""
    truth = torch.full((1, 3, 1, 2), 0.4, dtype=torch.float64)
    output = truth.clone()
    output[0, :, 0, 0] += torch.tensor([0.1, -0.2, 0.3], dtype=torch.float64)
    output[0, 0, 0, 1] += 0.5
    return output, truth, torch.tensor([1.0, 0.0], dtype=torch.float64).view(1, 1, 1, 2)


def test_l1_terms_are_means_over_all_elements() -> None:
    terms = l1_terms(*example(), PAPER)
    assert float(terms["valid"]) == pytest.approx(0.6 / 6, rel=1e-12)
    assert float(terms["hole"]) == pytest.approx(0.5 / 6, rel=1e-12)


def test_normalised_l1_terms_are_in_standard_deviations() -> None:
    terms = l1_terms(*example(), REIMPLEMENTATION)
    distances = (0.1 / IMAGENET_STD[0], 0.2 / IMAGENET_STD[1], 0.3 / IMAGENET_STD[2])
    assert float(terms["valid"]) == pytest.approx(sum(distances) / 6, rel=1e-6)
    assert float(terms["hole"]) == pytest.approx(0.5 / IMAGENET_STD[0] / 6, rel=1e-6)


def test_pixel_terms_vary_in_the_dilated_hole_or_everywhere() -> None:
    # The hole is the first of four pixels; dilated, it is the first two.
    composite = torch.tensor([1.0, 0.7, 0.5, 0.4], dtype=torch.float64).view(1, 1, 1, 4).repeat(1, 3, 1, 1)
    valid = torch.tensor([0.0, 1.0, 1.0, 1.0], dtype=torch.float64).view(1, 1, 1, 4)
    paper = pixel_terms(composite, composite, composite, valid, PAPER)
    assert list(paper) == ["valid", "hole", "tv"]
    assert float(paper["tv"]) == pytest.approx(3 * 0.3 / 12, rel=1e-12)
    normalised = pixel_terms(composite, composite, composite, valid, REIMPLEMENTATION)
    assert float(normalised["tv"]) == pytest.approx(0.6 * sum(1 / each for each in IMAGENET_STD) / 12, rel=1e-6)


def test_feature_terms() -> None:
    # The output's features are (1, 2), the composite's (3, 4), the truth's (0, 0); one channel, two positions.
    maps = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(2, 1, 1, 2)
    perceptual, style_out, style_comp = feature_terms([maps], [torch.zeros(1, 1, 1, 2)])
    assert float(perceptual) == pytest.approx((1 + 2) / 2 + (3 + 4) / 2)
    assert float(style_out) == pytest.approx((1 + 4) / 2)
    assert float(style_comp) == pytest.approx((9 + 16) / 2)
    # Maps add up.
    twice = feature_terms([maps, maps], [torch.zeros(1, 1, 1, 2)] * 2)
    assert [float(term) for term in twice] == pytest.approx([10, 5, 25])


def test_feature_terms_of_other_images_are_refused() -> None:
    with pytest.raises(ArgumentError, match="ground-truth features have shapes"):
        feature_terms([torch.zeros(2, 1, 1, 2)], [torch.zeros(2, 1, 1, 2)])


def test_feature_distance_is_between_directions() -> None:
    # (3, 4) has the direction (0.6, 0.8), which is (-0.4, 0.8) from (1, 0); the second position is the same in both.
    first = torch.tensor([[3.0, 7.0], [4.0, 0.0]]).view(1, 2, 1, 2)
    second = torch.tensor([[1.0, 2.0], [0.0, 0.0]]).view(1, 2, 1, 2)
    assert feature_distance([first], [second]).tolist() == pytest.approx([(0.16 + 0.64) / 2])
    assert feature_distance([first, first], [second, first]).tolist() == pytest.approx([0.4])
    across = torch.tensor([0.0, 5.0]).view(1, 2, 1, 1)
    assert feature_distance([across], [across.flip(1)]).tolist() == pytest.approx([2])


def test_feature_distance_of_nothing_seen_has_a_gradient() -> None:
    nothing = torch.zeros(1, 2, 1, 1, requires_grad=True)
    distance = feature_distance([nothing], [torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)])
    assert distance.tolist() == pytest.approx([1])
    distance.sum().backward()
    assert nothing.grad is not None
    assert nothing.grad.isfinite().all()


def test_total_variation_counts_both_directions() -> None:
    ramp = torch.arange(6, dtype=torch.float64).view(1, 1, 2, 3)  # steps of 1 across (4 pairs), 3 down (3 pairs)
    assert float(total_variation(ramp)) == pytest.approx((4 * 1 + 3 * 3) / 6)
    region = torch.tensor([[1.0, 1, 0], [1, 0, 0]], dtype=torch.float64).view(1, 1, 2, 3)
    assert float(total_variation(ramp, region)) == pytest.approx((1 + 3) / 6)


def test_gram_matrix() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # 2 channels, 1 x 2 positions
    # (1, 2) and (3, 4): inner products 5, 11, 11, 25; C H W = 4.
    torch.testing.assert_close(gram(features), torch.tensor([[[5.0, 11.0], [11.0, 25.0]]]) / 4)


def test_composite_is_exact() -> None:
    output, image = torch.rand(2, 1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    image[0, 0, 0, 0] = 0.1
    valid = torch.zeros(1, 1, 4, 4)
    valid[..., :2, :] = 1
    output[..., 0, 0] = float("nan")  # a known pixel: what the network says there is nobody's business
    composite = make_composite(output, image, valid)
    assert torch.equal(composite[..., :2, :], image[..., :2, :])
    assert torch.equal(composite[..., 2:, :], output[..., 2:, :])


def test_gradient_of_the_gram_matrix() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(2, 3, 2, 2, dtype=torch.float64, generator=generator).requires_grad_()
    assert torch.autograd.gradcheck(gram, (features,))


def test_gram_sums_in_float32() -> None:
    """65,536 ones: bfloat16 would stop counting at 256, float16 at 2,048."""
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        ones = torch.ones(1, 2, 256, 256, dtype=dtype)
        for enabled in (False, True):
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                result = gram(ones)
            assert result.dtype == torch.float32
            assert torch.equal(result, torch.full((1, 2, 2), 0.5))
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(1, 8, 64, 64, generator=generator).to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        coarse = gram(features)
    torch.testing.assert_close(coarse, gram(features.double()).float(), rtol=1e-5, atol=0)
