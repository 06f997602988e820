"""The detector from the outside: what is found, filled, left out, refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bokwon
from bokwon.detection import detector
from bokwon.detection.bed import SEEN_THROUGH
from bokwon.detection.detector import Detector
from bokwon.detection.kinds import KINDS
from bokwon.errors import ArgumentError, InputFileError, MissingDependencyError
from bokwon.inpaint.material import Verdict
from bokwon.settings import Material

WHITE, RED, GREEN, BLUE = (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255)


def page(*patches: tuple[slice, slice, tuple[int, int, int]], size: int = 128) -> np.ndarray:
    image = np.full((size, size, 3), 255, np.uint8)
    for rows, columns, colour in patches:
        image[rows, columns] = colour
    return image


def test_a_sound_page_is_undamaged(colour_key: Path) -> None:
    damage = Detector(colour_key).detect(page())
    assert damage.undamaged
    assert damage.regions == ()
    assert not damage.hole.any()
    assert not damage.kinds.any()
    assert not damage.confidence.any()


def test_a_hole_is_found_where_it_is(colour_key: Path) -> None:
    image = page((slice(20, 40), slice(50, 80), RED))
    damage = bokwon.detect(image, model=colour_key)
    (region,) = damage.regions
    assert (region.kind, region.box, region.area, region.filled) == ("missing paper", (50, 20, 80, 40), 600, True)
    assert region.confidence > 0.99
    assert region.inside is not None
    assert region.inside.shape == (20, 30)
    assert region.inside.all()
    wanted = np.zeros((128, 128), bool)
    wanted[20:40, 50:80] = True
    assert (damage.kinds == (KINDS.index("missing paper") + 1) * wanted).all()
    assert damage.hole[wanted].all()
    # Grown by two pixels.
    assert damage.hole[18, 60]
    assert not damage.hole[17].any()
    assert not damage.undamaged


def test_readable_stains_are_told_but_not_filled(colour_key: Path) -> None:
    image = page((slice(20, 40), slice(20, 40), GREEN), (slice(80, 90), slice(80, 90), RED))
    damage = Detector(colour_key, grow=0).detect(image)
    assert {(region.kind, region.filled) for region in damage.regions} == {
        ("readable stain", False),
        ("missing paper", True),
    }
    assert damage.hole.sum() == 100
    stains = Detector(colour_key, grow=0, kinds=("readable stain",)).detect(image)
    assert stains.hole.sum() == 400
    assert stains.hole[30, 30]


def test_what_is_not_sure_enough_is_told_but_not_filled(write_colour_key: Callable[..., Path], tmp_path: Path) -> None:
    curve = {"missing paper": [[0, 0], [1, 0.6]]}
    model = write_colour_key(tmp_path / "unsure.onnx", calibration=curve)
    image = page((slice(20, 40), slice(20, 40), RED))
    damage = Detector(model, threshold=0.7).detect(image)
    assert damage.undamaged
    assert damage.regions[0].confidence == pytest.approx(0.6, abs=1e-3)
    assert not Detector(model, threshold=0.5).detect(image).undamaged


def test_small_regions_are_left_out(colour_key: Path) -> None:
    image = page((slice(20, 22), slice(20, 24), RED), (slice(60, 70), slice(60, 70), RED))
    assert len(Detector(colour_key).detect(image).regions) == 1
    assert len(Detector(colour_key, min_area=0).detect(image).regions) == 2
    assert Detector(colour_key, min_area=101).detect(image).undamaged


def test_large_pages_are_searched_small_and_marked_in_full(
    write_colour_key: Callable[..., Path], tmp_path: Path
) -> None:
    model = write_colour_key(tmp_path / "small.onnx", longest_side=128)
    image = page((slice(101, 303), slice(203, 402), RED), size=512)
    damage = Detector(model, grow=0).detect(image)
    wanted = np.zeros((512, 512), bool)
    wanted[101:303, 203:402] = True
    assert (damage.hole != wanted).sum() < 0.01 * wanted.sum()


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "CMYK", "1", "I;16"])
def test_images_of_any_mode_are_taken(colour_key: Path, mode: str) -> None:
    red = Image.fromarray(page((slice(20, 40), slice(20, 40), RED)))
    image = Image.fromarray(np.full((64, 64), 65535, np.uint16)) if mode == "I;16" else red.convert(mode)
    damage = Detector(colour_key).detect(image)
    assert damage.hole.shape == (image.height, image.width)
    assert damage.undamaged == (mode not in ("RGBA", "CMYK"))


def test_what_is_torn_off_is_left_unless_asked_for(colour_key: Path) -> None:
    image = np.zeros((200, 160, 3), np.uint8)
    image[20:180, 20:140] = 255
    # A corner is gone.
    image[150:180, 110:140] = 0
    assert Detector(colour_key).detect(image).undamaged
    damage = Detector(colour_key, outline=True, grow=0).detect(image)
    assert damage.hole[165, 125]
    assert not damage.hole[100, 80]
    assert not damage.hole[10].any()
    assert 700 <= damage.hole.sum() <= 1000


def test_a_hole_through_which_the_bed_is_seen_is_missing_paper(colour_key: Path) -> None:
    image = page(size=200)
    image[:20] = image[180:] = image[:, :20] = image[:, 180:] = 0
    assert Detector(colour_key).detect(image).undamaged
    image[80:110, 60:100] = 0
    damage = Detector(colour_key, threshold=0.95, grow=0).detect(image)
    (region,) = damage.regions
    assert (region.kind, region.confidence, region.filled) == ("missing paper", SEEN_THROUGH, True)
    wanted = np.zeros((200, 200), bool)
    wanted[80:110, 60:100] = True
    assert np.count_nonzero(damage.hole != wanted) < 150


@pytest.mark.parametrize(("material", "undamaged"), [("page", True), ("rubbing", True), ("photo", False)])
def test_film_and_dust_are_looked_for_in_photographs_only(
    tmp_path: Path,
    write_colour_key: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    material: Material,
    undamaged: bool,
) -> None:
    monkeypatch.setattr(detector, "classify", lambda pixels, mode, hole: Verdict(material, True, ""))
    classes = ["sound", "surroundings", "film and dust", *(kind for kind in KINDS if kind != "film and dust")]
    model = write_colour_key(tmp_path / "film.onnx", classes=classes)
    image = page((slice(20, 40), slice(50, 80), RED))
    assert Detector(model).detect(image).undamaged == undamaged


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (1, 200)])
def test_images_of_any_size_are_taken(colour_key: Path, size: tuple[int, int]) -> None:
    for level in (0, 255):
        assert Detector(colour_key, outline=True).detect(np.full((*size, 3), level, np.uint8)).undamaged


def test_what_cannot_be_asked_is_refused(colour_key: Path, mean_model: Path) -> None:
    for wrong in ({"threshold": 0}, {"threshold": 1.5}, {"min_area": -1}, {"grow": 33}, {"kinds": ("holes",)}):
        with pytest.raises(ArgumentError):
            Detector(colour_key, **wrong)
    with pytest.raises(ArgumentError, match="no kind of damage is named"):
        Detector(colour_key, kinds=())
    with pytest.raises(InputFileError, match="does not find damage"):
        Detector(mean_model)
    with pytest.raises(ArgumentError, match="str"):
        Detector(colour_key).detect("page.png")  # type: ignore[arg-type]


def test_without_a_model_the_way_to_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokwon.inpaint.models.WEIGHTS", tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="no model that finds damage is installed") as error:
        bokwon.detect(page())
    assert "bokwon models add" in error.value.fix


def test_an_added_model_is_the_one_of_the_name_detect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_colour_key: Callable[..., Path]
) -> None:
    monkeypatch.setattr("bokwon.inpaint.models.WEIGHTS", tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "bokwon/models").mkdir(parents=True)
    write_colour_key(tmp_path / "bokwon/models/detect.onnx")
    assert bokwon.detect(page((slice(20, 40), slice(50, 80), RED))).hole[30, 60]
