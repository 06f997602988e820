"""`bokwon explain` with the features of a model's layers, where PyTorch is installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli import explain
from bokwon.cli.main import main
from bokwon.inpaint.models import find_model


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a page of lines and its mask."""
    monkeypatch.chdir(tmp_path)
    page = np.full((200, 300, 3), 220, np.uint8)
    page[::20] = 30
    Image.fromarray(page).save("page.png")
    hole = np.zeros((200, 300), bool)
    hole[50:150, 60:200] = True
    Image.fromarray(hole).save("mask.png")
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["explain", "page.png", *arguments, "--mask", "mask.png", "--panel", "200"])
    return int(caught.value.code or 0)


def pixels(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image).astype(int)


def is_red(part: np.ndarray) -> np.ndarray:
    return (part[..., 0] - part[..., 1] > 100) & (part[..., 2] < 100)


def test_features_are_drawn_below_the_masks_with_the_same_hole(folder: Path) -> None:
    assert run("both.png") == 0
    figure = pixels("both.png")
    # Eight panels of 200 x 133 in a row, and a row of features below; each panel of those is four channels.
    assert figure.shape[:2] == (2 * (133 + 60) + 16, 8 * 216 + 16)
    for column in range(1, 8):
        left = 16 + column * 216
        mask, features = figure[16:149, left : left + 200], figure[209:342, left : left + 200]
        assert is_red(features).mean() == pytest.approx(is_red(mask).mean(), abs=0.03), column
        known = features[~is_red(features)]
        assert np.ptp(known) > 200
    assert run("masks.png", "--no-features") == 0
    assert pixels("masks.png").shape[:2] == (2 * (133 + 60) + 16, 4 * 216 + 16)


def test_the_pixel_limit_is_the_users(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("out.png", "--max-mpixels", "0.05") == 2
    assert "page.png has more than 0.05 megapixels" in capsys.readouterr().err
    assert run("out.png", "--max-mpixels", "nan") == 1


def test_a_model_of_another_kind_is_drawn_as_masks_and_it_is_said(
    folder: Path, mean_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("out.png", "--model", str(mean_model)) == 0
    assert "note: masks only: " in capsys.readouterr().err
    assert run("two.png", "--model", str(mean_model), "--features") == 2
    assert not Path("two.png").exists()


def test_a_card_of_another_model_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shipped = find_model("document")
    assert shipped.card is not None
    shutil.copy(shipped.path, "mine.onnx")
    Path("mine.json").write_text(json.dumps({**shipped.card, "name": "mine", "kernels": [7, 5, 3]}))
    assert run("out.png", "--model", "./mine.onnx", "--features") == 1
    assert "mine.onnx has 7 layers, and its card describes 3" in capsys.readouterr().err


def test_without_pytorch_features_are_3_when_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(explain, "find_spec", lambda name: None)
    assert run("out.png", "--features") == 3
    assert "pip install 'bokwon[train]'" in capsys.readouterr().err
    assert run("out.png") == 0
    assert pixels("out.png").shape[1] == 4 * 216 + 16


def test_lone_pixels_in_a_hole_are_drawn_as_the_model_takes_them(folder: Path, mean_model: Path) -> None:
    hole = np.ones((200, 300), bool)
    hole[:, :40] = False
    hole[::16, ::16] = False
    Image.fromarray(hole).save("mask.png")

    def missing(name: str) -> float:
        # The second layer's panel.
        return float(is_red(pixels(name)[16:149, 16 + 2 * 216 : 16 + 2 * 216 + 200]).mean())

    # The shipped network leaves lone pixels out of what it knows, a model without a word on it does not.
    assert run("shipped.png", "--no-features") == 0
    assert run("mean.png", "--no-features", "--model", str(mean_model)) == 0
    assert missing("shipped.png") > 0.7
    assert missing("mean.png") < missing("shipped.png") - 0.1
