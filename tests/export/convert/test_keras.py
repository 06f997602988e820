"""Weights in HDF5: layers by order, whatever numbers the session gave them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch
from torch import Tensor

from bokwon.errors import InputFileError, MissingDependencyError
from bokwon.export.convert import LAYOUTS, to_network
from bokwon.export.convert.keras import read_keras


def _network(path: Path) -> Any:
    return to_network(LAYOUTS["keras"], read_keras(path), path)


def test_numbers_may_begin_anywhere(later_keras: Any, known: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    later_keras.save(later_keras.state, tmp_path / "a.h5")
    image, mask = known
    expected = later_keras.forward(later_keras.state, image, mask)
    with torch.no_grad():
        torch.testing.assert_close(_network(tmp_path / "a.h5")(image, mask), expected, atol=1e-4, rtol=0)


def test_a_whole_model_is_read_like_its_weights(published: dict[str, Any], tmp_path: Path) -> None:
    theirs = published["keras"]
    theirs.save(theirs.state, tmp_path / "weights.h5")
    # model.save(), and one of several GPUs, whose layers lie in a group of their own.
    for prefix in ("model_weights", "model_1"):
        theirs.save({f"{prefix}/{name}": value for name, value in theirs.state.items()}, tmp_path / "model.h5")
        with h5py.File(tmp_path / "model.h5", "a") as file:
            file["optimizer_weights/Adam/p_conv2d_1/img_kernel:0"] = 7
        expected = _network(tmp_path / "weights.h5").state_dict()
        torch.testing.assert_close(_network(tmp_path / "model.h5").state_dict(), expected)


def test_normalisations_that_all_have_the_same_name_are_taken_in_order(
    published: dict[str, Any], tmp_path: Path
) -> None:
    theirs = published["keras"]
    names = [*(f"EncBN{n}" for n in range(1, 8)), *(f"batch_normalization_{n}" for n in range(1, 8))]
    renamed = {}
    for name, value in theirs.state.items():
        layer, _, part = name.split("/")
        layer = f"batch_normalization_{names.index(layer) + 1}" if layer in names else layer
        renamed[f"{layer}/{layer}/{part}"] = value
    theirs.save(theirs.state, tmp_path / "a.h5")
    theirs.save(renamed, tmp_path / "b.h5")
    expected = _network(tmp_path / "a.h5").state_dict()
    torch.testing.assert_close(_network(tmp_path / "b.h5").state_dict(), expected)


def test_every_array_that_counts_is_missed_by_name(published: dict[str, Any], tmp_path: Path) -> None:
    state = published["keras"].state
    for name in state:
        layer, _, part = name.split("/")
        (tmp_path / "a.h5").unlink(missing_ok=True)
        published["keras"].save({key: value for key, value in state.items() if key != name}, tmp_path / "a.h5")
        with pytest.raises(InputFileError, match=f"{layer}/{part.split(':')[0]} is missing"):
            read_keras(tmp_path / "a.h5")


def test_the_first_layer_may_have_no_number(published: dict[str, Any], tmp_path: Path) -> None:
    # As Keras of TensorFlow 2 counts: p_conv2d, p_conv2d_1 and so on.
    def renamed(name: str) -> str:
        layer, _, part = name.split("/")
        kind, _, number = layer.rpartition("_")
        if kind in ("p_conv2d", "batch_normalization"):
            layer = kind if number == "1" else f"{kind}_{int(number) - 1}"
        return f"{layer}/{layer}/{part}"

    theirs = published["keras"]
    theirs.save(theirs.state, tmp_path / "a.h5")
    theirs.save({renamed(name): value for name, value in theirs.state.items()}, tmp_path / "b.h5")
    expected = _network(tmp_path / "a.h5").state_dict()
    torch.testing.assert_close(_network(tmp_path / "b.h5").state_dict(), expected)
    short = {renamed(name): value for name, value in theirs.state.items() if not name.startswith("p_conv2d_16/")}
    theirs.save(short, tmp_path / "c.h5")
    with pytest.raises(InputFileError, match="p_conv2d_15 is missing"):
        read_keras(tmp_path / "c.h5")


@pytest.mark.parametrize("layer", ["p_conv2d_16", "p_conv2d_1", "EncBN3", "batch_normalization_7", "outputs_img"])
def test_a_layer_that_is_missing_is_named(layer: str, published: dict[str, Any], tmp_path: Path) -> None:
    state = {name: value for name, value in published["keras"].state.items() if not name.startswith(f"{layer}/")}
    published["keras"].save(state, tmp_path / "a.h5")
    with pytest.raises(InputFileError, match=f"{layer}.* is missing"):
        read_keras(tmp_path / "a.h5")


def test_files_of_other_networks_are_refused(published: dict[str, Any], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "vgg.h5", "w") as file:
        file["block1_conv1/block1_conv1/kernel:0"] = torch.zeros(3, 3, 3, 64).numpy()
    with pytest.raises(InputFileError, match="p_conv2d_1 is missing"):
        read_keras(tmp_path / "vgg.h5")
    state = {**published["keras"].state, "p_conv2d_17/p_conv2d_17/bias:0": torch.zeros(3)}
    published["keras"].save(state, tmp_path / "more.h5")
    with pytest.raises(InputFileError, match="17 layers p_conv2d in place of 16"):
        read_keras(tmp_path / "more.h5")


def test_without_h5py_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'bokwon\[train,keras\]'"):
        read_keras(tmp_path / "a.h5")
