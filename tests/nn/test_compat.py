"""The layer for code written for NVIDIA's or mmagic's, against the two described once more as loops.

Neither is copied here: the loops are written from what their documentation promises.
"""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from bokwon.errors import ArgumentError
from bokwon.nn.compat import PartialConv2d, ShapeError, Style


def loop(layer: nn.Conv2d, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return features and mask (N, C_out, H', W'), one window at a time; no groups, no dilation."""
    (kh, kw), (sh, sw), (ph, pw) = layer.kernel_size, layer.stride, layer.padding
    mask = mask.expand_as(image)
    padded, known = (nn.functional.pad(each, (pw, pw, ph, ph)) for each in (image * mask, mask))
    rows, columns = (padded.shape[2] - kh) // sh + 1, (padded.shape[3] - kw) // sw + 1
    output = torch.zeros(image.shape[0], layer.out_channels, rows, columns, dtype=image.dtype)
    updated = torch.zeros_like(output)
    for n, o, i, j in itertools.product(*map(range, output.shape)):
        window = (n, slice(None), slice(i * sh, i * sh + kh), slice(j * sw, j * sw + kw))
        share = known[window].mean()
        if share > 0:
            bias = 0 if layer.bias is None else layer.bias[o]
            output[n, o, i, j] = (padded[window] * layer.weight[o]).sum() / share + bias
            updated[n, o, i, j] = 1
    return output.detach(), updated


def inputs(multi_channel: bool) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    mask = (torch.rand(2, 3 if multi_channel else 1, 7, 6) > 0.6).double()
    mask[0, :, :4] = 0
    return torch.randn(2, 3, 7, 6, dtype=torch.double), mask


def layer(**options: object) -> PartialConv2d:
    torch.manual_seed(1)
    return PartialConv2d(3, 4, 3, stride=2, padding=1, dtype=torch.double, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("multi_channel", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_nvidia_s_calls(multi_channel: bool, bias: bool) -> None:
    image, mask = inputs(multi_channel)
    both = layer(multi_channel=multi_channel, bias=bias, return_mask=True)
    alone = layer(multi_channel=multi_channel, bias=bias)
    expected, known = loop(both, image, mask)
    for pair in (both(image, mask), both(image, mask_in=mask)):
        torch.testing.assert_close(pair[0], expected, atol=1e-12, rtol=1e-12)
        assert torch.equal(pair[1], known if multi_channel else known[:, :1])
    for output in (alone(image, mask), alone(image, mask_in=mask)):
        torch.testing.assert_close(output, expected, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("multi_channel", [False, True])
def test_nvidia_s_layer_without_a_mask_pads_by_partial_convolution(multi_channel: bool) -> None:
    image, mask = inputs(multi_channel)
    pair = layer(multi_channel=multi_channel, return_mask=True)
    # A call with a mask before changes nothing.
    pair(image, mask)
    output, updated = pair(image)
    torch.testing.assert_close(output, loop(pair, image, torch.ones_like(mask))[0], atol=1e-12, rtol=1e-12)
    assert updated.shape == ((2, 4, 4, 3) if multi_channel else (1, 1, 4, 3))
    assert updated.min() == 1
    assert torch.equal(layer()(image), output)


@pytest.mark.parametrize("multi_channel", [False, True])
@pytest.mark.parametrize("options", [{"eps": 1e-6}, {"style": "mmagic"}, {}])
def test_mmagic_s_calls(multi_channel: bool, options: dict[str, object]) -> None:
    image, mask = inputs(multi_channel)
    partial = layer(multi_channel=multi_channel, **options)
    expected, known = loop(partial, image, mask)
    known = known if multi_channel else known[:, :1]
    pairs = [partial(image, mask=mask), partial(image, mask, return_mask=True), partial(image, mask, True)]
    if options:
        pairs.append(partial(image, mask))
    for output, updated in pairs:
        torch.testing.assert_close(output, expected, atol=1e-12, rtol=1e-12)
        assert torch.equal(updated, known)
    for output in (partial(image, mask, return_mask=False), partial(image, mask=mask, return_mask=False)):
        torch.testing.assert_close(output, expected, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("return_mask", [True, False])
def test_mmagic_s_layer_without_a_mask_is_an_ordinary_convolution(return_mask: bool) -> None:
    image, _ = inputs(False)
    partial = layer(eps=1e-8)
    expected = nn.functional.conv2d(image, partial.weight, partial.bias, 2, 1)
    assert torch.equal(partial(image), expected)
    assert torch.equal(partial(image, mask=None, return_mask=return_mask), expected)
    # Without `eps` the call tells.
    assert torch.equal(layer()(image, None, return_mask=return_mask), expected)


@pytest.mark.parametrize(("style", "is_pair"), [("nvidia", False), ("mmagic", True), (None, False)])
def test_the_one_call_that_means_two_things(style: Style | None, is_pair: bool) -> None:
    image, mask = inputs(False)
    assert isinstance(layer(style=style)(image, mask), tuple) == is_pair


def test_a_style_that_is_named_wins() -> None:
    image, mask = inputs(False)
    partial = layer(style="mmagic", return_mask=False)
    assert isinstance(partial(image, mask), Tensor)
    assert torch.equal(partial(image), nn.functional.conv2d(image, partial.weight, partial.bias, 2, 1))
    nvidia = layer(style="nvidia", eps=1e-8)
    assert torch.equal(nvidia(image), layer()(image))
    with pytest.raises(ArgumentError, match="style is 'keras'"):
        layer(style="keras")


@pytest.mark.parametrize("options", [{"return_mask": True}, {"eps": 1e-8}])
def test_shapes_that_both_layers_refuse(options: dict[str, object]) -> None:
    image, mask = inputs(False)
    with pytest.raises(ShapeError, match=r"\(2, 3, 7, 6\); pass \(N, 1, H, W\), as multi_channel=False"):
        layer(**options)(image, mask.expand_as(image))
    with pytest.raises(AssertionError, match=r"pass \(N, 3, H, W\), as multi_channel=True"):
        layer(multi_channel=True, **options)(image, mask)
    with pytest.raises(ShapeError):
        layer(**options)(image, mask[0])
    with pytest.raises(ShapeError, match="the input"):
        layer(**options)(image[0], mask)
    with pytest.raises(ArgumentError, match="both"):
        layer(**options)(image, mask, mask=mask)
    with pytest.raises(ValueError, match=r"value 0\.5"):
        layer(**options)(image, mask * 0.5)


def test_masks_stay_one_mask_while_they_look_like_many() -> None:
    """What one layer returns for all channels is stored once, and the next layer counts it once."""
    image, mask = inputs(False)
    first, second = layer(multi_channel=True, return_mask=True), PartialConv2d(4, 2, 3, multi_channel=True, eps=1e-8)
    second = second.double()
    features, updated = first(image, mask.expand_as(image))
    assert updated.shape == features.shape
    assert updated.stride(1) == 0
    expected, known = loop(second, features.detach(), updated)
    output, last = second(features, updated)
    torch.testing.assert_close(output, expected, atol=1e-12, rtol=1e-12)
    assert torch.equal(last, known)


def test_weights_start_as_those_of_a_convolution() -> None:
    torch.manual_seed(2)
    ours = PartialConv2d(3, 4, 3)
    torch.manual_seed(2)
    theirs = nn.Conv2d(3, 4, 3)
    assert torch.equal(ours.weight, theirs.weight)
    assert ours.bias is not None
    assert theirs.bias is not None
    assert torch.equal(ours.bias, theirs.bias)


def test_checkpoints_with_mask_kernels_are_loaded() -> None:
    network = nn.Sequential(layer(eps=1e-8), nn.ReLU())
    state = {name: torch.ones_like(value) for name, value in network.state_dict().items()}
    mmagic = {**state, "0.weight_mask_updater": torch.ones(1, 1, 3, 3)}
    network.load_state_dict(mmagic)
    assert torch.equal(network[0].weight, torch.ones(4, 3, 3, 3, dtype=torch.double))
    assert "0.weight_mask_updater" in mmagic
    with pytest.raises(RuntimeError, match="weight_of_another"):
        network.load_state_dict({**mmagic, "0.weight_of_another": torch.ones(1)})
