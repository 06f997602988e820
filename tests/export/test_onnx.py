"""The model file computes what the network computes, and an export that does not is refused."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from bokwon.errors import BokwonError, FileAccessError
from bokwon.export import onnx as export_onnx
from bokwon.export.graph import build
from bokwon.nn.unet import PConvUNet
from bokwon.training.onnx_weights import read_onnx


def _run(path, image, valid):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"image": image.numpy(), "valid": valid.numpy()})
    return output


@pytest.mark.parametrize("base", ["none", "lowpass", "pullpush", "membrane"])
@pytest.mark.parametrize("half", [False, True])
def test_onnx_runtime_agrees_at_every_size(tmp_path, base, half, make_network):
    network = make_network(levels=5, width=8, base=base)
    path = tmp_path / "small.onnx"
    difference = export_onnx.export(network, path, half=half)
    assert 0 <= difference <= export_onnx.TOLERANCE
    for count, height, width in ((1, 1, 1), (1, 33, 70), (3, 64, 96), (2, 130, 31)):
        image = torch.rand(count, 3, height, width)
        valid = (torch.rand(count, 1, height, width) > 0.5).float()
        output = _run(path, image, valid)
        assert output.dtype == np.float32
        assert output.shape == (count, 3, height, width)
        with torch.no_grad():
            expected = network(image, valid).numpy()
        # An untrained network's output is large. float16 storage rounds weights, which the export's check takes along.
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(output / scale, expected / scale, atol=2e-2 if half else 1e-3)


@pytest.mark.parametrize("base", ["none", "lowpass", "pullpush", "membrane"])
def test_an_image_that_is_all_hole_is_finite(tmp_path, base, make_network):
    path = tmp_path / "small.onnx"
    export_onnx.export(make_network(levels=4, width=4, base=base), path)
    assert np.isfinite(_run(path, torch.rand(1, 3, 40, 40), torch.zeros(1, 1, 40, 40))).all()


def test_half_storage_halves_the_file_and_keeps_the_contract(tmp_path, make_network):
    network = make_network(levels=4, width=16)
    whole, half = tmp_path / "whole.onnx", tmp_path / "half.onnx"
    export_onnx.export(network, whole, half=False)
    export_onnx.export(network, half, half=True)
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    model = onnx.load(half)
    assert [i.name for i in model.graph.input] == ["image", "valid"]
    values = [*model.graph.input, *model.graph.output]
    assert {v.type.tensor_type.elem_type for v in values} == {onnx.TensorProto.FLOAT}


def test_a_graph_that_computes_something_else_is_not_written(tmp_path, monkeypatch, make_network):
    network = make_network(levels=4, width=4)

    def wrong(folded, *, half):
        with torch.no_grad():
            folded.decoder[-1].conv.bias.add_(1e4)
            model = build(folded, half=half)
            folded.decoder[-1].conv.bias.sub_(1e4)
        return model

    monkeypatch.setattr(export_onnx, "build", wrong)
    with pytest.raises(BokwonError, match="differs from PyTorch"):
        export_onnx.export(network, tmp_path / "wrong.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("placeholder", ["mean", "zero", "gray"])
def test_a_network_of_ordinary_convolutions_sees_the_placeholder(tmp_path, placeholder, make_network):
    network = make_network(levels=5, width=8, layer="conv", placeholder=placeholder)
    path = tmp_path / "conv.onnx"
    assert export_onnx.export(network, path, half=False) <= export_onnx.TOLERANCE
    image, valid = torch.rand(2, 3, 40, 70), (torch.rand(2, 1, 40, 70) > 0.5).float()
    with torch.no_grad():
        expected = network(image, valid).numpy()
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(_run(path, image, valid) / scale, expected / scale, atol=1e-4)
    # What the file holds in the holes is not looked at.
    np.testing.assert_array_equal(_run(path, image * valid, valid), _run(path, image, valid))


@pytest.mark.parametrize("layer", ["partial", "conv", "padding", "gated"])
@pytest.mark.parametrize("head", ["none", "tanh", "leaky_conv_sigmoid"])
def test_units_and_heads_are_exported(tmp_path, layer, head, make_network):
    network = make_network(levels=4, width=8, layer=layer, mean=(0.485, 0.456, 0.406), std=(0.229, 0.4, 2.0), head=head)
    path = tmp_path / "head.onnx"
    assert export_onnx.export(network, path, half=False) <= 1e-4
    image = torch.rand(2, 3, 40, 70)
    for share in (0.3, 1.0):
        valid = (torch.rand(2, 1, 40, 70) >= share).float()
        with torch.no_grad():
            expected = network(image, valid).numpy()
        got = _run(path, image, valid)
        np.testing.assert_allclose(got, expected, atol=1e-4 * max(1.0, np.abs(expected).max()))
        # What the file holds in the holes is not looked at.
        np.testing.assert_array_equal(_run(path, image * valid, valid), got)


@pytest.mark.parametrize("head", ["none", "tanh", "leaky_conv_sigmoid"])
def test_weights_come_back_from_a_model_file_with_units_and_head(tmp_path, head, make_network):
    options = {"levels": 4, "width": 8, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.4, 2.0), "head": head}
    network, again = make_network(**options), PConvUNet(**options).eval()
    export_onnx.export(network, tmp_path / "head.onnx", half=False)
    read_onnx(tmp_path / "head.onnx", again)
    image, valid = torch.rand(2, 3, 64, 64), (torch.rand(2, 1, 64, 64) > 0.3).float()
    with torch.no_grad():
        expected = network(image, valid)
        torch.testing.assert_close(again(image, valid), expected, atol=1e-4 * float(expected.abs().max()), rtol=0)


def test_an_output_folder_that_is_missing_is_named(tmp_path, make_network):
    with pytest.raises(FileAccessError, match="nowhere"):
        export_onnx.export(make_network(levels=4, width=4), tmp_path / "nowhere" / "a.onnx")


def test_the_card_holds_the_hash_of_the_file(tmp_path):
    model = tmp_path / "m.onnx"
    model.write_bytes(b"abc")
    card = export_onnx.write_card(tmp_path / "m.json", model, {"licence": "Apache-2.0"})
    assert card["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert json.loads((tmp_path / "m.json").read_text()) == card
    assert card["name"] == "m"
