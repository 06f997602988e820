"""The fast convolution against the direct one."""

import pytest
import torch
import torch.nn.functional as F

from bokwon.nn import winograd
from bokwon.nn.winograd import pays_off, winograd_conv2d, winograd_kernel


@pytest.mark.parametrize("shape", [(1, 3, 4, 4), (2, 5, 8, 12), (1, 4, 20, 4), (2, 3, 4, 36)])
@pytest.mark.parametrize("tiles", [1, 3, 64])
def test_equals_the_direct_convolution_in_float64(shape, tiles, monkeypatch):
    monkeypatch.setattr(winograd, "TILES", tiles)
    torch.manual_seed(0)
    x = torch.randn(shape, dtype=torch.double, requires_grad=True)
    weight = torch.randn(7, shape[1], 3, 3, dtype=torch.double, requires_grad=True)
    bias = torch.randn(7, dtype=torch.double)
    for addend in (None, bias):
        fast, direct = winograd_conv2d(x, winograd_kernel(weight), addend), F.conv2d(x, weight, addend, padding=1)
        torch.testing.assert_close(fast, direct, atol=1e-11, rtol=0)
        upstream = torch.randn_like(direct)
        found, expected = (torch.autograd.grad(each, (x, weight), upstream) for each in (fast, direct))
        torch.testing.assert_close(found, expected, atol=1e-11, rtol=0)


@pytest.mark.parametrize("learns", ["input", "kernel"])
def test_only_what_learns_gets_a_gradient(learns):
    x, weight = torch.randn(1, 3, 8, 8), torch.randn(2, 3, 3, 3)
    one, other = (x, weight) if learns == "input" else (weight, x)
    one.requires_grad_()
    winograd_conv2d(x, winograd_kernel(weight)).sum().backward()
    assert one.grad is not None
    assert other.grad is None


def test_float32_has_an_error_of_some_1e_5_of_the_largest_value():
    torch.manual_seed(1)
    x, weight = torch.randn(1, 256, 16, 16), torch.randn(128, 256, 3, 3) / 48
    upstream = torch.randn(1, 128, 16, 16)
    wide = [each.double().requires_grad_() for each in (x, weight)]
    exact = F.conv2d(*wide, padding=1)
    exact = (exact, *torch.autograd.grad(exact, wide, upstream.double()))
    narrow = [each.requires_grad_() for each in (x, weight)]
    found = winograd_conv2d(x, winograd_kernel(weight))
    found = (found, *torch.autograd.grad(found, narrow, upstream))
    for ours, theirs in zip(found, exact, strict=True):
        assert 0 < (ours - theirs).abs().max() < 3e-5 * theirs.abs().max()


@pytest.mark.parametrize(
    ("shape", "outs", "dtype", "expected"),
    [
        ((1, 128, 8, 8), 64, torch.float32, True),
        ((1, 64, 8, 8), 64, torch.float32, False),
        ((1, 128, 8, 6), 64, torch.float32, False),
        ((1, 128, 8, 8), 64, torch.bfloat16, False),
        ((1, 128, 8, 8), 64, torch.float64, False),
    ],
)
def test_takes_only_what_it_is_faster_at(shape, outs, dtype, expected):
    assert pays_off(torch.empty(shape, dtype=dtype), torch.empty(outs, shape[1], 3, 3, dtype=dtype)) == expected


def test_autocast_keeps_its_own_convolutions():
    x, weight = torch.empty(1, 128, 8, 8), torch.empty(128, 128, 3, 3)
    assert pays_off(x, weight)
    with torch.autocast("cpu", torch.bfloat16):
        assert not pays_off(x, weight)


def test_a_kernel_that_learns_needs_more_pixels():
    weight = torch.empty(128, 128, 3, 3)
    for side, expected in ((8, False), (32, True)):
        assert pays_off(torch.empty(1, 128, side, side), weight, learns=True) is expected
        assert pays_off(torch.empty(1, 128, side, side), weight)
