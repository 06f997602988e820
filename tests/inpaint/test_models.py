from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.inpaint.models import WEIGHTS, find_model, list_models, load_model


@pytest.fixture
def folder(tmp_path: Path, mean_model: Path) -> Path:
    """A folder of shipped models with one, named mean."""
    for name in ("mean.onnx", "mean.json"):
        shutil.copy(mean_model.parent / name, tmp_path)
    return tmp_path


def test_a_shipped_model_is_found_by_name_and_loaded(folder: Path) -> None:
    model = find_model("mean", folder=folder)
    data, digest = load_model(model)
    assert (model.name, model.path) == ("mean", folder / "mean.onnx")
    assert digest == hashlib.sha256(data).hexdigest() == model.sha256
    assert model.card is not None
    assert model.card["licence"] == "Apache-2.0"


def test_models_are_listed_with_their_cards(folder: Path) -> None:
    assert [model.name for model in list_models(folder)] == ["mean"]
    assert list_models(folder / "none") == ()


def test_every_shipped_model_is_what_its_card_says() -> None:
    assert WEIGHTS.parent.name == "bokwon"
    for model in list_models():
        assert load_model(find_model(model.path.stem))[1] == model.sha256


def test_shipped_cards_name_no_folder_of_the_machine_that_trained() -> None:
    cards = [model.path.with_suffix(".json").read_text(encoding="utf-8") for model in list_models()]
    assert len(cards) > 1
    assert [text for card in cards for text in re.findall(r'"((?:/|~|[A-Za-z]:).*?)"', card)] == []


def test_an_unknown_name_says_which_there_are(folder: Path) -> None:
    with pytest.raises(ArgumentError, match="'letter'; shipped models: mean"):
        find_model("letter", folder=folder)


def test_a_file_given_like_a_name_is_pointed_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    Path("mine").touch()
    with pytest.raises(ArgumentError, match=r"write \./mine"):
        find_model("mine", folder=folder)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_taken_as_it_is_with_or_without_card(folder: Path, kind: type) -> None:
    model = find_model(kind(folder / "mean.onnx"))
    assert model.card is not None
    (folder / "mean.json").unlink()
    model = find_model(kind(folder / "mean.onnx"))
    assert model.card is None
    assert model.sha256 is None
    assert len(load_model(model)[1]) == 64


def test_a_shipped_model_without_card_is_broken(folder: Path) -> None:
    (folder / "mean.json").unlink()
    with pytest.raises(InputFileError, match="lost its card"):
        find_model("mean", folder=folder)


def test_another_checksum_is_an_input_file_error(folder: Path) -> None:
    with (folder / "mean.onnx").open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(InputFileError, match="is not the file its card describes"):
        load_model(find_model("mean", folder=folder))


@pytest.mark.parametrize("card", ["", "{", "[]", json.dumps({"name": "mean"}), json.dumps({"sha256": 7})])
def test_a_damaged_card_is_an_input_file_error(folder: Path, card: str) -> None:
    (folder / "mean.json").write_text(card)
    with pytest.raises(InputFileError, match="model card"):
        find_model("mean", folder=folder)


def test_a_missing_file_or_a_folder_is_a_file_access_error(folder: Path) -> None:
    with pytest.raises(FileAccessError, match="does not exist"):
        find_model(folder / "none.onnx")
    with pytest.raises(FileAccessError, match="is a folder"):
        find_model(folder)
    model = find_model(folder / "mean.onnx")
    model.path.unlink()
    with pytest.raises(FileAccessError, match="cannot be read"):
        load_model(model)
