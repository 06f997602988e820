"""The layer against an independent loop, and against every mistake other implementations make."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.nn.functional import partial_conv2d, window_count


def _naive(x, mask, weight, bias, stride, padding, dilation, groups):
    """The paper's equations 1 and 2, one window at a time. mask: (N, C, H, W)."""
    x = F.pad(x, (padding[1], padding[1], padding[0], padding[0]))
    mask = F.pad(mask, (padding[1], padding[1], padding[0], padding[0]))
    n, _, h, w = x.shape
    out, per_group, kh, kw = weight.shape
    rows = (h - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    columns = (w - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    output = torch.zeros(n, out, rows, columns, dtype=x.dtype)
    updated = torch.zeros(n, out, rows, columns, dtype=x.dtype)
    for b, o, i, j in itertools.product(range(n), range(out), range(rows), range(columns)):
        first = (o // (out // groups)) * per_group
        total, seen = 0.0, 0.0
        for c, u, v in itertools.product(range(per_group), range(kh), range(kw)):
            at = (b, first + c, i * stride[0] + u * dilation[0], j * stride[1] + v * dilation[1])
            seen += mask[at].item()
            total += (weight[o, c, u, v] * x[at] * mask[at]).item()
        if seen > 0:
            output[b, o, i, j] = total * (per_group * kh * kw) / seen + (0.0 if bias is None else bias[o].item())
            updated[b, o, i, j] = 1
    return output, updated


def _all_channel(x, mask, weight, bias, stride, padding, dilation, groups):
    """A convolution of the mask in all channels, as the paper draws it."""
    count = F.conv2d(mask, torch.ones_like(weight), None, stride, padding, dilation, groups)
    known = (count > 0).to(x.dtype)
    ratio = weight[0].numel() / count.clamp(min=1) * known
    output = F.conv2d(x * mask, weight, None, stride, padding, dilation, groups) * ratio
    return output + (0 if bias is None else bias.view(1, -1, 1, 1) * known), known


def _random_mask(shape, share=0.4):
    return (torch.rand(shape) > share).double()


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "groups", "bias"),
    [
        ((3, 3), (1, 1), (1, 1), (1, 1), 1, True),
        ((3, 3), (2, 2), (1, 1), (1, 1), 1, False),
        ((5, 3), (2, 1), (2, 0), (1, 1), 1, True),
        ((3, 3), (1, 2), (2, 2), (2, 2), 1, True),
        ((1, 1), (1, 1), (0, 0), (1, 1), 1, True),
        ((3, 3), (1, 1), (3, 3), (1, 1), 1, True),
        ((2, 4), (1, 1), (1, 2), (1, 1), 2, True),
        ((3, 3), (1, 1), (1, 1), (1, 1), 4, False),
    ],
)
@pytest.mark.parametrize("kind", ["shared", "full", "parts"])
def test_agrees_with_a_loop_over_windows(kernel, stride, padding, dilation, groups, bias, kind):
    torch.manual_seed(0)
    x = torch.randn(2, 4, 7, 6, dtype=torch.double)
    weight = torch.randn(4, 4 // groups, *kernel, dtype=torch.double)
    b = torch.randn(4, dtype=torch.double) if bias else None
    one, other = _random_mask((2, 1, 7, 6)), _random_mask((2, 1, 7, 6), 0.8)
    valid, full = {
        "shared": (one, one.expand(-1, 4, -1, -1)),
        "full": (both := _random_mask((2, 4, 7, 6), 0.7), both),
        "parts": ([(one, 1), (other, 3)], torch.cat([one, other.expand(-1, 3, -1, -1)], 1)),
    }[kind]
    output, updated = partial_conv2d(x, valid, weight, b, stride, padding, dilation, groups)
    expected, known = _naive(x, full, weight, b, stride, padding, dilation, groups)
    torch.testing.assert_close(output, expected, atol=1e-13, rtol=1e-13)
    assert torch.equal(updated.expand_as(known), known)
    if groups == 1:
        assert updated.shape[1] == 1


@pytest.mark.parametrize("share", [0.0, 0.3, 0.97, 1.0])
def test_agrees_with_a_mask_convolution_in_all_channels(share):
    torch.manual_seed(1)
    x, weight, bias = torch.rand(2, 96, 33, 21), torch.randn(16, 96, 3, 3) * 0.05, torch.randn(16)
    over, beside = (torch.rand(2, 1, 33, 21) >= share).float(), (torch.rand(2, 1, 33, 21) >= share / 2).float()
    full = torch.cat([over.expand(-1, 64, -1, -1), beside.expand(-1, 32, -1, -1)], 1)
    output, updated = partial_conv2d(x, [(over, 64), (beside, 32)], weight, bias, padding=1)
    expected, known = _all_channel(x, full, weight, bias, 1, 1, 1, 1)
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(updated, known[:, :1])


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(3, 12), st.integers(3, 12)),
    kernel=st.sampled_from([1, 3, 5]),
    stride=st.integers(1, 3),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**16),
)
def test_constant_input_gives_the_constant_wherever_anything_is_known(size, kernel, stride, share, seed):
    # A kernel that sums to one returns a constant unchanged if and only if the ratio is exactly sum(1) / sum(M):
    # without the factor, with one of 1/C, or applied twice, it would not. The border is padding, so it holds there too.
    torch.manual_seed(seed)
    valid = (torch.rand(1, 1, *size) >= share).float()
    weight = torch.full((1, 2, kernel, kernel), 1 / (2 * kernel * kernel))
    output, updated = partial_conv2d(torch.full((1, 2, *size), 3.0), valid, weight, None, stride, kernel // 2)
    torch.testing.assert_close(output, 3.0 * updated)


def test_bias_is_added_once_and_not_scaled():
    valid = torch.zeros(1, 1, 5, 5)
    valid[..., 0, 0] = 1
    weight, bias = torch.zeros(1, 1, 3, 3), torch.tensor([0.5])
    output, updated = partial_conv2d(torch.rand(1, 1, 5, 5), valid, weight, bias, padding=1)
    torch.testing.assert_close(output, 0.5 * updated)
    assert updated.sum() == 4


@pytest.mark.parametrize("kind", ["shared", "full", "parts"])
def test_gradients_are_right(kind):
    torch.manual_seed(2)
    x = torch.randn(1, 4, 5, 4, dtype=torch.double, requires_grad=True)
    weight = torch.randn(2, 4, 3, 3, dtype=torch.double, requires_grad=True)
    bias = torch.randn(2, dtype=torch.double, requires_grad=True)
    one = _random_mask((1, 1, 5, 4))
    valid = {"shared": one, "full": _random_mask((1, 4, 5, 4)), "parts": [(one, 3), (1 - one, 1)]}[kind]
    assert torch.autograd.gradcheck(lambda *a: partial_conv2d(a[0], valid, a[1], a[2], 2, 1)[0], (x, weight, bias))
    assert torch.autograd.gradgradcheck(lambda *a: partial_conv2d(a[0], valid, a[1], a[2], 2, 1)[0], (x, weight, bias))


def test_holes_get_no_gradient():
    x = torch.rand(1, 1, 6, 6, requires_grad=True)
    valid = torch.ones(1, 1, 6, 6)
    valid[..., 2:4, 2:4] = 0
    partial_conv2d(x, valid, torch.ones(1, 1, 3, 3), padding=1)[0].sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad[..., 2:4, 2:4], torch.zeros(1, 1, 2, 2))
    assert x.grad.count_nonzero() == 32


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("share", [0.5, 0.999, 1.0])
def test_half_precision_is_finite_and_near_float32(dtype, share):
    torch.manual_seed(3)
    x, weight = torch.rand(1, 512, 12, 12), torch.randn(8, 512, 3, 3) * 0.02
    valid = (torch.rand(1, 1, 12, 12) >= share).float()
    xh = x.to(dtype).requires_grad_()
    output, updated = partial_conv2d(xh, valid.to(dtype), weight.to(dtype), torch.ones(8, dtype=dtype), padding=1)
    output.sum().backward()
    exact, known = partial_conv2d(x, valid, weight, torch.ones(8), padding=1)
    assert output.dtype == dtype
    assert output.isfinite().all()
    assert xh.grad is not None
    assert xh.grad.isfinite().all()
    assert torch.equal(updated.float(), known)
    torch.testing.assert_close(output.float(), exact, atol=0.15, rtol=0.05)


