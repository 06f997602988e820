"""The damage detector as a model file: what the graph computes, how it is stored, what its card says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from bokwon.detection.detector import Detector
from bokwon.errors import BokwonError
from bokwon.export.detector import build_detector, export_detector, export_detector_checkpoint
from bokwon.nn.segmentation import SegmentationConfig, SegmentationNet
from bokwon.synthesis.scenes.classes import CLASSES
from bokwon.training import checkpoint


@pytest.fixture
def network() -> SegmentationNet:
    torch.manual_seed(0)
    network = SegmentationNet(SegmentationConfig(widths=(4, 6, 8), decoder=(4, 4, 6), blocks=(0, 1, 2))).eval()
    for parameter in network.blocks.parameters():
        torch.nn.init.normal_(parameter, std=0.3)  # else the blocks are the identity
    return network


def test_the_graph_computes_what_the_network_computes(network: SegmentationNet) -> None:
    data = build_detector(network, half=False).SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    image = torch.rand(2, 3, 48, 32)
    image[1] = 0.5  # without contrast
    (found,) = session.run(["probabilities"], {"image": image.numpy()})
    with torch.no_grad():
        expected = torch.softmax(network(image), 1).numpy()
    assert found.shape == (2, 10, 48, 32)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize(("half", "stored"), [(True, onnx.TensorProto.FLOAT16), (False, onnx.TensorProto.FLOAT)])
def test_weights_are_stored_as_asked(network: SegmentationNet, half: bool, stored: int, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert export_detector(network, tmp_path / "model.onnx", half=half) < 1e-3
    model = onnx.load(tmp_path / "model.onnx")
    # The head is 3 x 3, from 4 channels to 10 classes of 2 x 2 pixels.
    (head,) = (one for one in model.graph.initializer if list(one.dims) == [40, 4, 3, 3])
    assert head.data_type == stored
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_graph_that_differs_from_the_network_is_not_written(
    network: SegmentationNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SegmentationNet(network.config)
    wrong = build_detector(other, half=False)
    monkeypatch.setattr("bokwon.export.detector.build_detector", lambda network, half: wrong)
    with pytest.raises(BokwonError, match="differs from PyTorch"):
        export_detector(network, tmp_path / "model.onnx", half=False)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_becomes_a_model_that_finds(network: SegmentationNet, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "step_000005", network, {"step": 5, "training": {"seed": 3}, "other": 1})
    (tmp_path / "more.json").write_text('{"calibration": {"tear": [[0, 0], [1, 0.5]]}}')
    model = tmp_path / "tiny.onnx"
    difference = export_detector_checkpoint(tmp_path / "step_000005", model, card=tmp_path / "more.json")
    card = json.loads(model.with_suffix(".json").read_text())
    assert difference < 1e-3
    assert card["onnx_parity"] == difference
    assert (card["name"], card["task"], card["storage"]) == ("tiny", "detect", "float16")
    assert card["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert card["classes"] == list(CLASSES)
    assert (card["longest_side"], card["multiple"]) == (1750, 16)
    assert card["trained"] == {"step": 5, "training": {"seed": 3}}
    assert card["architecture"]["parameters"] == sum(weight.numel() for weight in network.parameters())
    assert card["calibration"] == {"tear": [[0, 0], [1, 0.5]]}
    damage = Detector(model).detect(np.full((70, 50, 3), 200, np.uint8))
    assert damage.hole.shape == (70, 50)
