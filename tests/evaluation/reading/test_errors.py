from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bokwon.errors import ArgumentError, InputFileError
from bokwon.evaluation.data.pairs import plan_pairs
from bokwon.evaluation.job import Order
from bokwon.evaluation.measure.benchmark import Folders, Task, run_task
from bokwon.evaluation.measure.journal import Journal
from bokwon.evaluation.measure.methods import ERASED, parse_methods
from bokwon.evaluation.reading.errors import Edits, add_edits, count_edits, normalise, recovered
from bokwon.evaluation.reading.legibility import KnownLine, known_lines, read_pairs
from bokwon.evaluation.reading.readers import make_reader, order_lines
from bokwon.evaluation.reading.summary import summarise_reading
from bokwon.evaluation.reading.tables import reading_tables

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
    with pytest.raises(ArgumentError, match="there is no reader 'eyes'"):
        make_reader("eyes")


class Counter:
    """Reads `ok`, and where the hole's white is seen something else. It goes to other processes."""

    description = "counter"

    def read(self, image: np.ndarray) -> str:
        white = np.all(image == ERASED, axis=-1)
        return "ok" if white.mean() < 0.05 else "o?!"


class Blind:
    """Must not be asked what `Counter` has read."""

    description = "counter"

    def read(self, image: np.ndarray) -> str:
        raise AssertionError("read again")

    def read_lines(self, lines: list[np.ndarray]) -> list[str]:
        raise AssertionError("read again")


class Illiterate:
    """Sees the same letters on every page."""

    description = "illiterate"

    def read(self, image: np.ndarray) -> str:
        return "ob"


def tasks_of(material: Any, report: Path) -> list[Task]:
    plan = plan_pairs(material.images, material.masks)
    folders = Folders(material.images, material.masks, report)
    tasks = [Task(pair, method, folders) for method in parse_methods("telea,identity") for pair in plan.pairs]
    for task in tasks:
        run_task(task)
    return tasks


def read(tasks: list[Task], readers: list[Any], journal: Journal) -> dict[int, dict[str, Any]]:
    return read_pairs(tasks, readers, journal, 1, lambda _done, _total: None)


def test_pages_are_read_before_and_after_and_not_twice(material: Any, tmp_path: Path) -> None:
    tasks = tasks_of(material, tmp_path)
    found = read(tasks, [Counter()], Journal(tmp_path / "read.jsonl"))
    assert len(found) == 6
    records = [task.pair.record() for task in tasks[:6]]
    summary = summarise_reading(found, records, ["telea", "identity"])
    assert {key: summary[key] for key in ("pairs", "without_text", "unreadable", "known")} == {
        "pairs": 6, "without_text": 0, "unreadable": 0, "known": 0
    }  # fmt: skip
    assert [row["bin"] for row in summary["rows"]] == [None, 2, 3]
    pictures = summary["rows"][0]["pictures"]
    assert pictures["undamaged"]["cer"] == pictures["telea"]["cer"] == 0
    # ok -> o?!: one substituted, one inserted of two.
    assert pictures["damaged"] == {
        "characters": 12, "cer": 1.0, "substituted": 0.5, "inserted": 0.5, "missing": 0.0, "recovered": None,
        "recovered_characters": None,
    }  # fmt: skip
    assert (pictures["telea"]["recovered"], pictures["telea"]["recovered_characters"]) == (1.0, 12)
    assert (pictures["identity"]["recovered"], pictures["identity"]["recovered_characters"]) == (0.0, 0)
    # Two images: no interval.
    (duel,) = summary["rows"][0]["against"]
    assert duel["other"] == "identity"
    assert duel["times_recovered"] == {"mean": None, "low": None, "high": None}
    assert duel["fewer_invented"] == {"mean": 1.0, "low": None, "high": None}
    # Another run asks no reader; an undamaged crop has been read once for all its masks.
    assert read(tasks, [Blind()], Journal(tmp_path / "read.jsonl")) == found
    assert len(Journal(tmp_path / "read.jsonl").records) == 2 + 6 + 12


def test_of_several_readers_the_one_that_reads_the_undamaged_page(material: Any, tmp_path: Path) -> None:
    tasks = tasks_of(material, tmp_path)
    write_page(material, "0.png", "ok")
    write_page(material, "1.png", "qqqq")
    found = read(tasks, [Illiterate(), Counter()], Journal(tmp_path / "read.jsonl"))
    readable = {task.pair.number for task in tasks if task.pair.image == "0.png"}
    assert {entry["reader"] for number, entry in found.items() if number in readable} == {"counter"}
    assert {number for number, entry in found.items() if entry["readable"]} == readable
    records = [task.pair.record() for task in tasks[:6]]
    summary = summarise_reading(found, records, ["telea", "identity"])
    assert (summary["readers"], summary["pairs"], summary["unreadable"]) == (
        ["counter"],
        len(readable),
        6 - len(readable),
    )
    assert summary["known"] == len(readable)


