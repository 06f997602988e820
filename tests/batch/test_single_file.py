from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.batch.job import Job, Options
from bokwon.batch.mask_matching import Masks
from bokwon.batch.single_file import restore_file
from bokwon.errors import ArgumentError, FileAccessError, OutputExistsError
from bokwon.image_io.reader import Source
from bokwon.inpaint.restorer import Restorer

Said = list[tuple[str, str]]


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    noise = np.random.default_rng(1).integers(90, 160, (72, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "page.png")
    mask = np.zeros((72, 80), np.uint8)
    Image.fromarray(mask).save(tmp_path / "empty.png")
    mask[20:40, 30:60] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.fromarray(255 - mask).save(tmp_path / "inverted.png")
    Image.fromarray(mask[:, :70]).save(tmp_path / "narrow.png")
    return tmp_path


def job(folder: Path, mask: str = "mask.png", target: str = "out.png", **options: object) -> Job:
    masks = Masks(Source.of(folder / mask)) if mask else Masks()
    return Job(Source.of(folder / "page.png"), masks, folder / target, options=Options(**options))  # type: ignore[arg-type]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def test_the_hole_is_filled_and_the_rest_is_untouched(folder: Path, restorer: Restorer) -> None:
    said: Said = []
    outcome = restore_file(job(folder), restorer, lambda level, text: said.append((level, text)))
    assert (outcome.pages, outcome.restored, outcome.hole, outcome.pixels) == (1, 1, 600, 72 * 80)
    assert outcome.tiles >= 1
    hole = pixels(folder / "mask.png") > 0
    before, after = pixels(folder / "page.png"), pixels(folder / "out.png")
    np.testing.assert_array_equal(after[~hole], before[~hole])
    assert (after[hole] != before[hole]).any()
    assert ("detail", f"{folder / 'page.png'}: PNG, 80x72, RGB, 8 bits, hole 10.42%") in said


@pytest.mark.parametrize("mask", ["empty.png", ""])
def test_without_a_hole_the_very_bytes_come_back(folder: Path, restorer: Restorer, mask: str) -> None:
    said: Said = []
    outcome = restore_file(job(folder, mask), restorer, lambda level, text: said.append((level, text)))
    assert outcome.restored == 0
    assert (folder / "out.png").read_bytes() == (folder / "page.png").read_bytes()
    assert any("has no hole" in text for level, text in said if level == "warning") is bool(mask)


def test_a_mask_that_covers_most_of_the_page_is_warned_of(folder: Path, restorer: Restorer) -> None:
    said: Said = []
    restore_file(job(folder, "inverted.png"), restorer, lambda level, text: said.append((level, text)))
    assert any("--holes black" in text for level, text in said if level == "warning")


def test_what_cannot_be_done_leaves_nothing_behind(folder: Path, restorer: Restorer) -> None:
    tell = lambda level, text: None  # noqa: E731
    with pytest.raises(ArgumentError, match="70x72"):
        restore_file(job(folder, "narrow.png"), restorer, tell)
    with pytest.raises(ArgumentError, match="no page 2"):
        restore_file(job(folder, pages="2"), restorer, tell)
    with pytest.raises(FileAccessError, match="does not exist"):
        restore_file(job(folder, target="none/out.png"), restorer, tell)
    with pytest.raises(ArgumentError, match="is the mask itself"):
        restore_file(job(folder, target="mask.png"), restorer, tell)
    assert not (folder / "out.png").exists()
    assert not list(folder.glob(".bokwon-*"))
    (folder / "out.png").write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        restore_file(job(folder, overwrite=False), restorer, tell)
    assert (folder / "out.png").read_bytes() == b"mine"


def test_a_record_is_left_if_asked_for(folder: Path, restorer: Restorer) -> None:
    restore_file(job(folder, record=True, overlay=True), restorer, lambda level, text: None)
    names = {path.name for path in (folder / "out.png.record").iterdir()}
    assert names == {"record.json", "hole_p001.png", "evidence_p001.png", "original_p001.npz", "overlay_p001.png"}
