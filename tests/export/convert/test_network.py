"""What is no whole checkpoint of a layout is refused by the tensor that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from bokwon.errors import InputFileError
from bokwon.export.convert import LAYOUTS, to_network

TORCH = ("naoto0804", "mmagic", "xyfJASON", "ja3067")


@pytest.mark.parametrize("layout", TORCH)
def test_every_tensor_that_counts_is_missed_by_name(layout: str, published: dict[str, Any]) -> None:
    state = published[layout].state
    needless = ("mask_conv.weight", "mask_conv_weight", "weight_mask_updater", "num_batches_tracked", "vgg.mean")
    needed = [name for name in state if not name.endswith(needless)]
    assert len(needed) > 60
    for name in needed:
        partial = {key: value for key, value in state.items() if key != name}
        with pytest.raises(InputFileError) as refused:
            to_network(LAYOUTS[layout], partial, Path("part.pth"))
        shown = name.removeprefix("module.").removeprefix("generator.")
        # Of the deepest level's encoder kernel the decoder's is left, and so on: that key is named and no other.
        assert f"{shown} is missing" in str(refused.value)
        assert "part.pth" in str(refused.value)
    for name in set(state) - set(needed):
        to_network(LAYOUTS[layout], {key: value for key, value in state.items() if key != name}, Path("part.pth"))


@pytest.mark.parametrize("layout", TORCH)
@pytest.mark.parametrize("other", TORCH)
def test_checkpoints_of_another_layout_are_refused(layout: str, other: str, published: dict[str, Any]) -> None:
    if layout == other:
        to_network(LAYOUTS[layout], published[other].state, Path("right.pth"))
        return
    with pytest.raises(InputFileError, match="is missing"):
        to_network(LAYOUTS[layout], published[other].state, Path("wrong.pth"))


def test_names_may_stand_behind_what_the_trainer_put_before_them(published: dict[str, Any]) -> None:
    state = published["mmagic"].state
    bare = {name.removeprefix("generator."): value for name, value in state.items() if name.startswith("generator.")}
    wrapped = {f"module.{name}": value for name, value in state.items()}
    expected = to_network(LAYOUTS["mmagic"], state, Path("a.pth")).state_dict()
    for names in (bare, wrapped):
        torch.testing.assert_close(to_network(LAYOUTS["mmagic"], names, Path("a.pth")).state_dict(), expected)


def test_other_depths_are_read_by_the_names(published: dict[str, Any]) -> None:
    state = {name: value for name, value in published["naoto0804"].state.items() if "_6." not in name}
    with pytest.raises(InputFileError, match=r"enc_6\.conv\.input_conv\.weight is missing"):
        to_network(LAYOUTS["naoto0804"], state, Path("a.pth"))
    network = to_network(
        LAYOUTS["naoto0804"], {name: value for name, value in state.items() if "_7." not in name}, Path("a.pth")
    )
    assert (network.config.levels, network.config.width) == (5, 4)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: {**state, "enc_3.conv.input_conv.bias": torch.zeros(16)}, "holds enc_3.conv.input_conv.bias"),
        (lambda state: {**state, "dec_4.bn.bias": torch.zeros(5)}, r"dec_4.bn.bias has the shape \(5,\)"),
        (lambda state: {**state, "enc_2.conv.input_conv.weight": torch.zeros(8)}, "kernels have four axes"),
        (
            lambda state: {**state, "enc_4.conv.input_conv.weight": torch.zeros(32, 16, 5, 5)},
            r"enc_4.* \(32, 16, 5, 5\)",
        ),
        (
            lambda state: {**state, "enc_2.bn.running_var": torch.full((8,), torch.nan)},
            "enc_2.bn.running_var .* finite",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named(change: Any, says: str, published: dict[str, Any]) -> None:
    with pytest.raises(InputFileError, match=says):
        to_network(LAYOUTS["naoto0804"], change(published["naoto0804"].state), Path("a.pth"))
