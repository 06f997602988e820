"""Converted checkpoints compute what the implementations they are from compute."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from bokwon.errors import ArgumentError, FileAccessError, InputFileError, OutputExistsError
from bokwon.export.convert import LAYOUTS, convert_checkpoint
from bokwon.training.checkpoint import load_network

NAMES = ("naoto0804", "mmagic", "xyfJASON", "ja3067", "keras")


def test_every_layout_is_tested() -> None:
    assert tuple(LAYOUTS) == NAMES


@pytest.mark.parametrize("layout", NAMES)
def test_the_network_computes_what_the_published_one_computes(
    layout: str, published: dict[str, Any], known: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    theirs, (image, mask) = published[layout], known
    assert len(theirs.state) == theirs.keys
    source = tmp_path / "published.bin"
    theirs.save(theirs.state, source)
    expected = theirs.forward(theirs.state, image, mask)
    hole = (mask == 0).expand_as(image)
    # It would agree with anything if it were flat.
    assert float(expected[hole].std()) > 0.02
    convert_checkpoint(layout, source, tmp_path / "checkpoint")
    network, _ = load_network(tmp_path / "checkpoint")
    with torch.no_grad():
        torch.testing.assert_close(network(image, mask), expected, atol=1e-4, rtol=0)
    convert_checkpoint(layout, source, tmp_path / "model.onnx", half=False)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (restored,) = session.run(None, {"image": image.numpy(), "valid": mask.numpy()})
    np.testing.assert_allclose(restored, expected.numpy(), atol=1e-4)


def test_float16_storage_changes_little_where_their_weights_are_tiny_in_our_units(
    published: dict[str, Any], known: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    theirs, (image, mask) = published["naoto0804"], known
    theirs.save(theirs.state, tmp_path / "published.pth")
    convert_checkpoint("naoto0804", tmp_path / "published.pth", tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (restored,) = session.run(None, {"image": image.numpy(), "valid": mask.numpy()})
    expected = theirs.forward(theirs.state, image, mask).numpy()
    assert np.abs(restored - expected).max() < 0.01 * np.abs(expected).max()


def test_outputs_are_written_with_a_card_that_says_where_they_are_from(
    published: dict[str, Any], tmp_path: Path
) -> None:
    source = tmp_path / "iter_9.pth"
    published["mmagic"].save(published["mmagic"].state, source)
    convert_checkpoint("mmagic", source, tmp_path / "model.onnx", licence="Apache-2.0")
    convert_checkpoint("mmagic", source, tmp_path / "weights.safetensors")
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["licence"] == "Apache-2.0"
    assert card["converted"] == {
        "layout": "mmagic",
        "repository": "https://github.com/open-mmlab/mmagic",
        "file": "iter_9.pth",
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
    }
    assert card["value_range"] == [0.0, 1.0]
    assert card["sha256"] == hashlib.sha256((tmp_path / "model.onnx").read_bytes()).hexdigest()
    assert card["network"]["mean"] == [0.5, 0.5, 0.5]
    card = json.loads((tmp_path / "weights.json").read_text())
    assert card["licence"] == "unknown"
    network, _ = load_network(tmp_path / "weights.safetensors")
    theirs = published["mmagic"].state["generator.encoder.enc2.conv.weight"]
    assert torch.equal(network.encoder[1].conv.weight, theirs)


def test_what_is_there_is_not_replaced(published: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "a.pth"
    published["mmagic"].save(published["mmagic"].state, source)
    (tmp_path / "model.json").write_text("mine")
    (tmp_path / "run").mkdir()
    for output in ("model.onnx", "model.safetensors", "run"):
        with pytest.raises(OutputExistsError, match="already exists"):
            convert_checkpoint("mmagic", source, tmp_path / output)
    assert (tmp_path / "model.json").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pth", "model.json", "run"]


class _Bomb:
    """Runs a program when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_no_code_of_a_checkpoint_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    torch.save({"model": _Bomb(trace)}, tmp_path / "zip.pth")
    (tmp_path / "old.pth").write_bytes(pickle.dumps(_Bomb(trace)))
    for name in ("zip.pth", "old.pth"):
        with pytest.raises(InputFileError, match="without running code"):
            convert_checkpoint("naoto0804", tmp_path / name, tmp_path / "out")
    assert not trace.exists()
    assert not (tmp_path / "out").exists()


def test_files_that_hold_no_checkpoint_are_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.pth").write_bytes(bytes(range(256)) * 40)
    torch.save([torch.zeros(3)], tmp_path / "list.pth")
    with pytest.raises(InputFileError, match=r"noise\.pth cannot be read"):
        convert_checkpoint("mmagic", tmp_path / "noise.pth", tmp_path / "out")
    with pytest.raises(InputFileError, match="holds a list"):
        convert_checkpoint("mmagic", tmp_path / "list.pth", tmp_path / "out")
    with pytest.raises(InputFileError, match="cannot be read as HDF5"):
        convert_checkpoint("keras", tmp_path / "noise.pth", tmp_path / "out")
    with pytest.raises(FileAccessError, match="is missing"):
        convert_checkpoint("mmagic", tmp_path / "none.pth", tmp_path / "out")
    with pytest.raises(FileAccessError, match="is a folder"):
        convert_checkpoint("mmagic", tmp_path, tmp_path / "out")
    with pytest.raises(FileAccessError, match="nowhere is missing"):
        convert_checkpoint("mmagic", tmp_path / "list.pth", tmp_path / "nowhere" / "out")
    with pytest.raises(ArgumentError, match="naoto0804, mmagic"):
        convert_checkpoint("caffe", tmp_path / "list.pth", tmp_path / "out")
