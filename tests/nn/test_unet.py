"""The network: shapes, holes, sizes, freezing, and its twin of ordinary convolutions."""

import pytest
import torch
from torch import nn

from bokwon.nn import unet
from bokwon.nn.layers import PartialConv2d
from bokwon.nn.lowpass import STENCIL, dense_evidence, masked_lowpass, pull_push
from bokwon.nn.unet import PConvUNet


def _inputs(height=64, width=64, batch=2):
    torch.manual_seed(1)
    image, valid = torch.rand(batch, 3, height, width), torch.ones(batch, 1, height, width)
    valid[:, :, 10:30, 20:50] = 0
    return image, valid


def _norms(network):
    return [module for module in network.encoder.modules() if isinstance(module, nn.BatchNorm2d)]


def test_the_paper_s_network_has_the_paper_s_weights():
    with torch.device("meta"):
        network = PConvUNet()
    convolutions = [m for m in network.modules() if isinstance(m, PartialConv2d)]
    assert sum(m.weight.numel() for m in convolutions) == 32_848_849
    assert [(m.out_channels, m.kernel_size[0], m.stride[0]) for m in convolutions[:8]] == [
        (64, 7, 2),
        (128, 5, 2),
        (256, 5, 2),
        *[(512, 3, 2)] * 5,
    ]
    assert [(m.in_channels, m.out_channels) for m in convolutions[8:]] == [
        *[(1024, 512)] * 4,
        (768, 256),
        (384, 128),
        (192, 64),
        (67, 3),
    ]
    assert [block.norm is not None for block in network.encoder] == [False, *[True] * 7]
    assert [block.norm is not None for block in network.decoder] == [*[True] * 7, False]


@pytest.mark.parametrize("base", ["none", "lowpass", "pullpush", "membrane"])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (33, 70), (1, 5)])
def test_any_size_comes_back_as_it_went_in(base, height, width):
    network = PConvUNet(levels=4, width=4, base=base).eval()
    image, valid = torch.rand(2, 3, height, width), torch.ones(2, 1, height, width)
    output = network(image, valid)
    assert output.shape == image.shape
    assert output.isfinite().all()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"base": "lowpass"},
        {"base": "pullpush"},
        {"base": "membrane"},
        {"layer": "conv"},
        {"layer": "padding"},
        {"layer": "gated"},
    ],
)
@pytest.mark.parametrize("hidden", [0.3, float("inf"), float("nan")])
def test_what_lies_in_the_holes_is_not_looked_at(options, hidden):
    network = PConvUNet(levels=4, width=4, **options).eval()
    image, valid = _inputs()
    parameters = list(network.parameters())
    results = []
    for seen in (image, torch.where(valid.bool(), image, hidden)):
        output = network(seen, valid)
        results.append([output, *torch.autograd.grad(output.square().mean(), parameters)])
    for first, second in zip(*results, strict=True):
        assert torch.equal(first, second)


@pytest.mark.slow
def test_the_network_compiles_in_one_graph():
    network = PConvUNet(levels=4, width=2, base="membrane").eval()
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    assert torch.equal(compiled(*_inputs()), network(*_inputs()))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"base": "lowpass"},
        {"base": "pullpush"},
        {"base": "membrane"},
        {"layer": "conv"},
        {"layer": "conv", "placeholder": "zero"},
        {"layer": "padding"},
        {"layer": "gated"},
    ],
)
def test_all_hole_and_hole_free_images_stay_finite_with_their_gradients(options):
    network = PConvUNet(levels=4, width=4, **options)
    image, valid = _inputs()
    valid[0], valid[1] = 0, 1
    network(image, valid).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_the_fused_decoder_is_the_plain_one(monkeypatch):
    network = PConvUNet(levels=5, width=4, base="lowpass").double().eval()
    image, valid = (part.double() for part in _inputs())
    outputs = []
    for least in (0, 256, 10**9):
        monkeypatch.setattr(unet, "_FUSED", least)
        outputs.append(network(image, valid))
    assert not torch.equal(outputs[0], outputs[2])
    for output in outputs[1:]:
        torch.testing.assert_close(output, outputs[0], atol=1e-9, rtol=1e-9)


