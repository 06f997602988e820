"""Masks from folders, manifests and the generator."""

import json
import logging

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import FileAccessError, InputFileError
from bokwon.synthesis.masks.dataset import MaskSet, make_set
from bokwon.training.config import DataConfig
from bokwon.training.data.crops import Crops
from bokwon.training.data.masks import HoleFiles, open_holes, read_manifest


def _rng(seed=0):
    return np.random.default_rng(seed)


def _crops(pictures, count=12, seed=3, **changes):
    return Crops(DataConfig(**{"images": (str(pictures),), "crop": 32, **changes}), count, seed)


def _mask(path, ratio=0.25, size=64):
    hole = np.zeros((size, size), np.uint8)
    hole[: round(size * ratio)] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(hole).save(path)


def test_masks_come_from_folders_white_is_hole(tmp_path, pictures):
    _mask(tmp_path / "masks" / "a.png", 0.25, 32)
    holes = open_holes(str(tmp_path / "masks"), DataConfig(crop=32))
    assert holes.draw(_rng()).mean() == 0.25
    image, valid = _crops(pictures, masks=(str(tmp_path / "masks"),))[0]
    assert valid.mean().item() == pytest.approx(0.75)
    assert image.shape[1:] == valid.shape[1:]


@pytest.mark.parametrize("size", [20, 32, 100])
def test_masks_of_any_size_are_cut_or_repeated_and_stay_binary(tmp_path, size):
    _mask(tmp_path / "a.png", 0.3, size)
    source = HoleFiles([tmp_path / "a.png"], 32, 0.9)
    for seed in range(20):
        hole = source.draw(_rng(seed))
        assert hole.shape == (32, 32)
        assert hole.dtype == np.bool_


def test_islands_of_known_pixels_stay_in_the_holes(tmp_path):
    _mask(tmp_path / "a.png", 0.3, 64)
    whole = HoleFiles([tmp_path / "a.png"], 64, 0.9)
    pitted = HoleFiles([tmp_path / "a.png"], 64, 0.9, islands=1.0)
    smaller = 0
    for seed in range(20):
        hole, holed = whole.draw(_rng(seed)), pitted.draw(_rng(seed))
        assert not (holed & ~hole).any()
        smaller += bool(holed.sum() < hole.sum())
    assert smaller > 10


def test_manifests_tell_which_masks_fit(tmp_path):
    make_set(tmp_path / "set", MaskSet(count=24, size=(64, 64)))
    manifest = tmp_path / "set" / "manifest.jsonl"
    ratios = {json.loads(line)["file"]: json.loads(line)["ratio"] for line in manifest.read_text().splitlines()}
    chosen = read_manifest(manifest, 0.3)
    assert {str(path.relative_to(tmp_path / "set")) for path in chosen} == {f for f, r in ratios.items() if r <= 0.3}
    for place in (manifest, tmp_path / "set"):
        holes = open_holes(str(place), DataConfig(crop=64, max_ratio=0.3))
        assert all(0.005 < holes.draw(_rng(seed)).mean() <= 0.3 for seed in range(10))


def test_a_damaged_manifest_is_refused_by_line(tmp_path):
    (tmp_path / "manifest.jsonl").write_text('{"file": "a.png", "ratio": 0.1}\n{"file": ')
    with pytest.raises(InputFileError, match="line 2"):
        read_manifest(tmp_path / "manifest.jsonl", 0.5)
    (tmp_path / "manifest.jsonl").write_text('{"file": "a.png", "ratio": 0.9}\n')
    with pytest.raises(InputFileError, match="up to"):
        read_manifest(tmp_path / "manifest.jsonl", 0.5)
    with pytest.raises(FileAccessError, match="missing"):
        open_holes(str(tmp_path / "none.jsonl"), DataConfig(crop=32))


def test_files_that_are_no_masks_are_reported_and_left_out(tmp_path, caplog):
    _mask(tmp_path / "a.png")
    Image.new("L", (64, 64), 128).save(tmp_path / "gray.png")
    (tmp_path / "broken.png").write_bytes(b"no")
    source = open_holes(str(tmp_path), DataConfig(crop=32))
    with caplog.at_level(logging.WARNING):
        for seed in range(20):
            assert source.draw(_rng(seed)).any()
    assert sorted(message.split("/")[-1].split(" ")[0] for message in caplog.messages) == ["broken.png", "gray.png"]


def test_masks_that_are_all_hole_are_refused(tmp_path):
    _mask(tmp_path / "a.png", 1.0)
    with pytest.raises(InputFileError, match="white is the hole"):
        open_holes(str(tmp_path), DataConfig(crop=32)).draw(_rng())


def test_masks_are_mixed_by_weight(tmp_path, pictures):
    _mask(tmp_path / "m" / "a.png", 0.5, 32)
    crops = _crops(pictures, 60, masks=(str(tmp_path / "m"), "generated"), mask_weights=(1, 0))
    assert {round(crops[index][1].mean().item(), 3) for index in range(60)} == {0.5}
