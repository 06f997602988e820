"""Published data sets by name, in the layouts they come in."""

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import FileAccessError
from bokwon.training.config import DataConfig
from bokwon.training.data import named
from bokwon.training.data.images import open_source


def _flat(path, colour, size=(48, 40)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def _rng(seed=0):
    return np.random.default_rng(seed)


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
