"""The decoder's convolution against upsampling, concatenation and convolution one after the other."""

import math

import pytest
import torch
import torch.nn.functional as F

from bokwon.nn.functional import (
    partial_conv2d,
    phase_matrix,
    upsampled_conv2d,
    upsampled_partial_conv2d,
    upsampling_matrix,
)


def _random_mask(shape, share=0.4):
    return (torch.rand(shape) > share).double()


# Up to four output channels are computed in another way than more.
@pytest.mark.parametrize("outs", [1, 4, 5])
@pytest.mark.parametrize("holes_are_zero", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (4, 3), (5, 8)])
def test_fused_upsampling_equals_upsampling_and_concatenation(size, holes_are_zero, outs):
    torch.manual_seed(6)
    h, w = size
    x, skip = torch.randn(2, 5, h, w, dtype=torch.double), torch.randn(2, 3, 2 * h, 2 * w, dtype=torch.double)
    valid, skip_valid = _random_mask((2, 1, h, w)), _random_mask((2, 1, 2 * h, 2 * w))
    if holes_are_zero:
        x, skip = x * valid, skip * skip_valid
    weight, bias = torch.randn(outs, 8, 3, 3, dtype=torch.double), torch.randn(outs, dtype=torch.double)
    fused, updated = upsampled_partial_conv2d(x, valid, skip, skip_valid, weight, bias, holes_are_zero=holes_are_zero)
    up, up_valid = F.interpolate(x, scale_factor=2.0), F.interpolate(valid, scale_factor=2.0)
    plain, known = partial_conv2d(torch.cat([up, skip], 1), [(up_valid, 5), (skip_valid, 3)], weight, bias, padding=1)
    torch.testing.assert_close(fused, plain, atol=1e-13, rtol=1e-13)
    assert torch.equal(updated, known)


@pytest.mark.parametrize("outs", [2, 5])
def test_fused_upsampling_has_the_right_gradients(outs):
    torch.manual_seed(7)
    x = torch.randn(1, 2, 3, 2, dtype=torch.double, requires_grad=True)
    skip = torch.randn(1, 1, 6, 4, dtype=torch.double, requires_grad=True)
    weight = torch.randn(outs, 3, 3, 3, dtype=torch.double, requires_grad=True)
    valid, skip_valid = _random_mask((1, 1, 3, 2)), _random_mask((1, 1, 6, 4))
    assert torch.autograd.gradcheck(
        lambda a, b, w: upsampled_partial_conv2d(a, valid, b, skip_valid, w)[0], (x, skip, weight)
    )


def test_wide_layers_may_be_computed_the_fast_way():
    torch.manual_seed(8)
    x, skip = torch.randn(4, 8, 8, 8), torch.randn(4, 96, 16, 16)
    weight, bias = torch.randn(96, 104, 3, 3) / 30, torch.randn(96)
    inputs = [each.requires_grad_() for each in (x, skip, weight, bias)]
    upstream = torch.randn(4, 96, 16, 16)
    outputs = [upsampled_conv2d(*inputs, fast=fast) for fast in (False, True)]
    assert not torch.equal(*outputs)  # another way to the same numbers
    direct, fast = ((each, *torch.autograd.grad(each, inputs, upstream)) for each in outputs)
    for ours, theirs in zip(fast, direct, strict=True):
        assert (ours - theirs).abs().max() < 3e-5 * theirs.abs().max()


def test_hidden_nan_does_not_pass_through_the_fused_upsampling():
    torch.manual_seed(5)
    x, skip, weight = torch.randn(1, 2, 4, 4), torch.randn(1, 1, 8, 8), torch.randn(3, 3, 3, 3)
    valid, skip_valid = (_random_mask((1, 1, 4, 4)).float(), _random_mask((1, 1, 8, 8)).float())
    hidden = torch.where(valid > 0, x, math.nan), torch.where(skip_valid > 0, skip, math.nan)
    found, _ = upsampled_partial_conv2d(hidden[0], valid, hidden[1], skip_valid, weight)
    expected, _ = upsampled_partial_conv2d(x, valid, skip, skip_valid, weight)
    assert torch.equal(found, expected)


