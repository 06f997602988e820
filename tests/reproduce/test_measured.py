from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError
from bokwon.evaluation.report.results import read_results
from bokwon.evaluation.report.tables import PUBLISHED
from bokwon.reproduce import measured
from bokwon.reproduce.measured import Measured, available, cell_table, check_inputs, inception_table
from bokwon.reproduce.recipe import Recipe
from bokwon.synthesis.masks.bins import CELLS


@pytest.fixture(scope="module")
def found(table_run: Any) -> Measured:
    return Measured(read_results(table_run.recipe.out / "measured" / "results.json"), {})


def test_a_table_has_a_row_a_method_and_a_column_a_cell(found: Measured) -> None:
    table = cell_table(found, "l1")
    assert table.heads[1:] == tuple(cell["name"] for cell in found.results["cells"])
    assert [row[0] for row in table.rows] == [
        "partial",
        "conv-mean",
        "telea",
        "PConv as published, on Places2",
        "pairs",
    ]
    for column, cell in enumerate(CELLS, 1):
        mine = [pair for pair in found.results["pairs"] if (pair["bin"], pair["border"]) == (cell.bin, cell.border)]
        values = {name: np.mean([pair["methods"][name]["l1"] for pair in mine]) for name in found.names}
        best = min(values, key=lambda name: values[name])
        for row, name in zip(table.rows, found.names, strict=False):
            text = f"{values[name]:.2f}"
            assert row[column] == (f"**{text}**" if name == best else text)
        side = "border" if cell.border else "inner"
        assert table.rows[3][column] == f"{PUBLISHED['l1'][side][cell.bin - 1]:.2f}"
        assert table.rows[4][column] == str(len(mine)) == "1"


def test_an_empty_cell_has_dashes() -> None:
    cell = {"name": "1-10 % inner", "bin": 1, "border": False, "pairs": 0, "methods": {}}
    table = cell_table(Measured({"methods": [{"name": "telea"}], "cells": [cell]}, {}), "ssim")
    assert table.rows == (("telea", "-"), ("pairs", "0"))


def test_methods_that_cannot_run_are_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    real = measured.parse_methods

    def parse(name: str) -> Any:
        if name == "patchmatch":
            raise MissingDependencyError("PatchMatch needs pypatchmatch", "pip install it")
        return real(name)

    monkeypatch.setattr(measured, "parse_methods", parse)
    names, notes = available(["telea", "patchmatch", "ns"])
    assert names == "telea,ns"
    assert len(notes) == 1
    assert notes[0].startswith("patchmatch was not measured: PatchMatch needs pypatchmatch")


def test_without_weights_the_inception_score_says_why_it_is_empty(found: Measured, tmp_path: Path) -> None:
    table, reason = inception_table(found, None)
    assert {text for row in table.rows for text in row[1:]} == {"-"}
    assert "--inception" in reason
    wrong = tmp_path / "wrong.pth"
    wrong.write_bytes(b"no weights")
    assert "wrong.pth" in inception_table(found, wrong)[1] or "bokwon[perceptual]" in inception_table(found, wrong)[1]


class Counting:
    """Counts the pictures since its last reset."""

    def reset(self) -> None:
        self.pictures = 0

    def update(self, images: Any) -> None:
        assert images.shape == (1, 3, 8, 8)
        self.pictures += len(images)

    def compute(self) -> tuple[float, float]:
        return float(self.pictures), 0.0


def test_every_cell_of_ten_pairs_has_a_score_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [{"name": str(count), "bin": 1, "border": count == 10, "pairs": count} for count in (10, 9)]
    pairs = [{"number": number, "bin": 1, "border": number < 10} for number in range(19)]
    results = {"methods": [{"name": "a"}, {"name": "b"}], "cells": cells, "pairs": pairs}

    class Task:
        pair, folders = None, type("Folders", (), {"images": None, "masks": None})

    monkeypatch.setattr(measured, "_inception", lambda weights: (Counting(), ""))
    monkeypatch.setattr(measured, "load_pair", lambda *_: (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), bool)))
    monkeypatch.setattr(measured, "restored_picture", lambda task, truth, hole: truth)
    tasks: Any = {(number, name): Task() for number in range(19) for name in "ab"}
    table, reason = inception_table(Measured(results, tasks), Path("weights.pth"))
    assert table.rows == (("a", "10.00", "-"), ("b", "10.00", "-"))
    assert "needs 10 pairs" in reason


def test_inputs_are_checked_before_anything_is_trained(material: Any, tmp_path: Path) -> None:
    images, masks = material.images, material.masks
    check_inputs(Recipe(tmp_path, methods="ns"), images, masks, ["partial"])
    with pytest.raises(ArgumentError, match="name of a network"):
        check_inputs(Recipe(tmp_path, methods="partial=ns"), images, masks, ["partial"])
    with pytest.raises(ArgumentError, match="nothing-like-it"):
        check_inputs(Recipe(tmp_path, methods="nothing-like-it"), images, masks, ["partial"])
    with pytest.raises(FileAccessError):
        check_inputs(Recipe(tmp_path), images / "missing", masks, ["partial"])
