"""Hugging Face data sets, from a folder made on the spot: stored and streamed."""

import io
import logging
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError
from bokwon.training.config import DataConfig, HubConfig
from bokwon.training.data.crops import Batches, Crops, make_loader
from bokwon.training.data.hub import HubSource

COUNT = 10


def _png(shade):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 36), (shade, shade, shade)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A folder with a Parquet file of ten gray images, the fourth broken."""
    datasets = pytest.importorskip("datasets", reason="the optional package datasets is not installed")
    folder = tmp_path_factory.mktemp("hub")
    images = [{"bytes": b"broken" if n == 3 else _png(20 * n), "path": f"{n}.png"} for n in range(COUNT)]
    table = datasets.Dataset.from_dict({"image": images, "label": list(range(COUNT))})
    table.cast_column("image", datasets.Image()).to_parquet(str(folder / "train.parquet"))
    return folder


def _shade(source, number, seed=0):
    return int(source.draw(np.random.default_rng(seed), number)[0, 0, 0]) // 20


def test_stored_sets_are_drawn_from_at_random(hub, caplog):
    source = HubSource(str(hub), HubConfig(), 0)
    with caplog.at_level(logging.WARNING):
        seen = {_shade(source, 0, seed) for seed in range(80)}
    assert seen == set(range(COUNT)) - {3}
    assert [m for m in caplog.messages if "3.png" in m] == caplog.messages[:1]


def test_a_stream_in_order_starts_over_and_goes_back(hub):
    source = HubSource(str(hub), HubConfig(streaming=True, shuffle=0), 0)
    # The broken fourth is replaced by the one after it.
    expected = [0, 1, 2, 4, 4, 5, 6, 7, 8, 9]
    assert [_shade(source, number) for number in range(COUNT)] == expected
    assert [_shade(source, number) for number in (10, 12, 20)] == [0, 2, 0]
    assert _shade(source, 5) == 5


def test_a_shuffled_stream_is_another_one_each_time_and_the_same_each_run(hub):
    def orders(seed):
        source = HubSource(str(hub), HubConfig(streaming=True, shuffle=4), seed)
        shades = [_shade(source, number) for number in range(2 * COUNT)]
        return shades[:COUNT], shades[COUNT:]

    first, second = orders(1)
    assert first != second
    assert orders(1) == (first, second)
    # A resumed run starts in the middle.
    resumed = HubSource(str(hub), HubConfig(streaming=True, shuffle=4), 1)
    assert [_shade(resumed, number) for number in range(7, COUNT)] == first[7:]


@pytest.mark.slow
def test_streams_do_not_depend_on_workers(hub):
    config = DataConfig(images=(f"hf:{hub}",), crop=32, hub=HubConfig(streaming=True, shuffle=4))
    batches = [list(make_loader(Crops(config, 12, 0), Batches(4, 3), workers)) for workers in (0, 1)]
    for (image, valid), (other, same) in zip(*batches, strict=True):
        assert torch.equal(image, other)
        assert torch.equal(valid, same)


def test_a_mixed_stream_hands_out_every_image(hub, pictures):
    config = DataConfig(
        images=(f"hf:{hub}", str(pictures)), crop=32, hub=HubConfig(streaming=True, shuffle=0), tone=0.0
    )
    crops = Crops(config, 40, 0)
    numbers = [number for pick, number in map(crops.picks.at, range(40)) if pick == 0]
    assert numbers == list(range(len(numbers)))
    assert 10 < len(numbers) < 30


@pytest.mark.parametrize("streaming", [False, True])
def test_a_set_saved_to_disk_is_read_too(hub, tmp_path, streaming):
    import datasets

    table = datasets.load_dataset(str(hub), split="train")
    datasets.DatasetDict({"train": table}).save_to_disk(str(tmp_path / "saved"))
    source = HubSource(str(tmp_path / "saved"), HubConfig(streaming=streaming, shuffle=0, column="image"), 0)
    assert source.draw(np.random.default_rng(0), 0).shape == (36, 40, 3)


def test_wrong_columns_and_splits_are_named(hub):
    with pytest.raises(ArgumentError, match="label") as caught:
        HubSource(str(hub), HubConfig(column="label"), 0)
    assert "image" in caught.value.fix
    with pytest.raises(FileAccessError, match="cannot be loaded"):
        HubSource(str(hub), HubConfig(split="validation"), 0)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingDependencyError, match=r"bokwon\[datasets\]"):
        HubSource("some/set", HubConfig(), 0)
