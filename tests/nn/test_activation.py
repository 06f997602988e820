"""Rectifier and mask in one, against numbers worked out by hand and against the two operations."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from bokwon.nn import activation
from bokwon.nn.activation import masked_rectifier


def test_by_hand() -> None:
    features = torch.tensor([-2.0, 3.0, -4.0, 5.0]).view(1, 2, 1, 2)
    valid = torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)
    assert masked_rectifier(features.clone(), valid).flatten().tolist() == [0, 0, 0, 0]
    assert masked_rectifier(features.clone(), 1 - valid).flatten().tolist() == [0, 3, 0, 5]
    assert masked_rectifier(features.clone(), valid, 0.5).flatten().tolist() == [-1, 0, -2, 0]


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_without_holes_it_is_the_rectifier_and_works_in_place(slope: float) -> None:
    features = torch.randn(1, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    expected = F.leaky_relu(features, slope)
    assert masked_rectifier(features, torch.ones(1, 1, 3, 3), slope).data_ptr() == features.data_ptr()
    assert torch.equal(features, expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_half_precision(dtype: torch.dtype) -> None:
    features = torch.tensor([1.5, -3.0]).view(1, 1, 1, 2).to(dtype)
    found = masked_rectifier(features, torch.tensor([0.0, 1.0]).view(1, 1, 1, 2), 0.5)
    assert found.dtype == dtype
    assert found.flatten().tolist() == [0, -1.5]


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_the_gradient_is_right_by_finite_differences(slope: float) -> None:
    torch.manual_seed(1)
    x = torch.randn(1, 2, 3, 3, dtype=torch.double, requires_grad=True)
    valid = (torch.rand(1, 1, 3, 3) > 0.5).double()
    assert torch.autograd.gradcheck(lambda a: masked_rectifier(a * 1.0, valid, slope), (x,))


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_it_is_the_same_where_the_mask_cannot_be_looked_at(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(2)
    features, valid = torch.randn(1, 2, 4, 4), (torch.rand(1, 1, 4, 4) >= share).float()
    expected = masked_rectifier(features.clone(), valid, 0.2)
    monkeypatch.setattr(activation, "can_read", lambda tensor: False)
    assert torch.equal(masked_rectifier(features.clone(), valid, 0.2), expected)


@pytest.mark.parametrize("slope", [0.0, 0.2])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_masked_rectifier_is_rectifier_times_mask(slope: float, share: float) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, 6, 5, dtype=torch.double)
    valid = (torch.rand(2, 1, 6, 5) >= share).double()
    one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    found, expected = masked_rectifier(one * 1.5, valid, slope), F.leaky_relu(other * 1.5, slope) * valid
    assert torch.equal(found, expected)
    weights = torch.randn_like(x)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    assert one.grad is not None
    assert other.grad is not None
    assert torch.equal(one.grad, other.grad)