def test_counts_are_exact_above_256_under_autocast():
    valid = torch.ones(1, 1, 8, 8, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        count = window_count([(valid, 300), (valid, 213)], (1, 513, 8, 8), (4, 513, 3, 3), padding=1)
    assert count.dtype == torch.float32
    assert count[0, 0, 4, 4] == 513 * 9
    assert count[0, 0, 0, 0] == 513 * 4


@pytest.mark.parametrize("hidden", [1e4, math.inf, math.nan])
@pytest.mark.parametrize("kind", ["shared", "full", "parts"])
def test_what_lies_in_a_hole_does_not_matter(hidden, kind):
    torch.manual_seed(4)
    one, other = _random_mask((1, 1, 9, 9)), _random_mask((1, 1, 9, 9))
    full = torch.cat([one, other.expand(-1, 2, -1, -1)], 1)
    valid = {"shared": one, "full": full, "parts": [(one, 1), (other, 2)]}[kind]
    weight = torch.randn(4, 3, 3, 3, dtype=torch.double, requires_grad=True)
    x = torch.randn(1, 3, 9, 9, dtype=torch.double)
    results = []
    for image in (x, torch.where((one if kind == "shared" else full) > 0, x, hidden)):
        image = image.clone().requires_grad_()
        output, updated = partial_conv2d(image, valid, weight, padding=1)
        results.append((output, updated, *torch.autograd.grad(output.square().sum(), (image, weight))))
    for first, second in zip(*results, strict=True):
        assert torch.equal(first, second)


def test_float64_is_exact_to_its_last_digit():
    # One of three pixels is known: 3 / 1 times its third. In float32 the ratio of 7 / 3 would be wrong from digit 8 on.
    x = torch.full((1, 1, 1, 7), 3.0, dtype=torch.double)
    valid = torch.tensor([1.0, 0, 1, 0, 1, 0, 0]).view(1, 1, 1, 7)
    weight = torch.full((1, 1, 1, 7), 1 / 7, dtype=torch.double)
    output, _ = partial_conv2d(x, valid, weight)
    assert abs(output.item() - 3) < 1e-15


@pytest.mark.parametrize("padding", [0, 1])
def test_without_a_mask_everything_is_known(padding):
    torch.manual_seed(6)
    x, weight, bias = torch.randn(2, 3, 6, 5), torch.randn(4, 3, 3, 3), torch.randn(4)
    output, updated = partial_conv2d(x, None, weight, bias, padding=padding)
    expected, known = partial_conv2d(x, torch.ones(2, 1, 6, 5), weight, bias, padding=padding)
    assert torch.equal(output, expected)
    assert torch.equal(updated, known[:1])
    if padding:
        # Six of nine elements are known at an edge: this is padding by partial convolution.
        plain = F.conv2d(x, weight, padding=1)[:, :, 2, 0] * 9 / 6 + bias
        torch.testing.assert_close(output[:, :, 2, 0], plain)
    else:
        torch.testing.assert_close(output, F.conv2d(x, weight, bias))


@pytest.mark.parametrize("kind", ["shared", "full", "parts", "none"])
def test_one_image_needs_no_batch(kind):
    torch.manual_seed(7)
    x, weight, bias = torch.randn(3, 6, 5), torch.randn(4, 3, 3, 3), torch.randn(4)
    one, full = _random_mask((1, 6, 5)).float(), _random_mask((3, 6, 5)).float()
    valid = {"shared": one, "full": full, "parts": [(one, 1), (1 - one, 2)], "none": None}[kind]
    batch = {"shared": one[None], "full": full[None], "parts": [(one[None], 1), (1 - one[None], 2)], "none": None}[kind]
    output, updated = partial_conv2d(x, valid, weight, bias, padding=1)
    expected, known = partial_conv2d(x[None], batch, weight, bias, padding=1)
    assert torch.equal(output, expected[0])
    assert torch.equal(updated, known[0])


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kind", ["shared", "full", "parts", "one part"])
def test_a_batch_may_share_a_mask(kind, groups):
    torch.manual_seed(8)
    x, weight = torch.randn(3, 4, 6, 5), torch.randn(4, 4 // groups, 3, 3)
    one, full = _random_mask((1, 1, 6, 5)).float(), _random_mask((1, 4, 6, 5)).float()
    every = one.repeat(3, 1, 1, 1)
    shared, repeated = {
        "shared": (one, every),
        "full": (full, full.repeat(3, 1, 1, 1)),
        "parts": ([(one, 1), (1 - one, 3)], [(every, 1), (1 - every, 3)]),
        "one part": ([(one, 1), (1 - every, 3)], [(every, 1), (1 - every, 3)]),
    }[kind]
    output, updated = partial_conv2d(x, shared, weight, padding=1, groups=groups)
    expected, known = partial_conv2d(x, repeated, weight, padding=1, groups=groups)
    assert torch.equal(output, expected)
    assert torch.equal(updated.expand_as(known), known)
    assert updated.shape[0] == (3 if kind == "one part" else 1)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float16, torch.float64])