def test_only_training_computes_wide_layers_the_fast_way(monkeypatch):
    torch.manual_seed(9)
    block = unet.DecoderBlock(8, 96, 96, norm="batch")
    inputs = torch.rand(6, 8, 8, 8), torch.ones(6, 1, 8, 8), torch.rand(6, 96, 16, 16), torch.ones(6, 1, 16, 16)
    trained, measured = block.train()(*inputs)[0], block.eval()(*inputs)[0]
    monkeypatch.setattr("bokwon.nn.functional.pays_off", lambda *_, **__: False)
    assert torch.equal(block(*inputs)[0], measured)
    direct = block.train()(*inputs)[0]
    assert not torch.equal(trained, direct)
    torch.testing.assert_close(trained, direct, atol=1e-4, rtol=0)


def test_batch_and_single_agree():
    network = PConvUNet(levels=4, width=4, base="lowpass").eval()
    image, valid = _inputs()
    valid[1, :, :40] = 0
    together = network(image, valid)
    apart = torch.cat([network(image[i : i + 1], valid[i : i + 1]) for i in range(2)])
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("base", ["lowpass", "pullpush", "membrane"])
def test_output_over_a_base_follows_brightness_and_contrast(base):
    network = PConvUNet(levels=4, width=4, base=base).eval()
    image, valid = _inputs()
    torch.testing.assert_close(
        network(0.4 * image + 0.3, valid), 0.4 * network(image, valid) + 0.3, atol=1e-4, rtol=1e-4
    )


