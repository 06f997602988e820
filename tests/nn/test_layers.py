"""The modules: state, initial weights, and the arguments that `torch.nn.Conv2d` has too."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from bokwon.nn import Conv2d, GatedConv2d, PartialConv2d, PartialPaddingConv2d, partial_conv2d


def _holes(*shape: int, share: float = 0.4) -> torch.Tensor:
    return (torch.rand(shape) > share).float()


def test_the_layer_remembers_nothing_of_the_last_call() -> None:
    layer = PartialConv2d(2, 2, 3, padding=1)
    x, full = torch.rand(1, 2, 8, 8), torch.ones(1, 1, 8, 8)
    before, _ = layer(x, full)
    layer(torch.rand(5, 2, 4, 4), torch.zeros(5, 1, 4, 4))
    after, _ = layer(x, full)
    assert torch.equal(before, after)


def test_the_layer_keeps_the_state_of_a_convolution_alone() -> None:
    layer = PartialConv2d(3, 8, 5, stride=2, padding=2)
    assert set(layer.state_dict()) == {"weight", "bias"}
    assert set(layer.state_dict()) == set(torch.nn.Conv2d(3, 8, 5).state_dict())


def test_weights_start_as_he_et_al_draw_them() -> None:
    torch.manual_seed(5)
    layer = PartialConv2d(64, 256, 3)
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / (64 * 9)), rel=0.02)
    assert layer.bias is not None
    assert layer.bias.count_nonzero() == 0


def test_an_ordinary_layer_is_a_convolution_with_the_weights_of_he_et_al() -> None:
    torch.manual_seed(0)
    layer = Conv2d(64, 256, 3, padding=1)
    x = torch.rand(1, 64, 5, 5)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight, padding=1))
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / (64 * 9)), rel=0.02)
    assert layer.bias is not None
    assert layer.bias.count_nonzero() == 0


def test_the_layer_is_the_function_with_its_parameters() -> None:
    torch.manual_seed(1)
    layer = PartialConv2d(4, 6, (3, 5), (2, 1), (1, 2), 2, 2)
    x, valid = torch.rand(2, 4, 12, 11), _holes(2, 1, 12, 11)
    found, updated = layer(x, valid)
    expected, known = partial_conv2d(x, valid, layer.weight, layer.bias, (2, 1), (1, 2), 2, 2)
    assert torch.equal(found, expected)
    assert torch.equal(updated, known)


def test_the_arguments_are_those_of_a_convolution_in_its_order() -> None:
    layer = PartialConv2d(3, 4, 3, 1, 1, 1, 1, False, "reflect", "cpu", torch.float64)
    assert layer.bias is None
    assert layer.padding_mode == "reflect"
    assert layer.weight.dtype == torch.float64
    assert PartialConv2d(3, 4, 3, device="meta").weight.device.type == "meta"
    with pytest.raises(ValueError, match="padding_mode"):
        PartialConv2d(3, 4, 3, padding_mode="mirror")  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [(1, 2), "same"])
def test_other_borders_come_from_the_input_and_its_mask(mode: str, padding: tuple[int, int] | str) -> None:
    torch.manual_seed(2)
    layer = PartialConv2d(2, 3, (3, 5), padding=padding, padding_mode=mode)
    x, valid = torch.rand(2, 2, 7, 8), _holes(2, 1, 7, 8)
    x[(valid == 0).expand_as(x)] = torch.nan
    bordered = F.pad(x, (2, 2, 1, 1), mode=mode), F.pad(valid, (2, 2, 1, 1), mode=mode)
    expected, known = partial_conv2d(*bordered, layer.weight, layer.bias)
    for mask in (valid, valid.expand(-1, 2, -1, -1), [(valid, 1), (valid, 1)], valid.bool()):
        found, updated = layer(x, mask)
        assert torch.equal(found, expected)
        assert torch.equal(updated.float(), known)
        assert updated.dtype == (mask[0][0] if isinstance(mask, list) else mask).dtype
    single, _ = layer(x[1], valid[1])
    torch.testing.assert_close(single, found[1])


def test_other_borders_are_known_where_everything_is() -> None:
    layer = PartialConv2d(1, 1, 3, padding=1, padding_mode="reflect")
    x = torch.rand(1, 1, 6, 6)
    found, updated = layer(x)
    expected = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), layer.weight, layer.bias)
    torch.testing.assert_close(found, expected)
    assert updated.min() == 1
    with pytest.raises(ValueError, match="the mask must have the shape"):
        layer(x, torch.ones(1, 1, 6, 7))


def test_the_layer_compiles_in_one_graph_and_shows_masks_that_are_none() -> None:
    torch.manual_seed(3)
    layer = PartialConv2d(2, 3, 3, padding=1)
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    x, valid = torch.rand(1, 2, 6, 6), _holes(1, 1, 6, 6)
    for found, expected in zip(compiled(x, valid), layer(x, valid), strict=True):
        assert torch.equal(found, expected)
    valid[...] = 1
    valid[..., 5, 5] = 0.5
    output, _ = compiled(x, valid)
    # The windows that see the wrong value, and no others.
    assert output[..., 4:, 4:].isnan().all()
    assert output.isnan().sum() == 3 * 4


def test_partial_padding_takes_and_returns_a_tensor() -> None:
    torch.manual_seed(2)
    layer = PartialPaddingConv2d(3, 4, 5, stride=2, padding=2)
    image = torch.rand(2, 3, 11, 8)
    # Every window is divided by the share of it that lies in the image.
    inside = F.conv2d(torch.ones(1, 1, 11, 8), torch.ones(1, 1, 5, 5), stride=2, padding=2)
    assert layer.bias is not None
    expected = F.conv2d(image, layer.weight, None, 2, 2) * 25 / inside + layer.bias.view(1, -1, 1, 1)
    torch.testing.assert_close(layer(image), expected)
    assert torch.equal(torch.nn.Sequential(layer, torch.nn.ReLU())(image), layer(image).relu())
    assert set(layer.state_dict()) == set(torch.nn.Conv2d(3, 4, 5).state_dict())


def test_gates_are_the_second_half_of_the_channels() -> None:
    torch.manual_seed(3)
    layer = GatedConv2d(4, 6, 3, stride=2, padding=1)
    x = torch.rand(2, 4, 9, 10)
    features, gates = (F.conv2d(x, layer.weight[half], None, 2, 1) for half in (slice(0, 6), slice(6, 12)))
    torch.testing.assert_close(layer(x), features * gates.sigmoid())
    torch.testing.assert_close(layer(x, F.elu), F.elu(features) * gates.sigmoid())
    assert sum(each.numel() for each in layer.parameters()) == 2 * sum(
        each.numel() for each in torch.nn.Conv2d(4, 6, 3).parameters()
    )


def test_the_gradient_of_a_gated_layer_is_right() -> None:
    layer = GatedConv2d(1, 1, 1).double()
    assert torch.autograd.gradcheck(
        lambda x: layer(x, torch.tanh), torch.rand(1, 1, 3, 3, dtype=torch.double).requires_grad_()
    )
