"""Convolutions in blocks of 2x2 pixels against direct ones."""

import pytest
import torch
import torch.nn.functional as F

from bokwon.nn.few_channels import block_kernels, frozen_conv2d


def test_blocks_are_the_pixels_of_the_direct_convolution():
    torch.manual_seed(0)
    x, weight = torch.randn(2, 5, 6, 8, dtype=torch.double), torch.randn(3, 5, 3, 3, dtype=torch.double)
    expected = F.conv2d(x, weight, padding=1)
    blocks = F.conv2d(x, block_kernels(weight), stride=2, padding=1)
    torch.testing.assert_close(F.pixel_shuffle(blocks, 2), expected)
    shifted = F.pixel_shuffle(F.conv2d(x, block_kernels(weight), stride=2, padding=2), 2)
    torch.testing.assert_close(shifted[..., 1:-1, 1:-1], expected)


@pytest.mark.parametrize("size", [(6, 8), (5, 8), (6, 7), (1, 1)])
def test_a_frozen_convolution_has_the_output_and_the_gradient_of_the_direct_one(size):
    torch.manual_seed(1)
    x = torch.randn(2, 3, *size, dtype=torch.double, requires_grad=True)
    weight, bias = torch.randn(7, 3, 3, 3, dtype=torch.double), torch.randn(7, dtype=torch.double)
    found, expected = frozen_conv2d(x, weight, bias), F.conv2d(x, weight, bias, padding=1)
    assert torch.equal(found, expected)
    upstream = torch.randn_like(expected)
    gradients = [torch.autograd.grad(each, x, upstream)[0] for each in (found, expected)]
    torch.testing.assert_close(*gradients, atol=1e-12, rtol=0)


def test_autocast_may_round_its_output():
    x = torch.rand(1, 3, 8, 8, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        output = frozen_conv2d(x, torch.rand(8, 3, 3, 3))
    assert output.dtype == torch.bfloat16
    output.sum().backward()
    assert x.grad.dtype == torch.float32
    assert x.grad.isfinite().all()
