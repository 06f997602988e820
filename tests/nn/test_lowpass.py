"""The masked low-pass, against numbers worked out by hand."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.nn.lowpass import (
    CELL,
    MINIMUM_RMS,
    STENCIL,
    _smooth,
    dense_evidence,
    masked_lowpass,
    masked_rms,
    pull_push,
)


def test_a_flat_image_stays_flat_whatever_is_missing():
    valid = (torch.rand(2, 1, 64, 96, generator=torch.Generator().manual_seed(0)) > 0.7).float()
    image = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1) * valid
    expected = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(2, 3, 64, 96)
    torch.testing.assert_close(masked_lowpass(image, valid), expected, atol=1e-6, rtol=1e-5)


def test_a_cell_is_the_mean_of_its_known_pixels():
    image, valid = torch.zeros(1, 1, CELL, CELL), torch.zeros(1, 1, CELL, CELL)
    image[..., 0, 0], image[..., 3, 5] = 0.2, 0.8
    valid[..., 0, 0] = valid[..., 3, 5] = 1
    torch.testing.assert_close(masked_lowpass(image, valid), torch.full((1, 1, CELL, CELL), 0.5))


def test_an_empty_cell_takes_the_coarser_average():
    # Two cells side by side, the right one unknown: at half resolution both are one cell, which knows the left one.
    image, valid = torch.zeros(1, 1, 16, 32), torch.zeros(1, 1, 16, 32)
    image[..., :16], valid[..., :16] = 0.6, 1
    torch.testing.assert_close(masked_lowpass(image, valid), torch.full((1, 1, 16, 32), 0.6))


def test_two_known_cells_are_interpolated_linearly():
    image, valid = torch.zeros(1, 1, 16, 32), torch.ones(1, 1, 16, 32)
    image[..., 16:] = 1.0
    row = masked_lowpass(image, valid)[0, 0, 0]
    # Cell centres lie at 8 and 24 (in pixel edges), one unit apart over 16 pixels.
    expected = ((torch.arange(32) + 0.5 - 8) / 16).clamp(0, 1)
    torch.testing.assert_close(row, expected)


def test_nothing_known_gives_zero():
    nothing = torch.zeros(1, 3, 64, 64)
    assert masked_lowpass(nothing, nothing[:, :1]).abs().max() == 0


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 5), columns=st.integers(1, 5), share=st.floats(0, 1), seed=st.integers(0, 999))
def test_it_stays_in_the_range_of_the_known_pixels(rows, columns, share, seed):
    generator = torch.Generator().manual_seed(seed)
    shape = (1, 1, CELL * rows, CELL * columns)
    valid = (torch.rand(shape, generator=generator) < share).float()
    image = (0.25 + 0.5 * torch.rand(shape, generator=generator)) * valid
    low = masked_lowpass(image, valid)
    assert low.shape == image.shape
    if valid.any():
        known = image[valid.bool()]
        assert known.min() - 1e-5 <= low.min()
        assert low.max() <= known.max() + 1e-5


def test_rms_counts_known_elements_of_all_channels():
    residual, valid = torch.zeros(2, 3, 4, 4), torch.zeros(2, 1, 4, 4)
    valid[0, :, :2] = 1
    residual[0, 0, :2] = 0.6
    # 8 known pixels of 3 channels, a third of them 0.6: sqrt(0.36 / 3).
    assert masked_rms(residual, valid).flatten().tolist() == pytest.approx([(0.36 / 3) ** 0.5, MINIMUM_RMS])


def test_a_known_pixel_alone_in_a_hole_is_no_evidence():
    valid = torch.ones(1, 1, 64, 64)
    valid[..., 12:52, 12:52] = 0
    valid[..., 32, 30:33] = 1
    dense = dense_evidence(valid)
    assert dense[..., 12:52, 12:52].sum() == 0
    assert torch.equal(dense[..., :12, :], valid[..., :12, :])
    assert torch.equal(dense[..., 52:, :], valid[..., 52:, :])


def test_scattered_evidence_is_kept():
    torch.manual_seed(0)
    valid = (torch.rand(1, 1, 64, 64) > 0.6).float()
    assert torch.equal(dense_evidence(valid), valid)


def test_an_image_with_nothing_but_scattered_pixels_keeps_them():
    valid = torch.zeros(2, 1, 32, 32)
    valid[0, 0, 5, 5] = 1
    valid[1, 0, :, :16] = 1
    valid[1, 0, 16, 28] = 1
    dense = dense_evidence(valid)
    assert torch.equal(dense[0], valid[0])
    assert dense[1].sum() == 32 * 16


def test_pull_push_keeps_the_known_and_joins_the_rims():
    # A step from -1 to 1 with the 6 columns between them missing.
    residual = torch.ones(1, 3, 32, 32)
    residual[..., :13] = -1
    valid = torch.ones(1, 1, 32, 32)
    valid[..., 13:19] = 0
    filled = pull_push(residual * valid, valid)
    torch.testing.assert_close(filled * valid, residual * valid)
    row = filled[0, 0, 16]
    assert (row.diff()[12:19] > 0).all()
    torch.testing.assert_close(row[13:16], -row[16:19].flip(0), atol=0.15, rtol=0)
    assert filled.abs().max() <= 1


def test_pull_push_smooths_by_the_mean_of_the_neighbours():
    # One pixel is missing: at every step it is the weighted mean of the eight around it.
    residual = torch.zeros(1, 1, 16, 16)
    residual[0, 0, 4:7, 4:7] = torch.tensor([[1.0, 2, 3], [4, 9, 5], [6, 7, 8]])
    valid = torch.ones(1, 1, 16, 16)
    valid[0, 0, 5, 5] = 0
    filled = pull_push(residual * valid, valid)
    expected = (1 + 3 + 6 + 8 + 2 * (2 + 4 + 5 + 7)) / 12
    assert filled[0, 0, 5, 5].item() == pytest.approx(expected, rel=1e-5)


def test_smoothing_by_sums_is_the_convolution_with_the_stencil():
    x = torch.randn(2, 3, 5, 7, dtype=torch.double, requires_grad=True)
    kernel = x.new_tensor(STENCIL).expand(3, 1, 3, 3)
    expected = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=3)
    torch.testing.assert_close(_smooth(x), expected, atol=1e-14, rtol=0)
    weights = torch.randn_like(expected)
    [found], [wanted] = torch.autograd.grad(_smooth(x), x, weights), torch.autograd.grad(expected, x, weights)
    torch.testing.assert_close(found, wanted, atol=1e-14, rtol=0)


def test_autocast_does_not_round_what_pull_push_fills():
    generator = torch.Generator().manual_seed(0)
    residual = torch.rand(1, 3, 64, 64, generator=generator) - 0.5
    valid = (torch.rand(1, 1, 64, 64, generator=generator) > 0.5).float()
    with torch.autocast("cpu", torch.bfloat16):
        rounded = pull_push(residual * valid, valid)
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, pull_push(residual * valid, valid))


def test_pull_push_has_nothing_to_say_without_evidence():
    nothing = torch.zeros(1, 3, 32, 32)
    assert pull_push(nothing, nothing[:, :1]).abs().max() == 0
