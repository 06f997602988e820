"""The losses with a real VGG (random weights): gradients, precision, and the mistakes other implementations make."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from bokwon.errors import ArgumentError
from bokwon.nn.features import IMAGENET_MEAN, IMAGENET_STD, VGGFeatures
from bokwon.nn.losses import PAPER, REIMPLEMENTATION, LossDefinition, losses, make_composite, weighted_sum

CHANNELS = {"0": (3, 64), "2": (64, 64), "5": (64, 128), "7": (128, 128), "10": (128, 256), "12": (256, 256)}
CHANNELS["14"] = (256, 256)
MEAN, STD = (torch.tensor(each).view(1, 3, 1, 1) for each in (IMAGENET_MEAN, IMAGENET_STD))


@pytest.fixture(scope="module")
def vgg() -> VGGFeatures:
    generator = torch.Generator().manual_seed(3)
    state = {}
    for index, (before, after) in CHANNELS.items():
        scale = (2 / (9 * before)) ** 0.5
        state[f"features.{index}.weight"] = scale * torch.randn(after, before, 3, 3, generator=generator)
        state[f"features.{index}.bias"] = 0.1 * torch.randn(after, generator=generator)
    return VGGFeatures(weights=state)


def batch(size: int = 32, count: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Random output and truth, and masks with a square hole; float32."""
    generator = torch.Generator().manual_seed(11)
    output, truth = torch.rand(2, count, 3, size, size, generator=generator)
    valid = torch.ones(count, 1, size, size)
    valid[..., 3 : size // 2, 5 : size // 2 + 4] = 0
    return output, truth, valid


def values(terms: dict[str, Tensor]) -> dict[str, float]:
    return {name: float(term.detach()) for name, term in terms.items()}


def gradient(term: str, vgg: VGGFeatures, definition: LossDefinition = PAPER) -> tuple[Tensor, Tensor]:
    output, truth, valid = batch()
    output.requires_grad_()
    losses(output, truth, valid, features=vgg, definition=definition)[term].backward()
    assert output.grad is not None
    return output.grad, (valid == 0).expand_as(output)


def test_review_check(vgg: VGGFeatures) -> None:
    """One 256 x 256 picture, a 512 x 512 mask: input, mask, output and truth in, five named values out."""
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 256), torch.linspace(0, 1, 256), indexing="ij")
    truth = torch.stack([rows, columns, (rows * 40).sin() * 0.4 + 0.5]).unsqueeze(0)
    large = torch.ones(1, 3, 512, 512)  # three equal channels, as a picture file gives them; never normalised
    large[..., 100:301, 161:340] = 0
    valid = F.interpolate(large, size=(256, 256), mode="nearest")  # a mask stays a mask
    picture = truth * valid
    output = (truth + 0.1).requires_grad_()

    composite = make_composite(output, picture, valid)
    terms = losses(output, truth, valid, features=vgg, composite=composite, definition=REIMPLEMENTATION)
    found = values(terms)
    for name, value in found.items():
        print(f"{name:>10} {value:.6f}")

    assert sorted(found) == ["hole", "perceptual", "style", "tv", "valid"]
    hole = float((valid == 0).float().mean())
    assert 0.1 < hole < 0.2
    scale = sum(0.1 / each for each in IMAGENET_STD) / 3  # the same error in every pixel, in standard deviations
    assert found["hole"] == pytest.approx(scale * hole, rel=1e-4)
    assert found["valid"] == pytest.approx(scale * (1 - hole), rel=1e-4)
    assert found == pytest.approx(independent(output.detach(), truth, valid[:, :1], vgg)[1], rel=1e-3)
    weighted_sum(terms, REIMPLEMENTATION.weights).backward()
    assert output.grad is not None
    assert output.grad.isfinite().all()
    assert output.grad.abs().max() > 0


