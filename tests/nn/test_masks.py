"""Masks: what is taken, what is refused, and that nothing of a hole is ever seen."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bokwon.nn import masks
from bokwon.nn.masks import can_read, check_masks, check_shapes, mask_features, one_mask


@pytest.fixture
def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go the way of devices whose values cannot be read without waiting."""
    monkeypatch.setattr(masks, "can_read", lambda tensor: False)


def test_values_are_read_on_a_processor_alone() -> None:
    assert can_read(torch.ones(1))
    assert not can_read(torch.ones(1, device="meta"))


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.uint8, torch.int64]
)
def test_masks_of_zeros_and_ones_are_taken_whatever_their_type(dtype: torch.dtype) -> None:
    mask = torch.tensor([0, 1, 1, 0]).view(1, 1, 2, 2).to(dtype)
    assert check_masks(mask) is mask
    boolean = mask.bool()
    assert check_masks(boolean) is boolean


@pytest.mark.parametrize("value", [0.0039, 0.5, -1.0, 2.0, 255.0, float("nan"), float("inf")])
def test_masks_with_other_values_are_refused_with_the_value(value: float) -> None:
    mask = torch.ones(2, 1, 3, 3)
    mask[1, 0, 2, 1] = value
    for valid in (mask, [(torch.ones(2, 1, 3, 3), 4), (mask, 1)]):
        with pytest.raises(ValueError, match=rf"the mask has the value {value:.6g}.*\(mask > 0\.5\)"):
            check_masks(valid)


def test_masks_from_files_are_refused() -> None:
    with pytest.raises(ValueError, match=r"value 255.*\(mask > 127\)"):
        check_masks(torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 1, 2))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.uint8])
def test_what_cannot_be_refused_is_nan(dtype: torch.dtype, on_a_gpu: None) -> None:
    checked = check_masks(torch.tensor([0, 1, 2]).view(1, 1, 1, 3).to(dtype))
    assert isinstance(checked, Tensor)
    assert checked.flatten()[:2].tolist() == [0, 1]
    assert checked.flatten()[2].isnan()


def test_shapes_that_fit() -> None:
    shape = (2, 3, 4, 5)
    for batch, channels in ((1, 1), (2, 1), (1, 3), (2, 3)):
        check_shapes(torch.ones(batch, channels, 4, 5), shape)
    check_shapes([(torch.ones(2, 1, 4, 5), 2), (torch.ones(1, 1, 4, 5), 1)], shape)


@pytest.mark.parametrize(
    ("valid", "says"),
    [
        (torch.ones(2, 2, 4, 5), r"\(2, 1, 4, 5\) or \(2, 3, 4, 5\), not \(2, 2, 4, 5\)"),
        (torch.ones(3, 1, 4, 5), r"not \(3, 1, 4, 5\); its batch may be 1"),
        (torch.ones(1, 4, 5), "the mask must have the shape"),
        (torch.ones(2, 1, 5, 4), "the mask must have the shape"),
        ([(torch.ones(2, 1, 4, 5), 2)], "are not the input's 3"),
        ([(torch.ones(2, 3, 4, 5), 3)], "each mask must have the shape"),
        ([], "at least one mask"),
    ],
)
def test_shapes_that_do_not_fit(valid: masks.Valid, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_shapes(valid, (2, 3, 4, 5))


@pytest.mark.parametrize("hidden", [float("nan"), float("inf"), -float("inf"), 1e38])
@pytest.mark.parametrize("device", ["processor", "gpu"])
@pytest.mark.parametrize("kind", ["shared", "each", "parts", "bool", "one for all"])
def test_nothing_of_a_hole_is_seen(hidden: float, device: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if device == "gpu":
        monkeypatch.setattr(masks, "can_read", lambda tensor: False)
    mask = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).view(1, 1, 2, 2)
    x = torch.arange(1.0, 13.0).view(1, 3, 2, 2).repeat(2, 1, 1, 1)
    expected = x * mask
    x = torch.where(mask > 0, x, hidden).requires_grad_()
    batch = mask.expand(2, -1, -1, -1)
    valid = {
        "shared": batch,
        "each": batch.expand(-1, 3, -1, -1),
        "parts": [(batch, 1), (mask, 2)],
        "bool": batch.bool(),
        "one for all": mask,
    }[kind]
    found = mask_features(x, valid)
    assert torch.equal(found, expected)
    (found * 2).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, 2 * mask.expand_as(x))


def test_what_is_known_is_kept_even_where_it_is_no_number() -> None:
    x = torch.tensor([torch.nan, torch.nan, 3.0]).view(1, 1, 1, 3)
    found = mask_features(x, torch.tensor([1.0, 0.0, 1.0]).view(1, 1, 1, 3)).flatten()
    assert found[0].isnan()
    assert found[1:].tolist() == [0, 3]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_masked_features_keep_their_type(dtype: torch.dtype) -> None:
    # Their sum overflows float16.
    x = torch.full((1, 4, 2, 2), 30_000.0, dtype=dtype)
    mask = torch.tensor([1.0, 0.0, 1.0, 1.0]).view(1, 1, 2, 2)
    found = mask_features(x, mask)
    assert found.dtype == dtype
    assert torch.equal(found, x * mask.to(dtype))


def test_one_mask_for_a_batch_of_images() -> None:
    image = torch.rand(2, 3, 2, 2, dtype=torch.float64)
    mask = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).view(1, 1, 2, 2)
    for valid in (mask, mask.repeat(2, 1, 1, 1), mask.repeat(2, 3, 1, 1), mask.expand(1, 3, -1, -1), mask.bool()):
        found = one_mask(valid, image)
        assert found.dtype == torch.float64
        assert torch.equal(found, mask.double().expand(2, -1, -1, -1))
    assert torch.equal(one_mask(None, image), torch.ones(2, 1, 2, 2, dtype=torch.float64))


def test_channels_that_differ_are_refused() -> None:
    image, valid = torch.rand(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    valid[0, 2, 0, 1] = 0
    with pytest.raises(ValueError, match=r"channels of valid differ.*valid\.amin\(1, keepdim=True\)"):
        one_mask(valid, image)
    with pytest.raises(ValueError, match=r"\(N, 1, H, W\) of the image, \(1, 1, 2, 2\), not \(1, 4, 2, 2\)"):
        one_mask(torch.ones(1, 4, 2, 2), image)
    with pytest.raises(ValueError, match=r"the mask has the value 0\.5"):
        one_mask(valid * 0.5, image)


def test_channels_that_differ_are_nan_where_they_cannot_be_refused(on_a_gpu: None) -> None:
    valid = torch.ones(1, 3, 2, 2)
    valid[0, 2, 0, 1] = 0
    found = one_mask(valid, torch.rand(1, 3, 2, 2)).flatten()
    assert found[1].isnan()
    assert found[[0, 2, 3]].tolist() == [1, 1, 1]
