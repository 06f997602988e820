"""Images of folders and rendered pages: bad files left out, the cache within its size."""

import logging

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.training.config import DataConfig, PagesConfig
from bokwon.training.data.crops import Crops
from bokwon.training.data.images import Files, find_images, open_source


def _flat(path, colour, size=(48, 40)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def _rng(seed=0):
    return np.random.default_rng(seed)


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
