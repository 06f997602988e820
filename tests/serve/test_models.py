"""Which models clients may ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bokwon.inpaint.models import WEIGHTS
from bokwon.serve.models import list_fillers


def names() -> set[str]:
    return {model["name"] for model in list_fillers()}


def test_models_that_fill_are_listed_whatever_their_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write_colour_key: Callable[..., Path]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "bokwon" / "models"
    folder.mkdir(parents=True)
    write_colour_key(folder / "mine.onnx")
    for suffix in (".onnx", ".json"):
        (folder / f"detect-not{suffix}").write_bytes((WEIGHTS / f"photo{suffix}").read_bytes())
    assert {"document", "photo", "detect-not"} <= names()
    assert not {"detect", "mine", "document-int8"} & names()
    assert all(model["title"] for model in list_fillers())


def test_a_damaged_card_hides_no_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bokwon.inpaint.models.WEIGHTS", tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "bad.onnx").write_bytes(b"")
    (tmp_path / "bad.json").write_text("{")
    assert list_fillers() == []
