"""Blind comparison: a sheet without names, its key, and the tally of answers."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bokwon.errors import ArgumentError, InputFileError, OutputExistsError
from bokwon.evaluation.data.pairs import load_pair, plan_pairs
from bokwon.evaluation.job import Order, evaluate
from bokwon.evaluation.measure.benchmark import Folders
from bokwon.evaluation.report.blind import Tally, choose_trials, exact_interval, format_tally, tally


def records(pairs: int, images: int) -> list[dict[str, Any]]:
    return [{"number": number, "image": f"{number % images}.png"} for number in range(pairs)]


def test_trials_depend_on_the_seed_and_sides_are_drawn() -> None:
    trials = choose_trials(records(60, 60), ["ours", "telea", "ns"], 1)
    assert trials == choose_trials(records(60, 60), ["ours", "telea", "ns"], 1)
    assert trials != choose_trials(records(60, 60), ["ours", "telea", "ns"], 2)
    assert Counter(frozenset((trial.left, trial.right)) for trial in trials) == {
        frozenset(("ours", "telea")): 40,
        frozenset(("ours", "ns")): 40,
    }
    # 40 expected of 80, standard deviation 4.5.
    assert 22 < sum(trial.left == "ours" for trial in trials) < 58
    # In mixed order.
    assert len({(trial.left, trial.right) for trial in trials[:20]}) > 2


def test_every_image_comes_once_before_any_comes_again() -> None:
    trials = choose_trials(records(90, 30), ["ours", "telea"], 0)
    assert len(trials) == 40
    assert sorted(Counter(trial.image for trial in trials).values()) == [1] * 20 + [2] * 10


def test_one_method_is_not_compared() -> None:
    with pytest.raises(ArgumentError, match="nothing to compare"):
        choose_trials(records(3, 3), ["ours"], 0)


def test_a_sheet_names_nobody_and_its_key_does(material: Any, tmp_path: Path) -> None:
    folders = Folders(material.images, material.masks, tmp_path / "report")
    order = Order(folders, "telea,identity", per_cell=2, blind=tmp_path / "blind", seed=5)
    evaluate(order, lambda _stage: lambda _done, _total: None)
    key = json.loads((tmp_path / "blind" / "key.json").read_text())
    page = (tmp_path / "blind" / "sheet.html").read_text()
    assert len(key["trials"]) == page.count("<fieldset>") == 4
    for word in ("telea", "identity", "report", ".png", str(material.images)):
        assert word not in re.sub(r"base64,[^\"]*", "", page)
    assert key["sheet"] in page
    # Left is what the key says: identity leaves the hole white, Telea does not.
    pictures = [base64.b64decode(data) for data in re.findall(r"base64,([^\"]*)", page)]
    pairs = {pair.number: pair for pair in plan_pairs(material.images, material.masks, per_cell=2, seed=5).pairs}
    for number, trial in enumerate(key["trials"]):
        _, hole = load_pair(pairs[trial["pair"]], material.images, material.masks)
        for side, name in enumerate((trial["left"], trial["right"])):
            image = cv2.imdecode(np.frombuffer(pictures[2 * number + side], np.uint8), cv2.IMREAD_COLOR)
            assert bool((np.asarray(image)[hole] == 255).all()) == (name == "identity")
    with pytest.raises(OutputExistsError, match="holds files"):
        evaluate(order, lambda _stage: lambda _done, _total: None)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Ours against telea on ten images, the first twice; ours stands left in even questions."""
    trials = [
        {
            "pair": number,
            "image": f"{number % 10}.png",
            "left": "ours" if number % 2 == 0 else "telea",
            "right": "telea" if number % 2 == 0 else "ours",
        }
        for number in range(11)
    ]
    path = tmp_path / "key.json"
    path.write_text(json.dumps({"sheet": "s", "seed": 0, "first": "ours", "trials": trials}))
    return path


def answers(path: Path, given: dict[int, str], sheet: str = "s") -> Path:
    path.write_text(json.dumps({"sheet": sheet, "answers": {str(number): text for number, text in given.items()}}))
    return path


def test_answers_are_counted_by_side_and_by_image(key: Path, tmp_path: Path) -> None:
    for_ours = {number: "left" if number % 2 == 0 else "right" for number in range(10)}
    one = answers(tmp_path / "one.json", {**for_ours, 1: "left", 2: "same"})
    two = answers(tmp_path / "two.json", {0: "right", 10: "right", 3: "right"})
    (found,) = tally(key, [one, two])
    # Image 0: one vote for ours, two for telea (questions 0 and 10); image 1: telea; image 2: no difference.
    assert (found.first, found.other) == ("ours", "telea")
    assert (found.better, found.same, found.worse) == (9, 1, 3)
    assert (found.images, found.preferred) == (9, 7)
    assert (found.low, found.high) == exact_interval(7, 9)
    text = format_tally([found])
    assert "| ours against telea | 9 | 1 | 3 | 9 | 78 % [40, 97] |" in text


def test_exact_intervals_are_those_of_the_tables() -> None:
    # Clopper and Pearson: nine of ten 0.5550 to 0.9975, ten of ten from 0.6915, none of five up to 0.5218.
    assert exact_interval(9, 10) == pytest.approx((0.5550, 0.9975), abs=5e-5)
    assert exact_interval(10, 10) == pytest.approx((0.6915, 1.0), abs=5e-5)
    assert exact_interval(0, 5) == pytest.approx((0.0, 0.5218), abs=5e-5)
    assert exact_interval(0, 0) == (0.0, 1.0)


def test_nobody_decided_anything(key: Path, tmp_path: Path) -> None:
    (found,) = tally(key, [answers(tmp_path / "one.json", {0: "same"})])
    assert found == Tally("ours", "telea", 0, 1, 0, 0, 0, 0.0, 1.0)
    assert "| 0 | - [0, 100] |" in format_tally([found])


def test_answers_to_something_else_are_refused(key: Path, tmp_path: Path) -> None:
    for given, told in (
        (answers(tmp_path / "other.json", {0: "left"}, "t"), "another sheet"),
        (answers(tmp_path / "far.json", {99: "left"}), "to question '99'"),
        (answers(tmp_path / "odd.json", {0: "middle"}), "'middle'"),
        (key, "holds no answers"),
    ):
        with pytest.raises(InputFileError, match=told):
            tally(key, [given])
    (tmp_path / "text.json").write_text("x")
    with pytest.raises(InputFileError, match="not JSON"):
        tally(key, [tmp_path / "text.json"])