def independent(
    output: Tensor, truth: Tensor, valid: Tensor, vgg: VGGFeatures
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the terms of both presets, computed once more by other means, in the images' own precision."""
    mean, std = MEAN.to(output), STD.to(output)
    composite = valid * truth + (1 - valid) * output
    hole = valid == 0
    near = torch.zeros_like(hole)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            near |= F.pad(hole, (1, 1, 1, 1))[
                ..., 1 + down : 1 + down + hole.shape[2], 1 + right : 1 + right + hole.shape[3]
            ]

    def pixel(scale: Tensor, region: Tensor) -> dict[str, float]:
        error, steps = ((output - truth) / scale).abs(), composite / scale
        tv = sum(
            ((steps - steps.roll(1, axis)).abs() * (region & region.roll(1, axis))).narrow(axis, 1, size - 1).sum()
            for axis, size in ((2, steps.shape[2]), (3, steps.shape[3]))
        )
        terms = {"valid": (error * valid).sum(), "hole": (error * (1 - valid)).sum(), "tv": tv}
        return {name: float(term / output.numel()) for name, term in terms.items()}

    def maps(images: Tensor) -> list[Tensor]:
        x, found = (images - mean) / std, []
        for index in CHANNELS:
            layer = vgg.features[index]
            x = F.conv2d(x, layer.weight.to(x), layer.bias.to(x), padding=1).clamp(min=0)
            if index in ("2", "7", "14"):
                x = F.max_pool2d(x, 2)
                found.append(x)
        return found

    perceptual, style = 0.0, {"style_out": 0.0, "style_comp": 0.0}
    for name, images in (("style_out", output), ("style_comp", composite)):
        for ours, theirs in zip(maps(images), maps(truth), strict=True):
            perceptual += float((ours - theirs).abs().mean())
            grams = [torch.einsum("nchw,ndhw->ncd", each, each) / each[0].numel() for each in (ours, theirs)]
            style[name] += float((grams[0] - grams[1]).abs().mean())
    everywhere = torch.ones_like(hole)
    paper = {**pixel(torch.ones_like(std), near), "perceptual": perceptual, **style}
    seed = {**pixel(std, everywhere), "perceptual": perceptual, "style": sum(style.values())}
    return paper, seed


def test_all_terms_equal_an_independent_computation(vgg: VGGFeatures) -> None:
    output, truth, valid = batch()
    expected = independent(output.double(), truth.double(), valid.double(), vgg)
    for definition, terms in zip((PAPER, REIMPLEMENTATION), expected, strict=True):
        assert values(losses(output, truth, valid, features=vgg, definition=definition)) == pytest.approx(
            terms, rel=1e-4
        )


@pytest.mark.parametrize("term", ["perceptual", "style_out", "style_comp"])
def test_feature_terms_send_gradients_to_the_network(term: str, vgg: VGGFeatures) -> None:
    """Elsewhere the whole feature computation stands under no_grad, and these terms train nothing."""
    grad, hole = gradient(term, vgg)
    assert grad.isfinite().all()
    assert grad[hole].abs().max() > 0
    # The composite's known pixels are not the network's; the raw output's are.
    assert (grad[~hole].abs().max() > 0) == (term != "style_comp")


@pytest.mark.parametrize("definition", [PAPER, REIMPLEMENTATION])
def test_pixel_terms_send_gradients_only_where_they_look(definition: LossDefinition, vgg: VGGFeatures) -> None:
    grad, hole = gradient("valid", vgg, definition)
    assert (grad[~hole] != 0).all()
    assert (grad[hole] == 0).all()
    grad, hole = gradient("hole", vgg, definition)
    assert (grad[hole] != 0).all()
    assert (grad[~hole] == 0).all()
    # Total variation of the composite, not of the raw output.
    grad, hole = gradient("tv", vgg, definition)
    assert grad[hole].abs().max() > 0
    assert (grad[~hole] == 0).all()


def test_polarity_one_is_known() -> None:
    output, truth, valid = batch()
    terms, inverted = losses(output, truth, valid), losses(output, truth, 1 - valid)
    assert float(terms["hole"]) == float(inverted["valid"])
    assert float(terms["valid"]) == float(inverted["hole"])
    perfect_outside = make_composite(output, truth, valid)
    assert float(losses(perfect_outside, truth, valid)["valid"]) == 0
    assert float(losses(perfect_outside, truth, valid)["hole"]) > 0


def test_truth_features_are_computed_once_and_without_gradient(vgg: VGGFeatures) -> None:
    calls = []

    def counted(images: Tensor) -> Sequence[Tensor]:
        calls.append((images.shape[0], torch.is_grad_enabled()))
        return vgg(images)

    output, truth, valid = batch()
    output.requires_grad_()
    truth.requires_grad_()
    terms = losses(output, truth, valid, features=counted)
    # The truth alone, then output and composite in one pass.
    assert calls == [(2, False), (4, True)]
    weighted_sum(terms, PAPER.weights).backward()
    assert truth.grad is None

    calls.clear()
    with torch.no_grad():
        known = vgg(truth)
    given = losses(output, truth, valid, features=counted, truth_features=known)
    assert calls == [(4, True)]
    assert values(given) == values(terms)


def test_a_given_composite_is_the_one_used(vgg: VGGFeatures) -> None:
    output, truth, valid = batch()
    own = losses(output, truth, valid, features=vgg)
    same = losses(output, truth, valid, features=vgg, composite=make_composite(output, truth, valid))
    other = losses(output, truth, valid, features=vgg, composite=output)
    assert all(float(own[name]) == float(same[name]) for name in own)
    assert float(other["style_comp"]) == pytest.approx(float(other["style_out"]), rel=1e-5)
    assert float(other["tv"]) != float(own["tv"])


@pytest.mark.parametrize("hole", ["all", "none", "some"])
@pytest.mark.parametrize("definition", [PAPER, REIMPLEMENTATION])
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "autocast"])
def test_every_term_is_finite(vgg: VGGFeatures, definition: LossDefinition, hole: str, precision: str) -> None:
    output, truth, valid = batch()
    valid = {"all": torch.zeros_like(valid), "none": torch.ones_like(valid), "some": valid}[hole]
    features = vgg
    exact = losses(output, truth, valid, features=vgg, definition=definition)
    if precision == "bfloat16":
        features = VGGFeatures(weights=vgg.state_dict()).to(torch.bfloat16)
        output, truth, valid = (each.to(torch.bfloat16) for each in (output, truth, valid))
    output.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "autocast"):
        terms = losses(output, truth, valid, features=features, definition=definition)
        total = weighted_sum(terms, definition.weights)
    total.backward()
    assert output.grad is not None
    assert output.grad.isfinite().all()
    assert all(term.dtype == torch.float32 for term in terms.values())
    found = values(terms)
    # Features of random pictures differ by far more than bfloat16's rounding, about 0.4 %.
    assert found == pytest.approx(values(exact), rel=0.05, abs=1e-6)
    if hole == "none":
        assert found["hole"] == 0
        assert (found["tv"] == 0) == (definition is PAPER)
    if hole == "all":
        assert found["valid"] == 0