def test_the_mask_keeps_its_type(dtype):
    x, weight = torch.rand(1, 2, 5, 5), torch.rand(3, 2, 3, 3)
    valid = (torch.rand(1, 1, 5, 5) > 0.5).float()
    output, updated = partial_conv2d(x, valid.to(dtype), weight)
    expected, known = partial_conv2d(x, valid, weight)
    assert updated.dtype == dtype
    assert torch.equal(updated.float(), known)
    assert torch.equal(output, expected)


def test_masks_with_other_values_are_refused():
    x, weight = torch.rand(1, 2, 4, 4), torch.rand(3, 2, 3, 3)
    wrong = torch.full((1, 1, 4, 4), 0.0039)
    for valid in (wrong, wrong.expand(-1, 2, -1, -1), [(wrong, 1), (torch.ones(1, 1, 4, 4), 1)]):
        with pytest.raises(ValueError, match=r"the mask has the value 0\.0039"):
            partial_conv2d(x, valid, weight)


def test_where_a_mask_cannot_be_refused_what_sees_it_is_nan(monkeypatch):
    monkeypatch.setattr("bokwon.nn.masks.can_read", lambda tensor: False)
    x, weight, valid = torch.rand(1, 2, 6, 6), torch.rand(3, 2, 3, 3), torch.ones(1, 1, 6, 6)
    expected, _ = partial_conv2d(x, valid, weight, padding=1)
    valid[..., 0, 0] = 255
    output, _ = partial_conv2d(x, valid.byte(), weight, padding=1)
    assert output[..., :2, :2].isnan().all()
    assert output.isnan().sum() == 3 * 4
    assert torch.equal(output[..., 2:, :], expected[..., 2:, :])


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_by_name(padding):
    x, valid = torch.rand(1, 1, 7, 7), torch.ones(1, 1, 7, 7)
    output, updated = partial_conv2d(x, valid, torch.ones(1, 1, 3, 3), padding=padding)
    same, _ = partial_conv2d(x, valid, torch.ones(1, 1, 3, 3), padding=1 if padding == "same" else 0)
    torch.testing.assert_close(output, same)
    assert updated.min() == 1


@pytest.mark.parametrize(
    "valid", [torch.ones(1, 2, 4, 4), torch.ones(1, 1, 4, 5), torch.ones(1, 4, 4), [(torch.ones(1, 1, 4, 4), 2)], []]
)
def test_masks_that_do_not_fit_are_refused(valid):
    with pytest.raises(ValueError, match="mask"):
        partial_conv2d(torch.rand(1, 3, 4, 4), valid, torch.rand(2, 3, 3, 3))
    with pytest.raises(ValueError, match="mask"):
        window_count(valid, (1, 3, 4, 4), (2, 3, 3, 3))


def test_inputs_that_are_no_features_are_refused():
    with pytest.raises(ValueError, match=r"\(N, C, H, W\) or \(C, H, W\), not \(4, 4\)"):
        partial_conv2d(torch.rand(4, 4), None, torch.rand(2, 3, 3, 3))


def test_a_kernel_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="takes 2 channels, the input has 3"):
        partial_conv2d(torch.rand(1, 3, 4, 4), torch.ones(1, 1, 4, 4), torch.rand(2, 2, 3, 3))
