from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokwon.errors import ArgumentError, InputFileError
from bokwon.evaluation.benchmark import Folders, Journal, Task, run_task
from bokwon.evaluation.legibility import known_text, read_pairs, summarise_reading
from bokwon.evaluation.methods import ERASED, parse_methods
from bokwon.evaluation.pairs import plan_pairs
from bokwon.evaluation.readers import make_reader, order_lines
from bokwon.evaluation.reading import Edits, add_edits, count_edits, normalise, recovered

TEXTS = st.text("abc天", max_size=12)


@pytest.mark.parametrize(
    ("text", "reading", "substituted", "inserted", "missing"),
    [
        ("天地玄黃", "天地玄黃", 0, 0, 0),
        ("天地玄黃", "天他玄黃", 1, 0, 0),
        ("天地玄黃", "天地玄玄黃", 0, 1, 0),
        ("天地玄黃", "天黃", 0, 0, 2),
        ("天地玄黃", "", 0, 0, 4),
        ("", "abc", 0, 3, 0),
        ("kitten", "sitting", 2, 1, 0),
    ],
)
def test_edits_by_hand(text: str, reading: str, substituted: int, inserted: int, missing: int) -> None:
    assert count_edits(text, reading) == Edits(len(text), substituted, inserted, missing)


def distance(first: str, second: str) -> int:
    """The textbook's recursion, cell by cell."""
    previous = list(range(len(second) + 1))
    for row, one in enumerate(first, 1):
        current = [row]
        for column, two in enumerate(second, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (one != two)))
        previous = current
    return previous[-1]


@given(text=TEXTS, reading=TEXTS)
def test_edits_are_as_few_as_possible_and_add_up(text: str, reading: str) -> None:
    edits = count_edits(text, reading)
    assert edits.substituted + edits.inserted + edits.missing == distance(text, reading)
    assert len(text) - edits.missing + edits.inserted == len(reading)


def test_the_rate_counts_everything_over_the_length() -> None:
    edits = add_edits([Edits(10, 1, 2, 3), Edits(10, 0, 0, 4)])
    assert edits == Edits(20, 1, 2, 7)
    assert edits.rate == pytest.approx(0.5)
    with pytest.raises(ArgumentError):
        _ = Edits(0, 0, 1, 0).rate


def test_recovered() -> None:
    assert recovered(0.1, 0.5, 0.2) == pytest.approx(0.75)
    assert recovered(0.1, 0.5, 0.6) == pytest.approx(-0.25)
    assert recovered(0.1, 0.1, 0.1) is None


def test_texts_are_compared_without_space_and_composed() -> None:
    assert normalise(" ha\u0308nd \n 한글\u3000") == "händ한글"
    assert normalise("\u1112\u1161\u11ab") == "한"


def test_lines_go_down_and_to_the_right() -> None:
    lines = [("d", (60, 41, 90, 60)), ("a", (0, 0, 40, 20)), ("c", (0, 40, 50, 60)), ("b", (50, 4, 90, 24))]
    assert order_lines(lines) == ["a", "b", "c", "d"]


def test_columns_go_from_right_to_left() -> None:
    lines = [("黃宇", (0, 0, 20, 90)), ("天地", (60, 0, 80, 40)), ("玄", (58, 50, 79, 90))]
    assert order_lines(lines) == ["天地", "玄", "黃宇"]


def test_an_unknown_reader() -> None:
    with pytest.raises(ArgumentError, match="no reader is named 'eyes'"):
        make_reader("eyes")


class Counter:
    """Reads as many letters as the picture has pixels of the hole's white in its first row, up to 9."""

    description = "counter"

    def read(self, image: np.ndarray) -> str:
        white = np.all(image == ERASED, axis=-1)
        return "ok" if white.mean() < 0.05 else "o?!"


def tasks_of(material: Any, report: Path) -> list[Task]:
    plan = plan_pairs(material.images, material.masks)
    folders = Folders(material.images, material.masks, report)
    tasks = [Task(pair, method, folders) for method in parse_methods("telea,identity") for pair in plan.pairs]
    for task in tasks:
        run_task(task)
    return tasks


def test_pages_are_read_before_and_after(material: Any, tmp_path: Path) -> None:
    tasks = tasks_of(material, tmp_path)
    journal = Journal(tmp_path / "read.jsonl")
    found = read_pairs(tasks, Counter(), journal, lambda _done, _total: None)
    assert len(found) == 6
    records = [task.pair.record() for task in tasks[:6]]
    summary = summarise_reading(found, records, "counter")
    assert (summary["pairs"], summary["without_text"], summary["known"]) == (6, 0, 0)
    assert [row["bin"] for row in summary["rows"]] == [None, 2, 3]
    pictures = summary["rows"][0]["pictures"]
    assert pictures["undamaged"]["cer"] == pictures["telea"]["cer"] == 0
    # ok -> o?!: one substituted, one inserted of two.
    assert pictures["damaged"] == {
        "characters": 12, "cer": 1.0, "substituted": 0.5, "inserted": 0.5, "missing": 0.0, "recovered": None
    }  # fmt: skip
    assert pictures["telea"]["recovered"] == 1.0
    assert pictures["identity"]["recovered"] == 0.0


def test_what_was_read_is_not_read_again(material: Any, tmp_path: Path) -> None:
    class Blind:
        description = "counter"

        def read(self, image: np.ndarray) -> str:
            raise AssertionError("read again")

    tasks = tasks_of(material, tmp_path)
    first = read_pairs(tasks, Counter(), Journal(tmp_path / "read.jsonl"), lambda _done, _total: None)
    again = read_pairs(tasks, Blind(), Journal(tmp_path / "read.jsonl"), lambda _done, _total: None)
    assert again == first


def test_the_text_of_a_rendered_page_is_that_of_whole_characters_in_the_crop(material: Any) -> None:
    pair = replace(plan_pairs(material.images, material.masks).pairs[0], image="0.png", window=(10, 10, 50, 50))
    assert known_text(pair, material.images) is None
    boxes = {"天": [10, 10, 20, 20], "地": [5, 10, 15, 20], "玄": [50, 50, 60, 60], "黃": [51, 50, 61, 60]}
    page = {"characters": [{"text": text, "box": box} for text, box in boxes.items()]}
    (material.images / "0.json").write_text(json.dumps(page), encoding="utf-8")
    assert known_text(pair, material.images) == "天玄"
    (material.images / "0.json").write_text("[]")
    with pytest.raises(InputFileError, match=r"0\.json"):
        known_text(pair, material.images)
