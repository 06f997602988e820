"""Scenes on disk, and the crops that are cut from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bokwon.errors import ArgumentError, FileAccessError
from bokwon.training.detection import SceneCrops, ScenesConfig, augment, make_scenes


def test_scenes_are_made_once(scenes: list[Path], scenes_config: ScenesConfig) -> None:
    folder = scenes[0].parent
    made = scenes[0].stat().st_mtime_ns
    assert make_scenes(scenes_config, folder) == scenes
    assert scenes[0].stat().st_mtime_ns == made
    with pytest.raises(ArgumentError, match="other settings"):
        make_scenes(replace(scenes_config, size=128), folder)


def test_more_scenes_go_into_further_files(
    scenes: list[Path], scenes_config: ScenesConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bokwon.training.detection.scene_files._SHARD", 2)
    files = make_scenes(scenes_config, tmp_path)
    assert [file.name for file in files] == ["0000.npz", "0001.npz"]
    first, second = (np.load(file)["images"] for file in files)
    assert first.shape == (2, 96, 96, 3)
    assert second.shape == (1, 96, 96, 3)
    # Scene 0 of file 0 is the same however many lie beside it, and another than scene 0 of file 1.
    assert (first == np.load(scenes[0])["images"][:2]).all()
    assert (first[0] != second[0]).any()


def test_a_folder_that_cannot_be_made_is_named(scenes_config: ScenesConfig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileAccessError, match="file/scenes cannot be used"):
        make_scenes(scenes_config, tmp_path / "file/scenes")


def test_every_scene_of_every_file_is_cut_from(tmp_path: Path) -> None:
    # Each scene has a label of its own: 1 and 2 in the first file, 3 in the second.
    files = []
    for name, values in (("a", [1, 2]), ("b", [3])):
        files.append(tmp_path / f"{name}.npz")
        labels = np.array(values, np.uint8)[:, None, None] * np.ones((1, 40, 40), np.uint8)
        np.savez(files[-1], images=np.zeros((len(values), 40, 40, 3), np.uint8), labels=labels)
    crops = SceneCrops(files, 40, 32, 0)
    assert len(crops) == 40
    drawn = [crops[number][1].unique().tolist() for number in range(len(crops))]
    assert all(len(values) == 1 for values in drawn)
    assert {values[0] for values in drawn} == {1, 2, 3}


def test_crops_depend_on_seed_and_number_alone(scenes: list[Path]) -> None:
    crops = SceneCrops(scenes, 10, 64, 0)
    image, labels = crops[7]
    again, same = SceneCrops(scenes, 20, 64, 0)[7]
    assert image.shape == (3, 64, 64)
    assert labels.shape == (64, 64)
    assert 0 <= float(image.min()) <= float(image.max()) <= 1
    assert torch.equal(image, again)
    assert torch.equal(labels, same)
    assert not torch.equal(image, crops[8][0])


def test_labels_move_with_the_image() -> None:
    image = np.zeros((96, 96, 3), np.uint8)
    image[20:50, 30:70] = 255
    labels = np.where(image[..., 0] > 0, 2, 0).astype(np.uint8)
    agreeing = []
    for number in range(30):
        pixels, classes = augment(np.random.default_rng(number), image, labels, 64)
        bright = pixels.mean(-1) > 127
        agreeing.append((bright == (classes == 2)).mean())
    # A negative now and then disagrees everywhere.
    assert np.median(agreeing) > 0.98
