from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.batch.job import Job, Options
from bokwon.batch.mask_matching import Masks
from bokwon.batch.single_file import restore_file
from bokwon.batch.treatment.file_pictures import (
    FilePictures,
    draw_from_record,
    forget_pictures,
    pictures_folder,
    read_pictures,
    save_page,
    save_pictures,
)
from bokwon.batch.treatment.pictures import PagePictures, Region
from bokwon.errors import FileAccessError
from bokwon.image_io.reader import Source
from bokwon.inpaint.restorer import Restorer
from bokwon.settings import RestoreSettings
from bokwon.utilities.checksums import sha256_of_file

REGIONS = (Region((1, 2, 3, 4), 9, "tear", 0.93, 3, True), Region((5, 6, 700, 8), 5, None, None, 2, False))
PICTURES = PagePictures(2, (800, 600), 14, 2, {"tear": 9}, REGIONS, (b"page", b"one", b"two"))


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    folder = pictures_folder(tmp_path, "sub/나뭇잎.png")
    assert folder == tmp_path / "report_files/sub/나뭇잎.png"
    kept = save_page(folder, PICTURES)
    assert kept.strips == ()
    stored = FilePictures("abc", 3, (kept,))
    save_pictures(folder, stored)
    assert read_pictures(folder, "abc") == stored
    assert {path.name: path.read_bytes() for path in folder.glob("*.jpg")} == {
        "p002-0.jpg": b"page",
        "p002-1.jpg": b"one",
        "p002-2.jpg": b"two",
    }
    forget_pictures(folder)
    assert not folder.exists()


def test_pictures_of_another_output_or_broken_ones_are_not_shown(tmp_path: Path) -> None:
    assert read_pictures(tmp_path, "abc") is None
    save_pictures(tmp_path, FilePictures("abc", 3, (replace(PICTURES, strips=()),)))
    assert read_pictures(tmp_path, "abd") is None
    assert read_pictures(tmp_path, None) is None
    told = json.loads((tmp_path / "pictures.json").read_text())
    for broken in ("", "{", "[]", "{}", json.dumps({**told, "pictures": 99}), json.dumps({**told, "pages": [1]})):
        (tmp_path / "pictures.json").write_text(broken)
        assert read_pictures(tmp_path, "abc") is None


def restored(folder: Path, *, record: bool) -> Path:
    """Restore a page with a class map; return where it is written."""
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    Image.fromarray(noise).save(folder / "page.png")
    hole, classes = np.zeros((300, 400), np.uint8), np.zeros((300, 400), np.uint8)
    hole[50:90, 60:100], hole[200:210, 300:330] = 255, 255
    classes[50:90, 60:100] = 2
    Image.fromarray(hole).save(folder / "mask.png")
    Image.fromarray(classes).save(folder / "mask.classes.png")
    target = folder / "restored.png"
    masks = Masks(Source.of(folder / "mask.png"))
    options = Options(record=record)
    job = Job(Source.of(folder / "page.png"), masks, target, options=options, pictures=folder / "run")
    outcome = restore_file(job, Restorer(RestoreSettings(method="telea")), lambda level, text: None)
    save_pictures(folder / "run", FilePictures(sha256_of_file(target), outcome.pages, outcome.pictures))
    return target


def test_a_record_gives_the_pictures_that_the_run_would_have_drawn(tmp_path: Path) -> None:
    target = restored(tmp_path, record=True)
    drawn = draw_from_record(tmp_path / "later", target)
    run = read_pictures(tmp_path / "run", sha256_of_file(target))
    assert run is not None
    assert drawn == run == read_pictures(tmp_path / "later", sha256_of_file(target))
    assert run.pages[0].kinds == {"tear": 1600}
    assert [region.damage for region in run.pages[0].regions] == ["tear", None]
    for picture in sorted((tmp_path / "run").glob("*.jpg")):
        assert (tmp_path / "later" / picture.name).read_bytes() == picture.read_bytes()


def test_without_a_record_that_fits_there_are_no_pictures(tmp_path: Path) -> None:
    target = restored(tmp_path, record=False)
    assert draw_from_record(tmp_path / "later", target) is None
    target = restored(tmp_path, record=True)
    (tmp_path / "restored.png.record/hole_p001.png").write_bytes(b"broken")
    assert draw_from_record(tmp_path / "later", target) is None
    target = restored(tmp_path, record=True)
    Image.new("RGB", (400, 300)).save(target)
    assert draw_from_record(tmp_path / "later", target) is None
    assert draw_from_record(tmp_path / "later", tmp_path / "nowhere.png") is None


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileAccessError, match="cannot be made"):
        save_page(tmp_path / "file/page", PICTURES)
