from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bokwon.errors import InputFileError
from bokwon.inpaint.models import Model, find_model
from bokwon.inpaint.runtime_facts import LowPass
from bokwon.provenance.evidence import KERNELS, encoder_of, evidence_levels, shrink_hole


def naive_shrink(missing: np.ndarray, size: int) -> np.ndarray:
    """One layer's update of the mask, window by window."""
    height, width = missing.shape
    reach = size // 2
    out = np.ones((-(-height // 2), -(-width // 2)), bool)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            rows = slice(max(0, 2 * y - reach), 2 * y + reach + 1)
            columns = slice(max(0, 2 * x - reach), 2 * x + reach + 1)
            out[y, x] = missing[rows, columns].all()
    return out


@pytest.mark.parametrize("shape", [(64, 64), (61, 47), (1, 9)])
def test_shrinking_is_the_update_of_the_mask(shape: tuple[int, int]) -> None:
    missing = np.random.default_rng(1).random(shape) < 0.97
    still = missing
    for size, layer in zip(KERNELS, shrink_hole(missing), strict=True):
        still = naive_shrink(still, size)
        np.testing.assert_array_equal(layer, still)


def test_levels_by_hand() -> None:
    # 3 x 3 kernels: the known pixel at 0 reaches cell 0 of layer 1 (pixels 0-1) and, as its window holds pixel 1 only,
    # not cell 1; cell 0 of layer 2 is pixels 0-3, and so on by powers of two.
    missing = np.ones((1, 16), bool)
    missing[0, 0] = False
    levels = evidence_levels(missing, kernels=(3, 3, 3))
    assert levels.tolist() == [[0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4]]


def test_levels_grow_towards_the_middle_of_a_hole_and_are_zero_outside() -> None:
    missing = np.zeros((512, 512), bool)
    missing[156:356, 156:356] = True
    levels = evidence_levels(missing)
    assert (levels[~missing] == 0).all()
    assert levels[missing].min() == 1
    middle = levels[256, 156:257].astype(int)
    assert (np.diff(middle) >= 0).all()
    assert middle[-1] > middle[0]
    assert levels.max() <= len(KERNELS)


def test_where_nothing_is_known_no_layer_reaches() -> None:
    assert (evidence_levels(np.ones((300, 20), bool)) == len(KERNELS) + 1).all()


def model(card: dict[str, object] | None) -> Model:
    return Model("mine", Path("mine.onnx"), card)


@pytest.mark.parametrize(
    ("card", "kernels", "source"),
    [
        ({"kernels": [9, 3]}, (9, 3), "kernels on the model's card"),
        ({"network": {"kernels": [5], "levels": 4}}, (5,), "kernels on the model's card"),
        ({"network": {"levels": 2}}, (7, 5), "2 levels on the model's card, with the kernels of a PConvUNet"),
        ({"architecture": {"levels": 5}}, (7, 5, 5, 3, 3), "5 levels on the model's card, with the kernels of"),
        ({"network": {}}, KERNELS, "default: model mine has a card that does not tell"),
        (None, KERNELS, "default: model mine has no card"),
    ],
)
def test_kernels_are_those_of_the_card(card: dict[str, object] | None, kernels: tuple[int, ...], source: str) -> None:
    found = encoder_of(model(card))
    assert found.kernels == kernels
    assert found.source.startswith(source)


def test_a_lone_pixel_is_no_evidence_to_a_network_with_a_base() -> None:
    missing = np.zeros((256, 256), bool)
    missing[64:192, 64:192] = True
    missing[128, 128] = False
    beside = (128, 129)
    assert evidence_levels(missing)[beside] == 1
    levels = evidence_levels(missing, dense=LowPass())
    assert levels[beside] == evidence_levels(_whole(missing))[beside] > 3
    assert levels[128, 128] == 0
    assert (levels[~missing] == 0).all()


def _whole(missing: np.ndarray) -> np.ndarray:
    filled = missing.copy()
    filled[128, 128] = True
    return filled


def test_a_low_pass_counts_where_the_card_tells_no_layers() -> None:
    found = encoder_of(model({"network": {"base": "lowpass"}}))
    assert found.kernels == KERNELS
    assert found.dense == LowPass()


def test_the_shipped_card_tells_its_layers() -> None:
    found = encoder_of(find_model("document"))
    assert found.kernels == (7, 5, 5, 3, 3, 3, 3)
    assert "on the model's card" in found.source
    assert found.dense
    assert not encoder_of(None).dense
    assert encoder_of(None).source.startswith("default: a classical method")


@pytest.mark.parametrize("kernels", [[2], [], ["3"], "333", [3, -1], [True]])
def test_kernels_that_make_no_sense_are_an_error(kernels: object) -> None:
    with pytest.raises(InputFileError, match="no list of odd numbers"):
        encoder_of(model({"kernels": kernels}))
