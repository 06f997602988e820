"""A network without its batch normalisation computes the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from bokwon.nn.folding import fold_batch_norm
from bokwon.nn.unet import PConvUNet


@pytest.mark.parametrize("layer", ["partial", "conv", "gated"])
def test_folding_batch_normalisation_changes_nothing(make_network: Callable[..., PConvUNet], layer: str) -> None:
    network = make_network(levels=5, layer=layer)
    folded = fold_batch_norm(network)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    image = torch.rand(2, 3, 96, 64)
    for share in (0.0, 0.6, 1.0):
        valid = (torch.rand(2, 1, 96, 64) >= share).float()
        with torch.no_grad():
            torch.testing.assert_close(folded(image, valid), network(image, valid), atol=1e-4, rtol=1e-4)
