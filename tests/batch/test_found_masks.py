"""Pages without a mask, with a detector that finds what is pure green, or yellow but unsure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.batch import found_masks
from bokwon.batch.found_masks import FoundMasks, load_detector, picture_path
from bokwon.batch.job import Job, Options
from bokwon.batch.mask_matching import Masks, is_image_name
from bokwon.batch.page_holes import PageHole
from bokwon.batch.single_file import restore_file
from bokwon.errors import ArgumentError, MissingDependencyError
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source
from bokwon.inpaint.restorer import Restorer
from bokwon.settings import RestoreSettings
from bokwon.types import DETECTOR_CLASSES

GREEN, YELLOW = (0, 255, 0), (255, 255, 0)


@dataclass(frozen=True)
class Region:
    kind: str
    filled: bool


@dataclass(frozen=True, eq=False)
class Damage:
    hole: np.ndarray
    kinds: np.ndarray
    confidence: np.ndarray
    regions: tuple[Region, ...]


def find(pixels: np.ndarray, mode: str) -> Damage:
    """Take green for missing paper, which is sure, and yellow for a crease, which is not."""
    assert mode == "RGB"
    hole, unsure = ((pixels == colour).all(axis=-1) for colour in (GREEN, YELLOW))
    kinds = np.zeros(hole.shape, np.uint8)
    kinds[hole] = DETECTOR_CLASSES.index("missing paper") + 1
    kinds[unsure] = DETECTOR_CLASSES.index("crease") + 1
    regions = (Region("missing paper", True),) * bool(hole.any()) + (Region("crease", False),) * bool(unsure.any())
    return Damage(hole, kinds, hole + 0.5 * unsure, regions)


def picture(*, sure: bool = True, unsure: bool = True) -> np.ndarray:
    pixels = np.full((50, 70, 3), 200, np.uint8)
    if sure:
        pixels[5:15, 10:30] = GREEN
    if unsure:
        pixels[40:44, 5:60] = YELLOW
    return pixels


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer(RestoreSettings(method="telea"))


def restore(folder: Path, restorer: Restorer, source: str = "page.png", target: str = "out.png", **options: object):
    job = Job(
        Source.of(folder / source),
        Masks(),
        folder / target,
        options=Options(find=0.9, **options),  # type: ignore[arg-type]
    )
    return restore_file(job, restorer, lambda level, text: None, find=find)


def shown(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image) > 0


def test_what_is_sure_is_filled_and_what_is_left_is_shown(tmp_path: Path, restorer: Restorer) -> None:
    Image.fromarray(picture()).save(tmp_path / "page.png")
    outcome = restore(tmp_path, restorer, record=True)
    assert (outcome.searched, outcome.restored, outcome.hole) == (True, 1, 200)
    assert (outcome.regions_filled, outcome.regions_left) == ({"missing paper": 1}, {"crease": 1})
    with Image.open(tmp_path / "out.png") as after:
        pixels = np.array(after)
    assert np.abs(pixels[5:15, 10:30].astype(int) - 200).max() < 10
    np.testing.assert_array_equal(pixels[40:44, 5:60], picture()[40:44, 5:60])
    np.testing.assert_array_equal(shown(tmp_path / "out.png.detected.png"), (picture() == GREEN).all(axis=-1))
    np.testing.assert_array_equal(shown(tmp_path / "out.png.uncertain.png"), (picture() == YELLOW).all(axis=-1))
    record = (tmp_path / "out.png.record/record.json").read_text()
    assert '"mask_origin": "found"' in record
    assert '"damage": "missing paper"' in record


def test_an_undamaged_page_is_copied_and_old_pictures_go(tmp_path: Path, restorer: Restorer) -> None:
    Image.fromarray(picture(sure=False, unsure=False)).save(tmp_path / "page.png")
    (tmp_path / "out.png.detected.png").write_bytes(b"of an earlier run")
    outcome = restore(tmp_path, restorer)
    assert (outcome.searched, outcome.restored, outcome.regions_left) == (True, 0, {})
    assert (tmp_path / "out.png").read_bytes() == (tmp_path / "page.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.png", "page.png"]


def test_a_page_that_looks_damaged_by_more_than_half_is_refused(tmp_path: Path, restorer: Restorer) -> None:
    pixels = picture()
    pixels[:, :40] = GREEN
    Image.fromarray(pixels).save(tmp_path / "page.png")
    with pytest.raises(ArgumentError, match="more than half") as error:
        restore(tmp_path, restorer)
    assert "--mask FILE" in error.value.fix
    assert [path.name for path in tmp_path.iterdir()] == ["page.png"]


def test_pages_of_one_file_have_pictures_of_their_own(tmp_path: Path, restorer: Restorer) -> None:
    first, second, third = (Image.fromarray(picture(sure=sure, unsure=False)) for sure in (True, False, True))
    first.save(tmp_path / "book.tif", save_all=True, append_images=[second, third])
    outcome = restore(tmp_path, restorer, "book.tif", "out.tif", pages="1-2")
    assert (outcome.pages, outcome.restored, outcome.regions_filled) == (3, 1, {"missing paper": 1})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["book.tif", "out.tif", "out.tif.detected_p001.png"]


def test_a_turned_photograph_is_looked_at_upright_and_filled_as_stored(tmp_path: Path, restorer: Restorer) -> None:
    asked: list[tuple[int, ...]] = []

    def upright(pixels: np.ndarray, mode: str) -> Damage:
        asked.append(pixels.shape)
        return find(pixels, mode)

    holes = FoundMasks(upright, 1, frozenset({1}), lambda level, text: None)
    found = holes.of(Page(picture(), "RGB", "JPEG", Metadata(orientation=6)), 1, "page")
    assert asked == [(70, 50, 3)]
    assert isinstance(found, PageHole)
    np.testing.assert_array_equal(found.hole, (picture() == GREEN).all(axis=-1))
    assert found.read_damage().of((slice(None), slice(None)), found.hole) == "missing paper"


def test_readable_stains_are_not_shown_as_uncertain() -> None:
    kinds = np.full((4, 4), DETECTOR_CLASSES.index("readable stain") + 1, np.uint8)
    nothing = np.zeros((4, 4), bool)
    stain = Damage(nothing, kinds, nothing + 0.99, (Region("readable stain", False),))
    said: list[str] = []
    holes = FoundMasks(lambda pixels, mode: stain, 1, frozenset({1}), lambda level, text: said.append(text))
    assert holes.of(Page(np.zeros((4, 4), np.uint8), "L", "PNG", Metadata()), 1, "page") is None
    assert holes.left == {"readable stain": 1}
    assert said == ["page: undamaged, 1 readable stain left"]


def test_pictures_never_count_as_images_or_take_the_inputs_place(tmp_path: Path, restorer: Restorer) -> None:
    for pages in (1, 3):
        for kind in ("detected", "uncertain"):
            assert not is_image_name(picture_path(tmp_path / "out.tif", kind, 2, pages))
    Image.fromarray(picture()).save(tmp_path / "out.png.detected.png")
    with pytest.raises(ArgumentError, match="name another output"):
        restore(tmp_path, restorer, "out.png.detected.png")


def test_without_a_detector_model_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found_masks, "detector_is_installed", lambda: False)
    load_detector.cache_clear()
    with pytest.raises(MissingDependencyError, match="no detector model is installed") as error:
        load_detector(0.5)
    assert "--mask FILE" in error.value.fix


def test_the_detector_fills_from_the_confidence_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_colour_key: Callable[..., Path]
) -> None:
    monkeypatch.setattr("bokwon.inpaint.models.WEIGHTS", tmp_path)
    # Of what looks like missing paper six in ten are.
    write_colour_key(tmp_path / "detect.onnx", calibration={"missing paper": [[0, 0], [1, 0.6]]})
    page = np.full((64, 64, 3), 255, np.uint8)
    page[20:30, 20:40] = (255, 0, 0)
    for certain, filled in ((0.5, True), (0.75, False)):
        load_detector.cache_clear()
        try:
            damage = load_detector(certain)(page, "RGB")
        finally:
            load_detector.cache_clear()
        (region,) = damage.regions
        assert (region.kind, region.filled, bool(damage.hole[25, 30])) == ("missing paper", filled, filled)
        assert damage.kinds[25, 30] == DETECTOR_CLASSES.index("missing paper") + 1
