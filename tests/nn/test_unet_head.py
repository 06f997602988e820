"""Networks in units of their own, and what follows the last layer."""

import torch
import torch.nn.functional as F

from bokwon.nn.unet import PConvUNet

MEAN, STD = (0.2, 0.4, 0.6), (0.5, 0.25, 2.0)


def _twins(**options):
    """A network with mean, std or head, and a plain one with the same layers."""
    torch.manual_seed(0)
    network = PConvUNet(levels=4, width=4, **options).eval()
    plain = PConvUNet(levels=4, width=4).eval()
    weights = network.state_dict()
    plain.load_state_dict({name: weights[name] for name in plain.state_dict()})
    return network, plain


def _inputs():
    generator = torch.Generator().manual_seed(1)
    image = torch.rand(2, 3, 32, 48, generator=generator)
    valid = (torch.rand(2, 1, 32, 48, generator=generator) > 0.4).float()
    valid[:, :, 8:24, 8:24] = 0
    return image, valid


def test_the_network_computes_with_normalised_colours_and_predicts_such():
    network, plain = _twins(mean=MEAN, std=STD)
    image, valid = _inputs()
    mean, std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)
    with torch.no_grad():
        expected = plain((image - mean) / std, valid) * std + mean
        torch.testing.assert_close(network(image, valid), expected, atol=1e-6, rtol=1e-5)


def test_holes_are_cut_out_after_the_normalisation():
    # Otherwise a hole would be the colour -mean / std, and what the file holds there would be seen.
    network, _ = _twins(mean=MEAN, std=STD)
    image, valid = _inputs()
    with torch.no_grad():
        one, other = network(image * valid, valid), network(image * valid + (1 - valid) * 0.7, valid)
    assert torch.equal(one, other)
    assert not torch.equal(one, network(image, torch.ones_like(valid)))


def test_heads_are_what_they_are_called():
    image, valid = _inputs()
    network, plain = _twins(head="tanh")
    with torch.no_grad():
        torch.testing.assert_close(network(image, valid), torch.tanh(plain(image, valid)))
    network, plain = _twins(head="leaky_conv_sigmoid")
    with torch.no_grad():
        features = F.leaky_relu(plain(image, valid), 0.2)
        weight = network.head.weight.view(3, 3)
        mixed = torch.einsum("oc,nchw->nohw", weight, features) + network.head.bias.view(3, 1, 1)
        torch.testing.assert_close(network(image, valid), torch.sigmoid(mixed))


def test_ordinary_convolutions_see_the_placeholder_in_normalised_units():
    torch.manual_seed(0)
    network = PConvUNet(levels=3, width=4, layer="conv", mean=MEAN, std=STD).eval()
    image, valid = _inputs()
    seen = []
    network.encoder[0].register_forward_pre_hook(lambda module, arguments: seen.append(arguments[0]))
    network(image, valid)
    colour = torch.tensor((0.485, 0.456, 0.406))
    expected = (colour - torch.tensor(MEAN)) / torch.tensor(STD)
    torch.testing.assert_close(seen[0][0, :, 10, 10], expected)


def test_gradients_reach_the_head_and_the_layers_below_it():
    network = PConvUNet(levels=4, width=4, mean=MEAN, std=STD, head="leaky_conv_sigmoid")
    image, valid = _inputs()
    network(image, valid).mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert float(network.head.weight.grad.abs().sum()) > 0
    assert float(network.encoder[0].conv.weight.grad.abs().sum()) > 0