def test_a_perfect_output_costs_nothing_but_its_own_variation(vgg: VGGFeatures) -> None:
    _, truth, valid = batch()
    output = truth.clone().requires_grad_()
    terms = losses(output, truth, valid, features=vgg)
    assert values(terms)["tv"] > 0
    del terms["tv"]
    assert all(value < 1e-5 for value in values(terms).values())
    weighted_sum(terms, dict.fromkeys(terms, 1)).backward()
    assert output.grad is not None
    assert output.grad.isfinite().all()


def test_three_equal_channels_are_one_mask(vgg: VGGFeatures) -> None:
    output, truth, valid = batch()
    one = losses(output, truth, valid, features=vgg)
    three = losses(output, truth, valid.expand(-1, 3, -1, -1), features=vgg)
    assert all(float(one[name]) == float(three[name]) for name in one)


def test_what_is_no_mask_is_refused() -> None:
    output, truth, valid = batch()
    normalised = (valid - MEAN) / STD  # a review's check did this
    blurred = F.interpolate(F.interpolate(valid, 20), 32, mode="bilinear")
    unlike = valid.repeat(1, 3, 1, 1)
    unlike[:, 2] = 1
    for wrong in (normalised, blurred, unlike, valid * 255, torch.full_like(valid, float("nan"))):
        with pytest.raises(ArgumentError, match=r"not a mask.*do not normalise"):
            losses(output, truth, wrong)
    with pytest.raises(ArgumentError, match=r"64, 64.*nearest"):
        losses(output, truth, torch.ones(2, 1, 64, 64))
    with pytest.raises(ArgumentError, match=r"\(1, 1, 32, 32\)"):
        losses(output, truth, valid[:1])
    with pytest.raises(ArgumentError, match=r"torch\.bool"):
        losses(output, truth, valid.bool())


def test_what_is_no_picture_is_refused(vgg: VGGFeatures) -> None:
    output, truth, valid = batch()
    with pytest.raises(ArgumentError, match="truth has shape"):
        losses(output, truth[:1], valid)
    with pytest.raises(ArgumentError, match=r"truth is torch\.uint8"):
        losses(output, (truth * 255).byte(), valid)
    with pytest.raises(ArgumentError, match="output is"):
        losses(output[:, :1], truth, valid)
    with pytest.raises(ArgumentError, match="composite has shape"):
        losses(output, truth, valid, composite=output[..., :16])
    with pytest.raises(ArgumentError, match="without features"):
        losses(output, truth, valid, truth_features=vgg(truth))
    with pytest.raises(ArgumentError, match="ground-truth features have shapes"):
        losses(output, truth, valid, features=vgg, truth_features=vgg(truth[:1]))


def test_weights_ask_for_the_terms_of_the_features() -> None:
    """Pixel terms alone are no silent substitute for the six: the weights must say so."""
    terms = losses(*batch())
    assert list(terms) == ["valid", "hole", "tv"]
    with pytest.raises(ArgumentError, match="a weight for 'perceptual'"):
        weighted_sum(terms, PAPER.weights)
    total = weighted_sum(terms, {name: PAPER.weights[name] for name in terms})
    assert float(total) == pytest.approx(float(terms["valid"] + 6 * terms["hole"] + 0.1 * terms["tv"]))
