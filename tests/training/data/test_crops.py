"""Sources, masks, crops and batches: the same items whatever prepares them, and bad files left out."""

import json
import logging
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.synthesis.masks.dataset import MaskSet, make_set
from bokwon.training.config import DataConfig, PagesConfig
from bokwon.training.data import named
from bokwon.training.data.crops import Batches, Crops, make_loader
from bokwon.training.data.images import Files, find_images, open_source
from bokwon.training.data.masks import HoleFiles, open_holes, read_manifest
from bokwon.training.data.rgb import to_rgb


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


def test_bad_files_are_reported_once_and_skipped(tmp_path, caplog):
    _flat(tmp_path / "good" / "deep" / "down.jpg", (10, 200, 30))
    (tmp_path / "good" / "broken.png").write_bytes(b"\x89PNG no")
    (tmp_path / "good" / "notes.txt").write_text("no image")
    source = Files(find_images(tmp_path / "good"), cache=1)
    with caplog.at_level(logging.WARNING):
        images = [source.draw(_rng(seed), seed) for seed in range(30)]
    assert all(image.shape == (40, 48, 3) for image in images)
    assert [record.message for record in caplog.records if "broken.png" in record.message] == [caplog.messages[0]]
    assert len(caplog.messages) == 1


def test_a_folder_of_nothing_but_bad_files_is_refused(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no")
    with pytest.raises(InputFileError, match="can be read"):
        Files(find_images(tmp_path), cache=0).draw(_rng(), 0)


def test_the_cache_keeps_to_its_size(tmp_path):
    for number in range(3):
        _flat(tmp_path / f"{number}.png", (number, 0, 0), (700, 300))
    source = Files(find_images(tmp_path), cache=1)
    for seed in range(20):
        source.draw(_rng(seed), seed)
    # 630 kB each: the first fits into 1 MiB, a second does not.
    assert len(source._images) == 1


@pytest.mark.parametrize("missing", ["nowhere", "empty"])
def test_folders_without_images_say_so(tmp_path, missing):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileAccessError, match=missing):
        find_images(tmp_path / missing)
    with pytest.raises(ArgumentError, match="nothing to train on"):
        Crops(DataConfig(crop=32), 1, 0)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("L", (2, 2), 7), (7, 7, 7)),
        (Image.fromarray(np.full((2, 2), 40000, np.uint16)), (156, 156, 156)),
        (Image.new("RGBA", (2, 2), (0, 0, 0, 0)), (255, 255, 255)),
        (Image.new("RGBA", (2, 2), (9, 8, 7, 255)), (9, 8, 7)),
        (Image.new("CMYK", (2, 2), (0, 0, 0, 255)), (0, 0, 0)),
        (Image.new("1", (2, 2), 1), (255, 255, 255)),
        (Image.new("LA", (2, 2), (5, 255)), (5, 5, 5)),
        (Image.new("P", (2, 2), 0), (0, 0, 0)),
    ],
)
def test_every_mode_becomes_rgb(image, expected):
    rgb = to_rgb(image)
    assert rgb.shape == (2, 2, 3)
    assert rgb.dtype == np.uint8
    assert tuple(rgb[0, 0]) == expected


def test_pages_are_rendered_where_fonts_are():
    from bokwon.errors import MissingDependencyError

    try:
        source = open_source("pages", DataConfig(images=("pages",), crop=48), 0)
    except MissingDependencyError as error:
        pytest.skip(f"no fonts: {error}")
    image, same, other = source.draw(_rng(1), 0), source.draw(_rng(1), 5), source.draw(_rng(2), 0)
    assert image.shape == (48, 48, 3)
    assert np.array_equal(image, same)
    assert not np.array_equal(image, other)
    assert image.std() > 1


def test_a_style_of_page_that_is_none_is_refused_at_once():
    with pytest.raises(ArgumentError, match="cuneiform"):
        open_source("pages", DataConfig(pages=PagesConfig(styles=("cuneiform",)), crop=48), 0)


# Masks


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


# Data sets by name


def test_a_missing_data_set_says_where_to_get_it(tmp_path):
    for name, place in (("places2", "csail.mit.edu"), ("imagenet", "image-net.org"), ("celeba-hq", "CelebAMask-HQ")):
        with pytest.raises(FileAccessError, match=name) as caught:
            open_source(name, DataConfig(images=(name,), root=str(tmp_path)), 0)
        assert place in caught.value.fix
        assert str(tmp_path / name) in caught.value.fix


@pytest.mark.parametrize(
    ("name", "layout", "split"),
    [
        ("places2", "data_large/a/airfield", "train"),
        ("places2", "data_256/a/airfield", "train"),
        ("places2", "places365_standard/train/airfield", "train"),
        ("places2", "val_large", "val"),
        ("imagenet", "ILSVRC/Data/CLS-LOC/train/n01440764", "train"),
        ("imagenet", "val/n01440764", "val"),
    ],
)
def test_published_layouts_are_known(tmp_path, name, layout, split):
    _flat(tmp_path / name / layout / "00000001.jpg", (1, 2, 3))
    config = DataConfig(images=(name,), root=str(tmp_path), split=split)
    assert open_source(name, config, 0).draw(_rng(), 0).shape == (40, 48, 3)
    other = "val" if split == "train" else "train"
    with pytest.raises(FileAccessError, match=other):
        named.list_named(name, tmp_path, other)


def test_celeba_hq_is_split_27_to_3(tmp_path):
    folder = tmp_path / "celeba-hq" / "CelebA-HQ-img"
    folder.mkdir(parents=True)
    for number in range(29_999):
        (folder / f"{number}.jpg").touch()
    with pytest.raises(FileAccessError, match="29999"):
        named.list_named("celeba-hq", tmp_path, "train")
    (folder / "29999.jpg").touch()
    train, val = (named.list_named("celeba-hq", tmp_path, split) for split in ("train", "val"))
    assert (len(train), len(val)) == (27_000, 3_000)
    assert not set(train) & set(val)
    # By number and not by name, in which 10 comes before 2.
    assert [path.stem for path in train[:3]] == ["0", "1", "2"]
    assert val[0].stem == "27000"
