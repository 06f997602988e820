from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from bokwon.errors import ArgumentError
from bokwon.export import feature_maps
from bokwon.export.feature_maps import encoder_features
from bokwon.inpaint.models import find_model
from bokwon.nn.unet import PConvUNet
from bokwon.provenance.evidence import encoder_of, shrink_hole
from bokwon.training.checkpoint import save_weights


def example(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    image = np.random.default_rng(1).random((height, width, 3)).astype(np.float32)
    hole = np.zeros((height, width), bool)
    hole[10:100, 20:90] = True
    return image, hole


@pytest.mark.parametrize("base", ["none", "lowpass", "pullpush", "membrane"])
def test_features_are_those_of_the_encoder_and_zero_where_nothing_is_known(tmp_path: Path, base: str) -> None:
    torch.manual_seed(1)
    network = PConvUNet(levels=5, width=4, base=base).eval()
    save_weights(tmp_path / "small.safetensors", network, torch.float32)
    (tmp_path / "small.json").write_text(json.dumps({"network": asdict(network.config)}))
    image, hole = example(131, 117)
    seen: list[torch.Tensor] = []
    for block in network.encoder:
        block.register_forward_hook(lambda _module, _inputs, outputs: seen.append(outputs[0]))
    with torch.no_grad():
        network(torch.from_numpy(image.transpose(2, 0, 1))[None], torch.from_numpy(~hole).float()[None, None])
    found = encoder_features(tmp_path / "small.safetensors", image, hole)
    assert [maps.shape for maps in found] == [
        (4, 66, 59), (8, 33, 30), (16, 17, 15), (32, 9, 8), (32, 5, 4)
    ]  # fmt: skip
    for maps, expected, still in zip(found, seen, shrink_hole(hole, (7, 5, 5, 3, 3)), strict=True):
        np.testing.assert_allclose(maps, expected[0, :, : maps.shape[1], : maps.shape[2]], rtol=1e-5, atol=1e-5)
        assert not maps[:, still].any()
    # What lies in the hole is not looked at.
    image[hole] = 0.5
    for maps, again in zip(found, encoder_features(tmp_path / "small.safetensors", image, hole), strict=True):
        np.testing.assert_array_equal(maps, again)


def test_the_shipped_weights_have_the_layers_of_their_card() -> None:
    model = find_model("document")
    image, hole = example(140, 120)
    found = encoder_features(model.path, image, hole)
    assert len(found) == len(encoder_of(model).kernels)
    assert all(np.isfinite(maps).all() for maps in found)


def test_a_page_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_maps, "MAX_PIXELS", 1000)
    with pytest.raises(ArgumentError, match="cut a piece out of it"):
        encoder_features(tmp_path / "none.safetensors", *example(131, 117))


def test_plain_convolutions_have_no_masks_to_explain(tmp_path: Path) -> None:
    network = PConvUNet(levels=4, width=4, layer="conv")
    save_weights(tmp_path / "plain.safetensors", network, torch.float32)
    (tmp_path / "plain.json").write_text(json.dumps({"network": asdict(network.config)}))
    with pytest.raises(ArgumentError, match="layers without masks"):
        encoder_features(tmp_path / "plain.safetensors", *example(131, 117))
