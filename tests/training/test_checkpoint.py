"""Checkpoints: written whole, kept in number, and refused when damaged."""

import json

import pytest
import torch
from safetensors.torch import load_file

from bokwon.errors import FileAccessError, InputFileError
from bokwon.nn.unet import PConvUNet
from bokwon.training import checkpoint


def _save(run, step, **options):
    network = PConvUNet(levels=2, width=2, **options)
    folder = run / f"step_{step:06d}"
    checkpoint.save(folder, network, {"step": step}, {"some": torch.ones(2)})
    return folder, network


def test_what_is_saved_is_loaded(tmp_path):
    folder, network = _save(tmp_path, 3, layer="conv", placeholder="zero")
    loaded, description = checkpoint.load_network(folder)
    assert description["step"] == 3
    assert loaded.config == network.config
    assert not loaded.training
    for name, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    _, weights, state = checkpoint.read(folder)
    assert set(weights) == set(network.state_dict())
    assert torch.equal(state["some"], torch.ones(2))


def test_a_run_s_folder_stands_for_its_newest_checkpoint(tmp_path):
    for step in (5, 20, 100):
        _save(tmp_path, step)
    assert checkpoint.latest(tmp_path).name == "step_000100"
    assert checkpoint.load_network(tmp_path)[1]["step"] == 100


def test_the_first_format_is_still_read(tmp_path):
    folder, network = _save(tmp_path, 1)
    network_entry = {"levels": 2, "width": 2, "max_width": None, "base": "none"}
    (folder / "config.json").write_text(json.dumps({"format": 1, "network": network_entry, "step": 1}))
    assert checkpoint.load_network(folder)[0].config == network.config


def test_only_the_newest_are_kept_and_leftovers_go(tmp_path):
    for step in range(1, 6):
        _save(tmp_path, step)
    (tmp_path / "step_000009.part").mkdir()
    (tmp_path / "other").mkdir()
    checkpoint.prune(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "step_000004", "step_000005"]


def test_what_float16_cannot_hold_stays_float32(tmp_path):
    network = PConvUNet(levels=2, width=2)
    variance = network.encoder[1].norm.running_var
    variance[:] = torch.tensor([3.0, 70_000.0, 65_504.0, 0.5])
    checkpoint.save_weights(tmp_path / "weights.safetensors", network, torch.float16)
    stored = load_file(tmp_path / "weights.safetensors")
    assert torch.equal(stored.pop("encoder.1.norm.running_var"), variance)
    assert {tensor.dtype for name, tensor in stored.items() if "num_batches" not in name} == {torch.float16}


def test_a_failed_write_leaves_the_older_one_whole(tmp_path, monkeypatch):
    folder, network = _save(tmp_path, 1)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.torch, "save", fail)
    with pytest.raises(FileAccessError, match="No space left"):
        checkpoint.save(folder, network, {"step": 1}, {"some": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["step_000001"]
    monkeypatch.undo()
    assert checkpoint.read(folder)[0]["step"] == 1


def test_an_older_one_of_the_same_step_is_replaced(tmp_path):
    _save(tmp_path, 1)
    folder, network = _save(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["step_000001"]
    weight = checkpoint.load_network(folder)[0].encoder[0].conv.weight
    assert torch.equal(weight, network.encoder[0].conv.weight)


@pytest.mark.parametrize("name", ["weights.safetensors", "state.pt"])
@pytest.mark.parametrize("how", ["cut", "flipped", "gone"])
def test_a_damaged_part_is_refused_by_name(tmp_path, name, how):
    folder, _ = _save(tmp_path, 1)
    path = folder / name
    content = bytearray(path.read_bytes())
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "flipped":
        # In the middle of the tensors, where no parser notices.
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
    else:
        path.unlink()
    with pytest.raises(FileAccessError if how == "gone" else InputFileError, match=name):
        checkpoint.read(folder)


def test_damage_is_found_without_digests_too(tmp_path):
    folder, _ = _save(tmp_path, 1)
    description = json.loads((folder / "config.json").read_text())
    del description["sha256"]
    (folder / "config.json").write_text(json.dumps(description))
    for name in ("state.pt", "weights.safetensors"):
        path = folder / name
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(InputFileError, match=name):
            checkpoint.read(folder)


@pytest.mark.parametrize(
    ("text", "word"),
    [("{", "damaged"), ("[]", "damaged"), ("{}", "describe"), ('{"network": {"levels": 99}}', "describe")],
)
def test_a_description_that_is_none_is_refused(tmp_path, text, word):
    folder, _ = _save(tmp_path, 1)
    (folder / "config.json").write_text(text)
    with pytest.raises(InputFileError, match=word):
        checkpoint.load_network(folder)


def test_weights_of_another_network_are_refused(tmp_path):
    folder, _ = _save(tmp_path, 1)
    other = tmp_path / "other"
    checkpoint.save(other, PConvUNet(levels=2, width=3), {})
    (folder / "weights.safetensors").write_bytes((other / "weights.safetensors").read_bytes())
    description = json.loads((folder / "config.json").read_text())
    description["sha256"] = {}
    (folder / "config.json").write_text(json.dumps(description))
    with pytest.raises(InputFileError, match="another network"):
        checkpoint.load_network(folder)


def test_nothing_there_says_what_is_missing(tmp_path):
    with pytest.raises(FileAccessError, match=r"config\.json is missing"):
        checkpoint.load_network(tmp_path)


def test_half_precision_weights_with_a_card(tmp_path):
    network = PConvUNet(levels=2, width=2)
    checkpoint.save_weights(tmp_path / "model.safetensors", network, torch.float16)
    card = {"network": {"levels": 2, "width": 2}, "sha256": "of the ONNX file"}
    (tmp_path / "model.json").write_text(json.dumps(card))
    loaded, _ = checkpoint.load_network(tmp_path / "model.safetensors")
    weight = network.encoder[0].conv.weight
    assert torch.equal(loaded.encoder[0].conv.weight, weight.half().float())
