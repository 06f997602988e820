"""`bokwon restore` on images without a mask: with no detector installed, and with one that finds what is green."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

GREEN, YELLOW = (0, 255, 0), (255, 255, 0)

# Every Python that starts with this on its path has a detector: the command's own process, and its workers.
DETECTOR = """
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

class Detector:
    def __init__(self, model, *, threshold):
        assert model.name == "detect.onnx"
        self.threshold = threshold

    def find(self, pixels, mode):
        import numpy as np
        hole = (pixels == (0, 255, 0)).all(axis=-1)
        unsure = (pixels == (255, 255, 0)).all(axis=-1)
        sure = self.threshold <= 0.5
        kinds = hole + 3 * unsure.astype(np.uint8)
        regions = [SimpleNamespace(kind="missing paper", filled=True)] * bool(hole.any())
        regions += [SimpleNamespace(kind="crease", filled=sure)] * bool(unsure.any())
        found = hole | (unsure & sure)
        return SimpleNamespace(hole=found, kinds=kinds, confidence=hole + 0.5 * unsure, regions=regions)

for name in ("bokwon.detection", "bokwon.detection.detector"):
    sys.modules[name] = ModuleType(name)
    sys.modules[name].__spec__ = ModuleSpec(name, None)
sys.modules["bokwon.detection.detector"].Detector = Detector
"""
# Shipped models, too, lie elsewhere.
NO_DETECTOR = "import bokwon.inpaint.models\nbokwon.inpaint.models.WEIGHTS = bokwon.inpaint.models.Path('nowhere')\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images with sure damage, unsure damage, none, too much of it, and a mask."""
    (tmp_path / "in").mkdir()
    (tmp_path / "python").mkdir()
    (tmp_path / "data/bokwon/models").mkdir(parents=True)
    for name, places in {
        "both": ((GREEN, slice(5, 15)), (YELLOW, slice(30, 34))),
        "unsure": ((YELLOW, slice(30, 34)),),
        "whole": (),
        "worst": ((GREEN, slice(0, 30)),),
        "masked": ((GREEN, slice(5, 15)),),
    }.items():
        pixels = np.full((50, 70, 3), 200, np.uint8)
        for colour, rows in places:
            pixels[rows, 1:69] = colour
        Image.fromarray(pixels).save(tmp_path / f"in/{name}.png")
    hole = np.zeros((50, 70), bool)
    hole[40:45, 40:45] = True
    Image.fromarray(hole).save(tmp_path / "in/masked-mask.png")
    return tmp_path


