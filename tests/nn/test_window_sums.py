"""Sums over windows against a convolution with a kernel of ones, and the mask after a rectifier."""

import pytest
import torch
import torch.nn.functional as F

from bokwon.nn.window_sums import box_sum, dilate


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [
        (3, 1, 1, 1),
        (7, 2, 3, 1),
        ((5, 2), (2, 3), (0, 1), 1),
        (3, 1, 2, (2, 1)),
        (2, 1, "same", 1),
        (3, 1, "same", 2),
        (3, 1, "valid", 1),
        (1, 2, 0, 1),
        (15, 1, 7, 1),
    ],
)
def test_sums_are_those_of_a_kernel_of_ones(kernel, stride, padding, dilation):
    x = (torch.rand(2, 3, 17, 20, generator=torch.Generator().manual_seed(0)) > 0.4).float()
    size = (kernel, kernel) if isinstance(kernel, int) else kernel
    if padding == "same" and size == (2, 2):
        # PyTorch warns of even kernels, which are padded at the end.
        expected = F.conv2d(F.pad(x, (0, 1, 0, 1)), torch.ones(3, 1, 2, 2), groups=3)
    else:
        expected = F.conv2d(x, torch.ones(3, 1, *size), None, stride, padding, dilation, groups=3)
    assert torch.equal(box_sum(x, kernel, stride, padding, dilation), expected)


def test_dilation_takes_the_diagonals_and_ends_at_the_border():
    x = torch.zeros(1, 1, 4, 5)
    x[..., 0, 1] = 1
    grown = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    assert torch.equal(dilate(x)[0, 0].int(), grown.int())
