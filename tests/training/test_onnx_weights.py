"""Model files give their weights back: the network computes what the file computes, in training mode too."""

import json
from dataclasses import asdict, replace

import pytest
import torch

from bokwon.errors import FileAccessError, InputFileError
from bokwon.export.model import export_checkpoint
from bokwon.export.onnx import TOLERANCE, check_parity, export
from bokwon.inpaint.models import find_model
from bokwon.nn.unet import PConvUNet, UNetConfig
from bokwon.training import checkpoint, loop
from bokwon.training.config import OptimizerConfig
from bokwon.training.onnx_weights import read_onnx, restore_norms


def _output(network, seed=1, size=(2, 96, 64)):
    generator = torch.Generator().manual_seed(seed)
    count, height, width = size
    image = torch.rand(count, 3, height, width, generator=generator)
    valid = (torch.rand(count, 1, height, width, generator=generator) > 0.3).float()
    valid[:, :, 20:50, 10:40] = 0
    with torch.no_grad():
        return network(image, valid)


@pytest.mark.parametrize("name", ["document", "photo"])
def test_the_shipped_models_are_read_back_exactly(name):
    path = find_model(name).path
    network, description = checkpoint.load_network(path)
    assert network.config == UNetConfig(**description["network"])
    assert check_parity(network, path, [(1, 128, 128), (2, 200, 133)]) <= 1e-4 < TOLERANCE
    # As trained ones have, whatever was folded into them.
    norms = [block.conv.weight.flatten(1).norm(dim=1) for block in network.encoder if block.norm is not None]
    assert all(2.8 < norm < 5.7 for norm in torch.cat(norms).tolist())


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(
    "config",
    [
        {"base": "none"},
        {"base": "lowpass"},
        {"base": "pullpush"},
        {"base": "membrane"},
        {"layer": "conv"},
        {"layer": "padding"},
        {"layer": "gated"},
    ],
)
def test_an_exported_network_comes_back(tmp_path, config, half, make_network):
    network = make_network(**config)
    export(network, tmp_path / "small.onnx", half=half)
    again = PConvUNet(**asdict(network.config)).eval()
    assert not torch.allclose(_output(again), _output(network), atol=0.1)
    read_onnx(tmp_path / "small.onnx", again)
    assert check_parity(again, tmp_path / "small.onnx") <= 1e-4
    if not half:
        torch.testing.assert_close(_output(again), _output(network), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("config", [{"base": "none"}, {"base": "pullpush"}, {"layer": "gated"}])
def test_measured_statistics_change_nothing_in_evaluation_and_little_in_training(tmp_path, config, make_network):
    network = make_network(**config)
    export(network, tmp_path / "small.onnx", half=False)
    again = PConvUNet(**asdict(network.config)).eval()
    read_onnx(tmp_path / "small.onnx", again)
    generator = torch.Generator().manual_seed(3)
    image = torch.rand(8, 3, 64, 64, generator=generator)
    valid = (torch.rand(8, 1, 64, 64, generator=generator) > 0.3).float()
    with torch.no_grad():
        expected = again(image, valid)
        strange = again.train()(image, valid)
        again.eval()
        # The file tells nothing of the statistics, and the training step has moved the stand-ins for them.
        read_onnx(tmp_path / "small.onnx", again)
        restore_norms(again, [(image[:3], valid[:3]), (image[3:], valid[3:])])
        assert not again.training
        after = again(image, valid)
        trained = again.train()(image, valid)
    scale = float(expected.std())
    assert float((after - expected).abs().max()) < 1e-3 * scale
    # The batch is the very one that was measured: nothing is left of the difference.
    assert float((trained - expected).abs().max()) < 1e-2 * scale
    assert float((strange - expected).abs().mean()) > 0.1 * scale


def test_fine_tuning_starts_where_the_model_file_stands(tiny, tmp_path):
    run = loop.train(tiny(steps=30), tmp_path / "first")
    export_checkpoint(run, tmp_path / "small.onnx", half=False)
    still = replace(
        tiny(steps=2, init=str(tmp_path / "small.onnx"), batch=8), optimizer=OptimizerConfig("adam", 1e-30, ema=0.9)
    )
    second = loop.train(still, tmp_path / "second")
    before, after = checkpoint.load_network(run)[0], checkpoint.load_network(second)[0]
    expected = _output(before)
    difference = (_output(after) - expected).abs()
    # Two steps have seen other crops than those that the statistics were measured on.
    assert float(difference.mean()) < 0.1 * float(expected.std())
    losses = {}
    for name in ("first", "second"):
        lines = [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        losses[name] = [line["loss"] for line in lines if "loss" in line]
    assert losses["second"][0] < min(losses["first"][:3])


def test_what_is_no_float_model_of_the_network_is_refused(tmp_path, make_network):
    network = make_network()
    path = tmp_path / "small.onnx"
    export(network, path)
    with pytest.raises(InputFileError, match="no float weights of its card's network"):
        read_onnx(path, PConvUNet(levels=4, width=4))
    with pytest.raises(InputFileError, match="no float weights of its card's network"):
        read_onnx(path, PConvUNet(levels=5, width=8))
    with pytest.raises(InputFileError, match="not the file its card describes"):
        read_onnx(path, network, "0" * 64)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputFileError, match="no float weights"):
        read_onnx(path, network)
    with pytest.raises(FileAccessError, match="cannot be read"):
        read_onnx(tmp_path / "none.onnx", network)
    with pytest.raises(InputFileError, match="not its int8 model"):
        checkpoint.load_network(find_model("document-int8").path)
    with pytest.raises(FileAccessError, match=r"none\.json is missing"):
        checkpoint.load_network(tmp_path / "none.onnx")