def test_characters_are_counted_over_all_pages_with_an_interval() -> None:
    def edits(substituted: int, missing: int) -> dict[str, int]:
        return {"length": 100, "substituted": substituted, "inserted": 0, "missing": missing}

    readings = {"undamaged": edits(0, 0), "damaged": edits(0, 40), "ours": edits(2, 8), "telea": edits(12, 13)}
    entry = {"reader": "r", "known": True, "readable": True, "readings": readings}
    pairs = [{"number": n, "bin": 1, "image": f"{n}.png"} for n in range(6)]
    summary = summarise_reading(dict.fromkeys(range(6), entry), pairs, ["ours", "telea"])
    (duel,) = summary["rows"][0]["against"]
    # 30 of 40 characters against 15: twice as many. 2 % invented against 12 %.
    assert duel["times_recovered"] == {"mean": 2.0, "low": 2.0, "high": 2.0}
    assert duel["fewer_invented"] == {"mean": 0.1, "low": 0.1, "high": 0.1}
    tables = reading_tables({"methods": [{"name": "ours"}], "cells": [{"bin": 1}], "reading": summary})
    assert tables[1].rows[0] == (
        "telea", "all, 1-10 % hole", "6, 0", "180", "90", "2.00 [2.00, 2.00]", "2.0", "12.0", "+10.0 [+10.0, +10.0]"
    )  # fmt: skip
    assert tables[0].rows[2][:2] == ("ours", "all, 1-10 % hole")
    # As many wrong after either is neither fewer nor more; one lost page does not hide the five others.
    even = {**readings, "telea": readings["ours"]}
    worse = {**readings, "ours": edits(100, 0)}
    mixed = dict(enumerate([readings] * 4 + [even, worse]))
    found = {number: {**entry, "readings": mine} for number, mine in mixed.items()}
    (duel,) = summarise_reading(found, pairs, ["ours", "telea"])["rows"][0]["against"]
    assert (duel["crops_with_fewer_errors"], duel["crops_with_more_errors"]) == (4, 1)
    # Where the other takes nothing back there is no number of times.
    readings["telea"] = edits(0, 40)
    (duel,) = summarise_reading(dict.fromkeys(range(6), entry), pairs, ["ours", "telea"])["rows"][0]["against"]
    assert duel["times_recovered"] == {"mean": None, "low": None, "high": None}


def write_page(material: Any, image: str, text: str) -> None:
    """Give a page a text, all of it in the middle."""
    page = {"text": text, "characters": [{"text": character, "box": [40, 40, 41, 41]} for character in text]}
    (material.images / image).with_suffix(".json").write_text(json.dumps(page), encoding="utf-8")


def test_the_text_of_a_rendered_page_is_that_of_whole_characters_in_the_crop(material: Any) -> None:
    pair = replace(plan_pairs(material.images, material.masks).pairs[0], image="0.png", window=(10, 10, 50, 50))
    assert known_lines(pair, material.images) is None
    boxes = {"天": [10, 10, 20, 20], "地": [5, 10, 15, 20], "宙": [30, 12, 44, 21], "玄": [50, 50, 60, 60]}
    boxes["黃"] = [51, 50, 61, 60]
    page = {"text": "天地 宙\n玄\n黃", "characters": [{"text": text, "box": box} for text, box in boxes.items()]}
    path = material.images / "0.json"
    path.write_text(json.dumps(page), encoding="utf-8")
    assert known_lines(pair, material.images) == (KnownLine("天宙", (0, 0, 34, 11)), KnownLine("玄", (40, 40, 50, 50)))
    for broken in ([], page | {"text": "天地"}, page | {"text": "天地玄黃宇宙"}):
        path.write_text(json.dumps(broken), encoding="utf-8")
        with pytest.raises(InputFileError, match=r"0\.json"):
            known_lines(pair, material.images)


class ByLine:
    """Reads the mean of a line, as dark or light; sees no page."""

    description = "by line"

    def read(self, image: np.ndarray) -> str:
        raise AssertionError("a page whose lines are known")

    def read_lines(self, lines: list[np.ndarray]) -> list[str]:
        return [" d\n" if line.mean() < 128 else "l" for line in lines]


def test_lines_are_cut_out_and_counted_each_by_itself(material: Any, tmp_path: Path) -> None:
    image = plan_pairs(material.images, material.masks).pairs[0].image
    page = np.full((64, 64, 3), 250, np.uint8)
    page[4:12, 8:40] = 0
    Image.fromarray(page).save(material.images / image)
    boxes = [[8, 4, 40, 12], [8, 30, 40, 38]]
    known = {"text": "d\nl", "characters": [{"text": t, "box": b} for t, b in zip("dl", boxes, strict=True)]}
    (material.images / image).with_suffix(".json").write_text(json.dumps(known))
    tasks = [task for task in tasks_of(material, tmp_path) if task.pair.image == image]
    journal = Journal(tmp_path / "read.jsonl")
    found = read_pairs(tasks, [ByLine()], journal, 1, lambda _done, _total: None, by_line=True)
    for entry in found.values():
        assert entry["known"]
        assert entry["readings"]["undamaged"] == {"length": 2, "substituted": 0, "inserted": 0, "missing": 0}
    # Once read, always known; a reading of the whole page is another thing.
    again = [Blind()]
    again[0].description = "by line"
    assert read_pairs(tasks, again, journal, 1, lambda _done, _total: None, by_line=True) == found
    with pytest.raises(AssertionError, match="read again"):
        read(tasks, again, journal)


def test_lines_without_a_reader_are_refused(material: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="--read"):
        Order(Folders(material.images, material.masks, tmp_path), "telea", by_line=True)