@pytest.mark.parametrize(
    ("skip", "kernel", "says"),
    [
        ((1, 1, 4, 4), (1, 2, 5, 5), "must be 3x3"),
        ((1, 1, 4, 4), (1, 3, 3, 3), r"takes 3 channels, the inputs have 1 \+ 1"),
        ((1, 1, 4, 5), (1, 2, 3, 3), r"skip must be .* not \(1, 1, 4, 5\)"),
        ((1, 4, 4), (1, 2, 3, 3), "skip must be"),
    ],
)
def test_upsampling_of_what_does_not_fit_is_refused(skip, kernel, says):
    input, skip, weight = torch.rand(1, 1, 2, 2), torch.rand(skip), torch.rand(kernel)
    with pytest.raises(ValueError, match=says):
        upsampled_partial_conv2d(input, torch.ones(1, 1, 2, 2), skip, torch.ones(1, 1, 4, 4), weight)
    with pytest.raises(ValueError, match=says):
        upsampled_conv2d(input, skip, weight)


@pytest.mark.parametrize("outs", [4, 6])
def test_upsampled_convolution_is_upsampling_concatenation_and_convolution(outs):
    torch.manual_seed(9)
    x, skip = torch.randn(2, 3, 4, 5, dtype=torch.double), torch.randn(2, 2, 8, 10, dtype=torch.double)
    weight, bias = torch.randn(outs, 5, 3, 3, dtype=torch.double), torch.randn(outs, dtype=torch.double)
    expected = F.conv2d(torch.cat([F.interpolate(x, scale_factor=2.0), skip], 1), weight, bias, padding=1)
    torch.testing.assert_close(upsampled_conv2d(x, skip, weight, bias), expected, atol=1e-13, rtol=1e-13)


def test_the_upsampling_kernel_by_hand():
    # A kernel of ones: an output pixel sees 1, 2 or 4 copies of an input pixel, depending on where it lies.
    kernel = (torch.ones(9) @ upsampling_matrix(torch.ones(1))).view(4, 4)
    assert kernel.tolist() == [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]


def test_four_small_kernels_convolve_what_is_upsampled():
    torch.manual_seed(0)
    features, weight = torch.rand(1, 2, 6, 5), torch.rand(3, 2, 3, 3)
    expected = F.conv2d(F.interpolate(features, scale_factor=2.0), weight, padding=1)
    kernels = (weight.flatten(2) @ phase_matrix(weight)).view(3, 2, 4, 2, 2).transpose(1, 2).reshape(12, 2, 2, 2)
    found = F.pixel_shuffle(F.conv2d(features, kernels, padding=1), 2)[..., 1:-1, 1:-1]
    torch.testing.assert_close(found, expected)


def test_small_kernels_are_sums_of_the_taps_that_meet_a_pixel():
    matrix = phase_matrix(torch.empty(0))
    assert matrix.shape == (9, 16)
    # Nine taps, each of them once for each of the four pixels that upsampling makes of one.
    assert torch.equal(matrix.sum(1), torch.full((9,), 4.0))
    assert matrix.unique().tolist() == [0, 1]


def test_masks_are_checked_and_may_be_shared():
    x, skip, weight = torch.rand(2, 2, 4, 4), torch.rand(2, 1, 8, 8), torch.rand(3, 3, 3, 3)
    valid, skip_valid = _random_mask((1, 1, 4, 4)), _random_mask((1, 1, 8, 8))
    shared, updated = upsampled_partial_conv2d(x, valid, skip, skip_valid.bool(), weight)
    repeated = [mask.repeat(2, 1, 1, 1) for mask in (valid, skip_valid)]
    expected, known = upsampled_partial_conv2d(x, repeated[0], skip, repeated[1], weight)
    assert torch.equal(shared, expected)
    assert updated.dtype == torch.bool
    assert torch.equal(updated.expand(2, -1, -1, -1).double(), known)
    for wrong in ((valid * 0.5, skip_valid), (valid, skip_valid * 0.5)):
        with pytest.raises(ValueError, match=r"the mask has the value 0\.5"):
            upsampled_partial_conv2d(x, wrong[0], skip, wrong[1], weight)
    with pytest.raises(ValueError, match="the mask must have the shape"):
        upsampled_partial_conv2d(x, skip_valid, skip, skip_valid, weight)
