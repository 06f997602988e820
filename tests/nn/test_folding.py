"""A network without its batch normalisation computes the same."""

from __future__ import annotations

import pytest
import torch

from bokwon.nn.folding import fold_batch_norm
from bokwon.nn.unet import PConvUNet


@pytest.mark.parametrize("layer", ["partial", "conv", "gated"])
def test_folding_batch_normalisation_changes_nothing(layer: str) -> None:
    torch.manual_seed(0)
    network = PConvUNet(levels=5, width=8, layer=layer)
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(4, 3, 64, 64), (torch.rand(4, 1, 64, 64) > 0.3).float())
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
    network.eval()
    folded = fold_batch_norm(network)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    image = torch.rand(2, 3, 96, 64)
    for share in (0.0, 0.6, 1.0):
        valid = (torch.rand(2, 1, 96, 64) >= share).float()
        with torch.no_grad():
            torch.testing.assert_close(folded(image, valid), network(image, valid), atol=1e-4, rtol=1e-4)
