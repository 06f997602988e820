"""Sources, masks, crops and batches: the same items whatever prepares them, and bad files left out."""

import subprocess
import sys

import cv2
import numpy as np
import torch
from PIL import Image

from bokwon.training.config import DataConfig
from bokwon.training.data.crops import Batches, Crops, make_loader


def _flat(path, colour, size=(48, 40)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def _rng(seed=0):
    return np.random.default_rng(seed)


def _crops(pictures, count=12, seed=3, **changes):
    return Crops(DataConfig(**{"images": (str(pictures),), "crop": 32, **changes}), count, seed)


def test_items_are_images_and_masks(pictures):
    image, valid = _crops(pictures)[0]
    assert image.shape == (3, 32, 32)
    assert valid.shape == (1, 32, 32)
    assert 0 <= image.min() < image.max() <= 1
    assert set(valid.unique().tolist()) == {0.0, 1.0}
    assert 0.01 < 1 - valid.mean().item() <= 0.6


def test_an_item_depends_on_seed_and_number_alone(pictures):
    one, other = _crops(pictures), _crops(pictures, count=99)
    for index in (7, 0, 7):
        assert all(torch.equal(a, b) for a, b in zip(one[index], other[index], strict=True))
    assert not torch.equal(one[0][0], one[1][0])
    assert not torch.equal(one[0][1], _crops(pictures, seed=4)[0][1])


def test_an_engine_that_is_garbage_keeps_no_worker_from_starting(pictures):
    program = f"""
import gc
from bokwon import RestoreSettings, Restorer
from bokwon.training.data.crops import Batches, Crops, make_loader
from bokwon.training.config import DataConfig

class Collecting(Crops):
    def __getitem__(self, index):
        gc.collect()
        return super().__getitem__(index)

gc.disable()
held = [Restorer(RestoreSettings(engine="onnx", threads=2))]
held.append(held)
del held
crops = Collecting(DataConfig(images=({str(pictures)!r},), crop=32), 6, 1)
print(len(list(make_loader(crops, Batches(2, 3), 1))))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout == "2\n", done.stderr


def test_workers_change_nothing(pictures):
    # Threads of OpenCV in this process must not keep its workers from starting.
    cv2.setNumThreads(2)
    cv2.GaussianBlur(np.zeros((512, 512, 3), np.uint8), (31, 31), 0)
    alone, many = (list(make_loader(_crops(pictures), Batches(4, 3), workers)) for workers in (0, 2))
    assert len(alone) == 4
    for (image, valid), (other, same) in zip(alone, many, strict=True):
        assert torch.equal(image, other)
        assert torch.equal(valid, same)


def test_processes_share_the_images_of_a_step():
    one = list(Batches(steps=3, batch=4))
    parts = [list(Batches(steps=3, batch=2, rank=rank, processes=2)) for rank in (0, 1)]
    assert one == [left + right for left, right in zip(*parts, strict=True)]
    rounds = list(Batches(steps=3, batch=2, accumulate=2))
    assert one == [rounds[2 * step] + rounds[2 * step + 1] for step in range(3)]
    assert list(Batches(steps=3, batch=4, start=1)) == one[1:]
    assert len(Batches(steps=3, batch=2, accumulate=2, start=1)) == 4


def test_sources_are_mixed_by_weight(tmp_path):
    for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        _flat(tmp_path / name / "one.png", colour)
    folders = (str(tmp_path / "red"), str(tmp_path / "blue"))
    crops = Crops(DataConfig(images=folders, image_weights=(3, 1), crop=32, tone=0.0), 400, 0)
    red = sum(crops[index][0][0].mean().item() > 0.5 for index in range(400))
    # 300 expected, standard deviation 8.7.
    assert 260 < red < 340


def test_small_images_are_enlarged_and_flips_mirror(tmp_path):
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[:, 5:] = 255
    (tmp_path / "images").mkdir()
    Image.fromarray(pixels).save(tmp_path / "images" / "half.png")
    crops = _crops(tmp_path / "images", count=40, scale=(1.0, 1.0), tone=0.0, flip=True)
    brighter = {bool(crops[index][0][..., :8].mean() > 0.5) for index in range(40)}
    assert brighter == {True, False}
    unflipped = _crops(tmp_path / "images", count=40, scale=(1.0, 1.0), tone=0.0)
    assert not any(unflipped[index][0][..., :8].mean() > 0.5 for index in range(40))


# Masks


# Data sets by name
