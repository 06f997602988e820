"""Region normalisation against loops over pixels, and in the network."""

import math

import pytest
import torch
import torch.nn.functional as F

from bokwon.errors import ArgumentError
from bokwon.nn.folding import fold_batch_norm
from bokwon.nn.region_norm import EPSILON, BasicRegionNorm, LearnableRegionNorm, region_norm
from bokwon.nn.unet import PConvUNet


def _by_hand(features, region):
    """One image, channel and region after the other, pixel lists instead of masks."""
    result = torch.zeros_like(features)
    for image in range(features.shape[0]):
        inside = region[image if region.shape[0] > 1 else 0, 0].bool()
        for channel in range(features.shape[1]):
            for part in (inside, ~inside):
                pixels = features[image, channel][part].tolist()
                if not pixels:
                    continue
                mean = sum(pixels) / len(pixels)
                deviation = math.sqrt(sum((each - mean) ** 2 for each in pixels) / len(pixels) + EPSILON)
                values = torch.tensor([(each - mean) / deviation for each in pixels], dtype=features.dtype)
                result[image, channel][part] = values
    return result


@pytest.mark.parametrize("shared", [False, True])
def test_every_region_of_every_channel_of_every_image_has_its_own_statistics(shared):
    torch.manual_seed(0)
    features = 3 * torch.randn(3, 4, 5, 6, dtype=torch.double) + 7
    region = (torch.rand(1 if shared else 3, 1, 5, 6) > 0.4).double()
    if not shared:
        region[0], region[1] = 0, 1  # regions without pixels
    torch.testing.assert_close(region_norm(features, region), _by_hand(features, region), atol=1e-12, rtol=0)
    assert torch.equal(region_norm(features, region.bool()), region_norm(features, region))


def test_holes_do_not_move_the_statistics_of_what_is_known():
    torch.manual_seed(1)
    features, region = torch.randn(1, 2, 8, 8), (torch.rand(1, 1, 8, 8) > 0.3).float()
    other = torch.where(region > 0, features, 100 * torch.randn_like(features))
    known = region.expand_as(features) > 0
    torch.testing.assert_close(region_norm(features, region)[known], region_norm(other, region)[known])


def test_each_region_has_its_own_weight_and_bias():
    torch.manual_seed(2)
    norm = BasicRegionNorm(3).double()
    features, valid = torch.randn(2, 3, 4, 5, dtype=torch.double), (torch.rand(2, 1, 4, 5) > 0.5).double()
    torch.testing.assert_close(norm(features, valid), _by_hand(features, valid), atol=1e-12, rtol=0)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    expected = _by_hand(features, valid)
    for channel in range(3):
        known = expected[:, channel] * norm.weight[0, channel] + norm.bias[0, channel]
        hole = expected[:, channel] * norm.weight[1, channel] + norm.bias[1, channel]
        expected[:, channel] = torch.where(valid[:, 0] > 0, known, hole).detach()
    torch.testing.assert_close(norm(features, valid), expected, atol=1e-12, rtol=0)


def test_gradients_of_the_normalisation_by_a_mask():
    torch.manual_seed(3)
    norm = BasicRegionNorm(2).double()
    features = torch.randn(2, 2, 3, 4, dtype=torch.double, requires_grad=True)
    valid = (torch.rand(2, 1, 3, 4) > 0.5).double()
    assert torch.autograd.gradcheck(
        lambda x, weight, bias: torch.func.functional_call(norm, {"weight": weight, "bias": bias}, (x, valid)),
        (features, norm.weight, norm.bias),
    )


def test_the_learnable_normalisation_finds_its_regions():
    torch.manual_seed(4)
    norm = LearnableRegionNorm().double()
    torch.nn.init.normal_(norm.response.weight)
    torch.nn.init.normal_(norm.affine.weight)
    features = torch.randn(2, 5, 6, 7, dtype=torch.double)
    largest, mean = features.max(1).values, features.sum(1) / 5
    score = F.conv2d(torch.stack([largest, mean], 1), norm.response.weight, padding=1)
    response = 1 / (1 + (-score).exp())
    region = response > 0.8
    assert 0 < region.double().mean() < 1
    affine = F.conv2d(response, norm.affine.weight, norm.affine.bias, padding=1)
    expected = _by_hand(features, region) * affine[:, :1] + affine[:, 1:]
    torch.testing.assert_close(norm(features), expected, atol=1e-12, rtol=0)


def test_the_learnable_normalisation_starts_without_an_effect_of_its_own_and_learns():
    torch.manual_seed(5)
    norm = LearnableRegionNorm()
    features = torch.randn(2, 3, 8, 8)
    region = torch.sigmoid(norm.response(torch.stack([features.amax(1), features.mean(1)], 1))) > 0.8
    torch.testing.assert_close(norm(features), region_norm(features, region))
    optimizer = torch.optim.SGD(norm.parameters(), 0.1)
    before = norm.response.weight.detach().clone()
    for _ in range(2):  # the response learns once its weight is not zero any more
        optimizer.zero_grad()
        (norm(features) - features).square().mean().backward()
        optimizer.step()
    assert not torch.equal(norm.response.weight, before)


def test_half_precision_keeps_its_type_and_sums_in_float32():
    features, region = 100 + torch.randn(1, 2, 64, 64), torch.ones(1, 1, 64, 64)
    narrow = features.to(torch.bfloat16)
    found = region_norm(narrow, region)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), region_norm(narrow.float(), region), atol=0.02, rtol=0.01)
    with torch.autocast("cpu", torch.bfloat16):
        assert LearnableRegionNorm()(narrow).dtype == torch.bfloat16


@pytest.mark.parametrize("layer", ["partial", "conv", "padding", "gated"])
def test_networks_of_every_layer_train_with_it(layer):
    torch.manual_seed(6)
    network = PConvUNet(levels=4, width=4, layer=layer, norm="region")
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    image, valid = torch.rand(3, 3, 40, 64), torch.ones(3, 1, 40, 64)
    valid[0], valid[1, :, 8:30, 10:50] = 0, 0
    output = network(image, valid)
    output.square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    assert torch.equal(network.eval()(image, valid), output)
    apart = torch.cat([network(image[i : i + 1], valid[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(apart, output, atol=1e-4, rtol=1e-4)


def test_the_encoder_normalises_by_the_mask_of_its_layer():
    """Ordinary convolutions have the image's mask, reduced to the size of the layer; partial ones have their own."""
    seen = []
    network = PConvUNet(levels=3, width=4, layer="conv", norm="region")
    network.encoder[1].norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    valid = torch.ones(1, 1, 32, 32)
    valid[..., 8:24, 8:24] = 0
    network(torch.rand(1, 3, 32, 32), valid)
    assert torch.equal(seen[0], valid[..., ::4, ::4])
    partial = PConvUNet(levels=3, width=4, norm="region")
    partial.encoder[1].norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    partial(torch.rand(1, 3, 32, 32), valid)
    # The hole of a partial convolution shrinks from layer to layer.
    assert 0 < (seen[1] == 0).sum() < (seen[0] == 0).sum()


def test_such_a_network_cannot_be_exported_and_says_why():
    with pytest.raises(ArgumentError, match=r"network\.norm='region'.*each image") as caught:
        fold_batch_norm(PConvUNet(levels=3, width=4, norm="region"))
    assert "network.norm=batch" in str(caught.value)


def test_freezing_leaves_it_alone():
    network = PConvUNet(levels=3, width=4, norm="region")
    network.freeze_encoder_norm()
    assert all(parameter.requires_grad for parameter in network.parameters())
