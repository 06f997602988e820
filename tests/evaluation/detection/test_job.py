"""Measuring a detector: pages, zones, masks and scenes whose figures are known, and orders that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.detection.detector import Detector
from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.evaluation.detection import DetectionOrder, measure_detector
from bokwon.synthesis.scenes.classes import CLASSES
from bokwon.synthesis.scenes.scene import Scene
from bokwon.synthesis.scenes.sources import Sources

RED, GREEN = (255, 0, 0), (0, 255, 0)


def page(colour: tuple[int, int, int] | None = None) -> np.ndarray:
    """100 x 100, white; with a colour, 400 pixels are of it."""
    image = np.full((100, 100, 3), 255, np.uint8)
    if colour:
        image[10:30, 10:30] = colour
    return image


def folder(path: Path, **pages: np.ndarray) -> Path:
    path.mkdir()
    for name, pixels in pages.items():
        Image.fromarray(pixels).save(path / f"{name}.png")
    return path


def quiet(text: str) -> None:
    pass


@pytest.fixture
def detector(colour_key: Path) -> Detector:
    return Detector(colour_key, grow=0)


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> Sources:
    """Sources of scenes of which the left half of the red square is missing paper, and the right half sound."""
    labels = np.zeros((100, 100), np.uint8)
    labels[10:30, 10:20] = CLASSES.index("missing paper")
    scene = Scene(page(RED), labels, page(), "here")
    monkeypatch.setattr("bokwon.evaluation.detection.job.draw_scene", lambda rng, sources: scene)
    monkeypatch.setattr("bokwon.synthesis.scenes.sources.find_fonts", lambda *scripts: [])
    return Sources()


def test_marked_shares_of_sound_pages(detector: Detector, tmp_path: Path) -> None:
    sound = folder(tmp_path / "sound", a=page(), b=page(RED), c=page(GREEN))
    said: list[str] = []
    told = measure_detector(detector, DetectionOrder(tmp_path / "out", sound=(sound,)), said.append)
    shares = [(one["page"], one["marked"], one["marked_surely"], one["readable_stain"]) for one in told["sound"]]
    assert shares == [("sound/a", 0, 0, 0), ("sound/b", 0.04, 0.04, 0), ("sound/c", 0, 0, 0.04)]
    assert said[1] == "sound/b: 4.000% marked"
    assert json.loads((tmp_path / "out/results.json").read_text()) == told
    table = (tmp_path / "out/table.md").read_text()
    assert "| marked area: median / worst | 0.000% / 4.00% |" in table
    assert "| pages with nothing marked | 2 |" in table


def test_every_second_page_is_a_part(detector: Detector, tmp_path: Path) -> None:
    sound = folder(tmp_path / "sound", a=page(), b=page(), c=page())
    reasons = tmp_path / "not_sound.csv"
    reasons.write_text("page,reason\nsound/c,it is torn\n")
    told = [
        measure_detector(detector, DetectionOrder(tmp_path / "out", (sound,), reasons, part=part), quiet)
        for part in ("even", "odd")
    ]
    assert [[one["page"] for one in each["sound"]] for each in told] == [["sound/a"], ["sound/b"]]
    assert [each["left_out"] for each in told] == [[{"page": "sound/c", "reason": "it is torn"}], []]


def test_zones_and_labels(detector: Detector, tmp_path: Path) -> None:
    zones = folder(tmp_path / "zones", zone_0=page(RED))
    # Of the second zone, 10 x 20 pixels, half is red.
    corners = [[[10, 10], [19, 10], [19, 29], [10, 29]], [[25, 10], [34, 10], [34, 29], [25, 29]]]
    (zones / "zones.json").write_text(json.dumps({"zone_0.png": {"damage": corners}}))
    labels = np.zeros((50, 50), np.uint8)
    # Half the page's size. Of 10 x 20 pixels of the page, half is found; a fourth of what is found is right.
    labels[5:10, 10:20] = 3
    labelled = folder(tmp_path / "labelled", one=page(RED))
    Image.fromarray(labels).save(labelled / "one_labels.png")
    order = DetectionOrder(tmp_path / "out", zones=zones, labelled=labelled, overlays=True)
    told = measure_detector(detector, order, quiet)
    (zone,) = told["zones"]
    assert zone["zones"] == [1.0, 0.5]
    # Of 400 red pixels 200 and 100 lie in the zones, which are 200 each.
    assert zone["outside"] == pytest.approx(100 / 9600)
    (one,) = told["labelled"]
    assert (one["damaged"], one["found"], one["right"]) == (0.02, 0.5, 0.25)
    assert one["iou"] == 100 / 500
    assert {path.name for path in (tmp_path / "out/overlays").iterdir()} == {"zone_0.png", "one.png"}


def test_scenes_and_the_curves_they_give(detector: Detector, sources: Sources, tmp_path: Path) -> None:
    order = DetectionOrder(tmp_path / "out", scenes=sources, count=2, calibration=tmp_path / "curves.json")
    told = measure_detector(detector, order, quiet)["scenes"]
    groups = told["groups"]
    assert groups["missing paper and tears"] == {"f1": pytest.approx(2 / 3), "precision": 0.5, "recall": 1.0}
    assert groups["creases and scratches"] == {"f1": 0, "precision": 0, "recall": 0}
    # A region of which half is damaged is right.
    assert (told["sure_regions"], told["sure_right"]) == (2, 1.0)
    assert (tmp_path / "out/regions.csv").read_text().splitlines() == [
        "kind,confidence,right,area",
        *["missing paper,1.0000,1,400"] * 2,
    ]
    curves = json.loads((tmp_path / "curves.json").read_text())["calibration"]
    # Two regions, each right, and one wrong region more.
    assert [confidence for _, confidence in curves["missing paper"]] == [0, 0.6667, 0.6667]


def test_orders_that_cannot_be_met_are_refused(
    detector: Detector, sources: Sources, tmp_path: Path, write_colour_key: Callable[..., Path]
) -> None:
    out, curves = tmp_path / "out", tmp_path / "curves.json"
    with pytest.raises(ArgumentError, match="nothing is to be measured"):
        measure_detector(detector, DetectionOrder(out), quiet)
    with pytest.raises(ArgumentError, match="calibrated on scenes"):
        measure_detector(detector, DetectionOrder(out, (tmp_path,), calibration=curves), quiet)
    fitted = Detector(write_colour_key(tmp_path / "fitted.onnx", calibration={"tear": [[0, 0], [1, 1]]}))
    with pytest.raises(ArgumentError, match="no calibration"):
        measure_detector(fitted, DetectionOrder(out, scenes=sources, calibration=curves), quiet)
    assert not out.exists()


def test_files_that_cannot_be_read_are_named(detector: Detector, tmp_path: Path) -> None:
    out, sound = tmp_path / "out", folder(tmp_path / "sound")
    with pytest.raises(FileAccessError, match="none is no folder"):
        measure_detector(detector, DetectionOrder(out, (tmp_path / "none",)), quiet)
    with pytest.raises(FileAccessError, match=r"none\.csv cannot be read"):
        measure_detector(detector, DetectionOrder(out, (sound,), tmp_path / "none.csv"), quiet)
    (tmp_path / "bad.csv").write_text("name,why\nsound/a,x\n")
    with pytest.raises(InputFileError, match=r"bad\.csv lacks the column 'page'"):
        measure_detector(detector, DetectionOrder(out, (sound,), tmp_path / "bad.csv"), quiet)
    (sound / "a.png").write_bytes(b"no image")
    with pytest.raises(InputFileError, match=r"a\.png is no image"):
        measure_detector(detector, DetectionOrder(out, (sound,)), quiet)