def run(
    folder: Path, *arguments: str, installed: bool = True, data: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    model = folder / "data/bokwon/models/detect.onnx"
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}
    if installed:
        model.write_bytes(b"a model")
        card = {"name": "detect", "sha256": "0" * 64, "architecture": {}, "licence": "Apache-2.0", "date": "2020-01-01"}
        model.with_suffix(".json").write_text(json.dumps(card))
    (folder / "python/sitecustomize.py").write_text(DETECTOR if installed else NO_DETECTOR)
    paths = [str(folder / "python"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    command = [sys.executable, "-m", "bokwon", "restore", *arguments, "--method", "telea"]
    return subprocess.run(
        command, cwd=folder, env=environment, input=data, capture_output=True, timeout=300, check=False
    )


def lines(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return done.stderr.decode().splitlines()


def test_one_image_says_first_that_its_damage_is_found(folder: Path) -> None:
    done = run(folder, "in/both.png", "out.png")
    assert done.returncode == 0
    assert lines(done) == [
        "bokwon: no mask is given: bokwon finds the damage by itself, and fills regions with a confidence of at "
        "least 0.9",
        "bokwon: wrote out.png: 19.43% of in/both.png filled, found 1 missing paper, left 1 crease",
    ]
    assert {path.name for path in folder.glob("out.*")} == {"out.png", "out.png.detected.png", "out.png.uncertain.png"}
    done = run(folder, "in/both.png", "out.png", "--certain", "0.5")
    assert "found 1 crease, 1 missing paper" in lines(done)[-1]
    assert {path.name for path in folder.glob("out.*")} == {"out.png", "out.png.detected.png"}


def test_an_undamaged_image_is_copied(folder: Path) -> None:
    done = run(folder, "in/whole.png", "out.png")
    assert (done.returncode, lines(done)[-1]) == (0, "bokwon: wrote out.png: in/whole.png unchanged, undamaged")
    assert (folder / "out.png").read_bytes() == (folder / "in/whole.png").read_bytes()


def test_an_image_of_which_nothing_is_sure_is_copied_and_not_called_undamaged(folder: Path) -> None:
    done = run(folder, "in/unsure.png", "out.png")
    told = "in/unsure.png unchanged, no damage found with enough confidence, left 1 crease"
    assert (done.returncode, lines(done)[-1]) == (0, f"bokwon: wrote out.png: {told}")
    assert (folder / "out.png").read_bytes() == (folder / "in/unsure.png").read_bytes()
    assert (folder / "out.png.uncertain.png").is_file()


def test_too_much_damage_is_refused(folder: Path) -> None:
    done = run(folder, "in/worst.png", "out.png")
    assert done.returncode == 1
    assert "58% of in/worst.png looks damaged: more than half is probably a mistake of the detector" in lines(done)[-1]
    assert not (folder / "out.png").exists()


def test_the_mask_beside_goes_first_unless_auto_is_named(folder: Path) -> None:
    done = run(folder, "in/masked.png", "out.png")
    assert lines(done) == [
        "bokwon: wrote out.png: 0.71% of in/masked.png filled, mask in/masked-mask.png: white is hole"
    ]
    assert "found 1 missing paper" in lines(run(folder, "in/masked.png", "out.png", "--mask", "auto"))[-1]
    done = run(folder, "in/both.png", "out.png", "--mask", "beside")
    assert done.returncode == 1
    assert "no mask lies beside in/both.png" in lines(done)[-1]


def test_standard_input_takes_auto_by_its_name(folder: Path) -> None:
    data = (folder / "in/both.png").read_bytes()
    done = run(folder, "-", "-", data=data)
    assert done.returncode == 1
    assert "--mask FILE, or --mask auto" in lines(done)[-1]
    done = run(folder, "-", "-", "--mask", "auto", data=data)
    assert done.returncode == 0
    assert done.stdout.startswith(b"\x89PNG")
    assert "wrote standard output: 19.43% of standard input filled" in lines(done)[-1]


def test_a_folder_has_each_status_and_its_counts(folder: Path) -> None:
    done = run(folder, "in", "out", "-j", "2")
    assert done.returncode == 4
    assert lines(done)[0].startswith("bokwon: 4 images have no mask: bokwon finds the damage by itself")
    assert any("filled 1 missing paper; left 2 crease" in line for line in lines(done))
    entries = {
        entry["file"]: entry for entry in map(json.loads, (folder / "out/report.jsonl").read_text().splitlines())
    }
    assert {name: (entry["status"], entry["mask"]) for name, entry in entries.items()} == {
        "both.png": ("restored", "found"),
        "masked.png": ("restored", "given"),
        "unsure.png": ("uncertain", "found"),
        "whole.png": ("undamaged", "found"),
        "worst.png": ("failed", ""),
    }
    assert entries["both.png"]["regions_filled"] == {"missing paper": 1}
    assert entries["both.png"]["regions_left"] == entries["unsure.png"]["regions_left"] == {"crease": 1}
    assert (folder / "out/whole.png").read_bytes() == (folder / "in/whole.png").read_bytes()
    for row in ("undamaged       1      1       0", "uncertain       1      1       0"):
        assert any(row in line for line in lines(done))
    page = (folder / "out/report.html").read_text(encoding="utf-8")
    assert "with too little confidence to be filled" in page
    assert "확실하지 않아 메우지 않음" in page
    # A further run takes both as done.
    before = (folder / "out/unsure.png").stat().st_mtime_ns
    run(folder, "in", "out", "-j", "1", "--resume")
    assert (folder / "out/unsure.png").stat().st_mtime_ns == before
    # What a run has found is neither page nor mask for the next.
    again = run(folder, "out", "again", "-j", "1")
    assert again.returncode == 0
    names = {json.loads(line)["file"] for line in (folder / "again/report.jsonl").read_text().splitlines()}
    assert names == {"both.png", "masked.png", "unsure.png", "whole.png"}


def test_without_a_detector_nothing_is_found_silently(folder: Path) -> None:
    done = run(folder, "in/both.png", "out.png", "--mask", "auto", installed=False)
    assert done.returncode == 3
    assert lines(done) == [
        "bokwon: error: no detector model is installed, so bokwon cannot find the damage by itself (--mask auto); "
        "name the mask: --mask FILE, or call it NAME-mask.png"
    ]
    done = run(folder, "in/both.png", "out.png", installed=False)
    assert done.returncode == 1
    assert lines(done) == [
        "bokwon: error: no mask lies beside in/both.png; name the mask: --mask FILE, or call it both-mask.png"
    ]
    assert run(folder, "in", "out", "-j", "1", installed=False).returncode == 0
    status = [json.loads(line)["status"] for line in (folder / "out/report.jsonl").read_text().splitlines()]
    assert sorted(status) == ["no mask", "no mask", "no mask", "no mask", "restored"]


def test_an_added_detector_model_is_used(folder: Path, write_colour_key: Callable[..., Path]) -> None:
    write_colour_key(folder / "key.onnx")
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}
    add = [sys.executable, "-m", "bokwon", "models", "add", "key.onnx", "--name", "detect"]
    subprocess.run(add, cwd=folder, env=environment, check=True, capture_output=True, timeout=120)
    page = np.full((64, 96, 3), 255, np.uint8)
    page[20:40, 30:60] = (255, 0, 0)
    page[50:60, 30:60] = (0, 255, 0)
    Image.fromarray(page).save(folder / "page.png")
    for options in ((), ("--mask", "auto")):
        done = run(folder, "page.png", "filled.png", *options, installed=False)
        assert (done.returncode, lines(done)[-1].partition(" filled, ")[2]) == (
            0,
            "found 1 missing paper, left 1 readable stain",
        )
    with Image.open(folder / "filled.png") as filled:
        assert filled.getpixel((45, 30)) == (255, 255, 255)
        assert filled.getpixel((45, 55)) == (0, 255, 0)


def test_a_model_that_fills_is_not_added_as_the_detector(folder: Path, mean_model: Path) -> None:
    command = [sys.executable, "-m", "bokwon", "models", "add", str(mean_model), "--name", "detect"]
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "is the name of the model that finds damage" in lines(done)[-1]
    assert list((folder / "data/bokwon/models").iterdir()) == []
