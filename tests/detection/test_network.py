"""The detection network: order and size of its maps, and model files that are refused."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bokwon.detection.kinds import KINDS
from bokwon.detection.network import DetectionNetwork
from bokwon.errors import InputFileError

MISSING, TEAR, SCRATCH = (KINDS.index(kind) for kind in ("missing paper", "tear", "scratch"))


def test_every_kind_has_its_map(colour_key: Path) -> None:
    # Sides of 50 and 70 are padded to 64 and 96, and what was added is cut off.
    image = np.full((50, 70, 3), 255, np.uint8)
    image[:, 60:] = (0, 0, 255)
    image[40:, :60] = (255, 0, 0)
    image[:5, :5] = 0
    found = DetectionNetwork(colour_key, threads=1).run(image)
    assert (found.kinds.shape, found.surroundings.shape, found.scale) == ((8, 50, 70), (50, 70), 1.0)
    assert found.kinds.dtype == found.surroundings.dtype == np.float32
    wanted = np.zeros((8, 50, 70))
    wanted[SCRATCH, :, 60:] = 1
    wanted[MISSING, 40:, :60] = 1
    assert found.kinds == pytest.approx(wanted, abs=1e-6)
    around = np.zeros((50, 70))
    around[:5, :5] = 1
    assert found.surroundings == pytest.approx(around, abs=1e-6)


def test_pixels_go_in_from_0_to_1(colour_key: Path) -> None:
    # The model's logits of this red: 40 * 128 / 255 - 20 for missing paper, 0 for sound, -20 and less for all others.
    found = DetectionNetwork(colour_key).run(np.full((32, 32, 3), (128, 0, 0), np.uint8))
    assert found.kinds[MISSING] == pytest.approx(1 / (1 + math.exp(20 - 40 * 128 / 255)), abs=1e-5)


def test_large_pages_are_made_smaller(tmp_path: Path, write_colour_key: Callable[..., Path]) -> None:
    network = DetectionNetwork(write_colour_key(tmp_path / "small.onnx", longest_side=64))
    image = np.full((100, 50, 3), 255, np.uint8)
    image[50:] = (255, 0, 0)
    found = network.run(image)
    assert found.scale == 0.64
    assert found.kinds[MISSING].shape == (64, 32)
    assert found.kinds[MISSING, 33:].min() > 0.999
    assert found.kinds[MISSING, :31].max() < 0.001


def test_the_card_says_which_channel_is_which(tmp_path: Path, write_colour_key: Callable[..., Path]) -> None:
    swapped = ["sound", "surroundings", "tear", "missing paper", *KINDS[2:]]
    path = write_colour_key(tmp_path / "swapped.onnx", classes=swapped)
    network = DetectionNetwork(path)
    found = network.run(np.full((32, 32, 3), (255, 0, 0), np.uint8))
    assert found.kinds[TEAR].min() > 0.999
    assert found.kinds[MISSING].max() < 0.001
    assert network.name == "swapped"
    assert network.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert network.card["classes"] == swapped


@pytest.mark.parametrize("classes", [None, ["sound", "surroundings", "tear"], list(KINDS)])
def test_cards_that_lack_classes_are_refused(
    tmp_path: Path, write_colour_key: Callable[..., Path], classes: list[str] | None
) -> None:
    path = write_colour_key(tmp_path / "other.onnx", classes=classes)
    with pytest.raises(InputFileError, match=r"other\.onnx does not find damage"):
        DetectionNetwork(path)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path, write_colour_key: Callable[..., Path]) -> None:
    path = write_colour_key(tmp_path / "broken.onnx")
    path.write_bytes(b"no model")
    card = json.loads(path.with_suffix(".json").read_text())
    card["sha256"] = hashlib.sha256(b"no model").hexdigest()
    path.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(InputFileError, match=r"broken\.onnx cannot be run"):
        DetectionNetwork(path)