def test_the_fourth_channel_says_how_far_to_follow_the_interpolation():
    network = PConvUNet(levels=4, width=4, base="pullpush").eval()
    image, valid = _inputs()
    last = network.decoder[-1].conv
    with torch.no_grad():
        last.weight[3] = 0
        last.bias[3] = 30  # the logit of 1
        followed = network(image, valid)
        last.bias[3] = -30
        ignored = network(image, valid)
        last.bias[3] = 0
        halfway = network(image, valid)
    evidence = dense_evidence(valid)
    low = masked_lowpass(image * evidence, evidence)
    interpolated = low + pull_push((image - low) * evidence, evidence)
    torch.testing.assert_close(followed, interpolated, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(halfway, (followed + ignored) / 2, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(ignored, followed, atol=1e-2)


def test_a_membrane_carries_what_is_missed_at_the_rims_into_the_holes():
    without = PConvUNet(levels=4, width=4, base="pullpush").eval()
    network = PConvUNet(levels=4, width=4, base="membrane").eval()
    network.load_state_dict(without.state_dict())
    image, valid = _inputs()
    valid[..., 9, 9] = 0
    # A pixel that is no evidence for the network is met all the same.
    valid[..., 20:44, 20:44] = 0
    valid[..., 32, 32] = 1
    output, before = network(image, valid), without(image, valid)
    torch.testing.assert_close(output * valid, image * valid, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(output, before + pull_push((image - before) * valid, valid), atol=1e-5, rtol=1e-5)
    # In a hole of one pixel it is the mean of what is missed around.
    around = ((image - before)[..., 8:11, 8:11] * torch.tensor(STENCIL)).sum((2, 3))
    torch.testing.assert_close((output - before)[..., 9, 9], around, atol=1e-5, rtol=1e-5)


def test_an_ordinary_network_has_the_same_parameters_and_no_partial_convolution():
    partial, ordinary = PConvUNet(levels=4, width=4), PConvUNet(levels=4, width=4, layer="conv")
    assert not any(isinstance(module, PartialConv2d) for module in ordinary.modules())
    assert {k: v.shape for k, v in ordinary.state_dict().items()} == {
        k: v.shape for k, v in partial.state_dict().items()
    }


def test_an_ordinary_network_is_the_u_net_written_out():
    network = PConvUNet(levels=3, width=4, layer="conv").double().eval()
    image, valid = (part.double() for part in _inputs())
    colour = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).view(1, 3, 1, 1)
    x = torch.where(valid.bool(), image, colour)
    passed = []
    for block in network.encoder:
        passed.append(x)
        x = block.conv(x)
        x = torch.relu(x if block.norm is None else block.norm(x))
    for block in network.decoder:
        x = torch.cat([nn.functional.interpolate(x, scale_factor=2.0), passed.pop()], 1)
        x = nn.functional.conv2d(x, block.conv.weight, block.conv.bias, padding=1)
        if not block.last:
            x = nn.functional.leaky_relu(block.norm(x), 0.2)
    torch.testing.assert_close(network(image, valid), x, atol=1e-6, rtol=1e-6)


def test_partial_padding_is_the_ordinary_network_but_for_the_border():
    ordinary = PConvUNet(levels=3, width=4, layer="conv").double().eval()
    padded = PConvUNet(levels=3, width=4, layer="padding").double().eval()
    padded.load_state_dict(ordinary.state_dict())
    # Farther from the border than both networks see.
    image, valid = (part.double() for part in _inputs(160, 160))
    valid[..., 70:90, 70:90] = 0
    first, second = ordinary(image, valid), padded(image, valid)
    inner = (..., slice(64, 96), slice(64, 96))
    torch.testing.assert_close(first[inner], second[inner], atol=1e-9, rtol=1e-9)
    assert not torch.allclose(first, second, atol=1e-3)


def test_partial_padding_is_the_partial_network_without_a_hole():
    padded, partial = PConvUNet(levels=3, width=4, layer="padding").eval(), PConvUNet(levels=3, width=4).eval()
    padded.load_state_dict(partial.state_dict())
    image, valid = _inputs()
    filled = torch.where(valid.bool(), image, padded.colour)
    torch.testing.assert_close(padded(image, valid), partial(filled, torch.ones_like(valid)))


def test_a_gated_network_is_the_u_net_written_out():
    network = PConvUNet(levels=3, width=4, layer="gated").double()
    network(*(part.double() for part in _inputs()))
    network.eval()
    image, valid = (part.double() for part in _inputs())
    x = torch.cat([image * valid, valid], 1)
    passed = []

    def gated(both, norm, activation):
        features, gates = both[:, : both.shape[1] // 2], both[:, both.shape[1] // 2 :]
        return activation(features if norm is None else norm(features)) / (1 + torch.exp(-gates))

    for block in network.encoder:
        passed.append(x)
        x = gated(
            nn.functional.conv2d(x, block.conv.weight, block.conv.bias, 2, block.conv.padding), block.norm, torch.relu
        )
    for block in network.decoder:
        x = torch.cat([nn.functional.interpolate(x, scale_factor=2.0), passed.pop()], 1)
        x = nn.functional.conv2d(x, block.conv.weight, block.conv.bias, padding=1)
        if not block.last:
            x = gated(x, block.norm, lambda each: nn.functional.leaky_relu(each, 0.2))
    assert x.shape == image.shape
    torch.testing.assert_close(network(image, valid), x, atol=1e-6, rtol=1e-6)


def _partial(x, mask, conv):
    """A partial convolution with a mask in all channels, as the paper draws it."""
    count = nn.functional.conv2d(mask, torch.ones_like(conv.weight), None, conv.stride, conv.padding)
    known = (count > 0).to(x.dtype)
    ratio = conv.weight[0].numel() / count.clamp(min=1) * known
    output = nn.functional.conv2d(x * mask, conv.weight, None, conv.stride, conv.padding) * ratio
    return output + (0 if conv.bias is None else conv.bias.view(1, -1, 1, 1) * known), known


def _written_out(network, image, valid):
    """The U-Net with batch statistics: masks in all channels, upsampling, concatenation, nothing in place."""
    x, mask = image * valid, valid.expand_as(image)
    passed = []
    for block in network.encoder:
        passed.append((x, mask))
        x, mask = _partial(x, mask, block.conv)
        if block.norm is not None:
            x = nn.functional.batch_norm(x, None, None, block.norm.weight, block.norm.bias, training=True)
        x = torch.relu(x)
    for block in network.decoder:
        skip, skip_mask = passed.pop()
        x = torch.cat([nn.functional.interpolate(x * mask, scale_factor=2.0), skip], 1)
        mask = torch.cat([nn.functional.interpolate(mask, scale_factor=2.0), skip_mask], 1)
        x, mask = _partial(x, mask, block.conv)
        if not block.last:
            x = nn.functional.batch_norm(x, None, None, block.norm.weight, block.norm.bias, training=True)
            x = nn.functional.leaky_relu(x, 0.2)
    return x


@pytest.mark.parametrize(
    ("dtype", "tolerance", "hole"),
    # Where half of the batch is hole, batch statistics of few values magnify float32's rounding.
    [(torch.float32, 2e-5, "some"), (torch.float64, 1e-6, "some"), (torch.float64, 1e-6, "all of one image")],
)
def test_the_network_and_its_gradients_are_those_of_the_paper_s_definition(dtype, tolerance, hole):
    network = PConvUNet(levels=4, width=4).to(dtype).train()
    image, valid = (part.to(dtype) for part in _inputs())
    if hole != "some":
        valid[1] = 0
    found, expected = network(image, valid), _written_out(network, image, valid)
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)
    weights = torch.randn_like(found) / found.numel()
    parameters = list(network.parameters())
    ours, theirs = (torch.autograd.grad((output * weights).sum(), parameters) for output in (found, expected))
    for one, other in zip(ours, theirs, strict=True):
        assert (one - other).norm() <= 5 * tolerance * other.norm() + 1e-7


def test_the_placeholder_is_what_an_ordinary_network_sees():
    image, valid = _inputs()
    seen = []
    for placeholder in ("mean", "zero", "gray"):
        network = PConvUNet(levels=3, width=4, layer="conv", placeholder=placeholder)
        network.encoder[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
        network(image, valid)
    torch.testing.assert_close(seen[0][0, :, 15, 30], torch.tensor([0.485, 0.456, 0.406]))
    assert seen[1][0, :, 15, 30].tolist() == [0, 0, 0]
    assert seen[2][0, :, 15, 30].tolist() == [127.5 / 255] * 3
    assert torch.equal(seen[0][..., :10, :], image[..., :10, :])


def test_frozen_normalisation_stays_in_eval_mode_after_train():
    network = PConvUNet(levels=4, width=4)
    network.freeze_encoder_norm()
    network.train()
    assert not any(norm.training for norm in _norms(network))
    assert all(block.norm.training for block in network.decoder if block.norm is not None)
    before = [norm.running_mean.clone() for norm in _norms(network)]
    decoder = network.decoder[0].norm.running_mean.clone()
    network(*_inputs()).mean().backward()
    assert all(torch.equal(norm.running_mean, mean) for norm, mean in zip(_norms(network), before, strict=True))
    assert not torch.equal(network.decoder[0].norm.running_mean, decoder)
    assert all(norm.weight.grad is None for norm in _norms(network))


def test_thawed_normalisation_trains_again():
    network = PConvUNet(levels=4, width=4).train()
    network.freeze_encoder_norm()
    network.freeze_encoder_norm(False)
    assert all(norm.training and norm.weight.requires_grad for norm in _norms(network))


def test_weights_start_as_he_et_al_say():
    torch.manual_seed(0)
    for layer in ("partial", "conv"):
        weight = PConvUNet(levels=4, width=32, layer=layer).encoder[2].conv.weight
        assert weight.std().item() == pytest.approx((2 / (64 * 25)) ** 0.5, rel=0.02)


def test_saved_and_loaded_weights_give_the_same_output(tmp_path):
    network = PConvUNet(levels=4, width=4, base="lowpass").eval()
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    other = PConvUNet(levels=4, width=4, base="lowpass").eval()
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(network(*_inputs()), other(*_inputs()))
    assert not any("colour" in name or "mask" in name for name in network.state_dict())
