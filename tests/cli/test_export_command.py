"""`bokwon export`, through the real command."""

import hashlib
import json
import subprocess
import sys

import pytest
import torch

from bokwon.nn.unet import PConvUNet
from bokwon.training import checkpoint


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("run") / "step_000007"
    network = PConvUNet(levels=4, width=4, base="lowpass").eval()
    checkpoint.save(folder, network, {"step": 7, "images_seen": 56})
    return folder


def _export(*arguments):
    command = [sys.executable, "-m", "bokwon", "export", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_writes_model_card_and_weights(saved, tmp_path):
    extra = tmp_path / "extra.json"
    extra.write_text('{"licence": "CC0-1.0"}')
    done = _export(saved.parent, tmp_path / "tiny.onnx", "--weights", "--card", extra)
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "tiny.json").read_text())
    assert card["sha256"] == hashlib.sha256((tmp_path / "tiny.onnx").read_bytes()).hexdigest()
    assert card["architecture"]["levels"] == 4
    assert card["licence"] == "CC0-1.0"
    assert card["trained"]["step"] == 7
    network, _ = checkpoint.load_network(tmp_path / "tiny.safetensors")
    first, _ = checkpoint.load_network(saved)
    torch.testing.assert_close(network.state_dict(), first.state_dict(), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("output", "code", "says"),
    [("model.bin", 1, "end in .onnx"), ("missing/model.onnx", 5, "is missing")],
)
def test_refuses_a_bad_output(saved, tmp_path, call, output, code, says):
    done = call("export", saved, tmp_path / output)
    assert done.returncode == code
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_checkpoint_that_is_missing_or_damaged(saved, tmp_path, call):
    done = call("export", tmp_path / "none", tmp_path / "m.onnx")
    assert (done.returncode, "is missing" in done.stderr) == (5, True)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_bytes((saved / "config.json").read_bytes())
    (broken / "weights.safetensors").write_bytes((saved / "weights.safetensors").read_bytes()[:500])
    done = call("export", broken, tmp_path / "m.onnx")
    assert (done.returncode, "damaged" in done.stderr) == (2, True)
    assert not (tmp_path / "m.onnx").exists()


def test_mixes_the_weights_of_several_checkpoints(saved, tmp_path, call):
    first, _ = checkpoint.load_network(saved)
    other = PConvUNet(levels=4, width=4, base="lowpass").eval()
    checkpoint.save(tmp_path / "other", other, {"step": 3})
    done = call("export", saved, tmp_path / "mean.onnx", "--weights", "--mix", f"{tmp_path / 'other'}=0.25")
    assert done.returncode == 0, done.stderr
    mean, description = checkpoint.load_network(tmp_path / "mean.safetensors")
    for name, value in mean.state_dict().items():
        if value.is_floating_point():
            expected = 0.75 * first.state_dict()[name] + 0.25 * other.state_dict()[name]
            torch.testing.assert_close(value, expected, atol=1e-3, rtol=1e-3)
    assert description["trained"]["mix"] == [{"checkpoint": str(tmp_path / "other"), "share": 0.25}]


@pytest.mark.parametrize(
    ("shares", "code", "says"),
    [
        (["other"], 1, "CHECKPOINT=SHARE"),
        (["other=1.5"], 1, "CHECKPOINT=SHARE"),
        (["other=0.6", "other=0.4"], 1, "add up to less than 1"),
        (["other=0.7", "other=0.2", "other=0.1"], 1, "add up to less than 1"),
        (["nowhere=0.4"], 5, "is missing"),
        (["wide=0.4"], 2, "network.width"),
    ],
)
def test_refuses_shares_that_make_no_mean(saved, tmp_path, call, shares, code, says):
    for name, width in (("other", 4), ("wide", 8)):
        checkpoint.save(tmp_path / name, PConvUNet(levels=4, width=width, base="lowpass"), {"step": 3})
    options = [word for share in shares for word in ("--mix", f"{tmp_path}/{share}")]
    done = call("export", saved, tmp_path / "mean.onnx", *options)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert says in done.stderr
    assert not (tmp_path / "mean.onnx").exists()
