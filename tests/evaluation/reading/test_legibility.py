"""Pages are read before damage, after it and after each restoration."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.evaluation.data.pairs import plan_pairs
from bokwon.evaluation.measure.benchmark import Folders, Task, run_task
from bokwon.evaluation.measure.journal import Journal
from bokwon.evaluation.measure.methods import ERASED, parse_methods
from bokwon.evaluation.reading.legibility import KnownLine, known_lines, read_pairs
from bokwon.evaluation.reading.summary import summarise_reading


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
    assert known_lines(pair, material.images) == (
        KnownLine("天宙", (0, 0, 34, 11), ((0, 0, 10, 10), (20, 2, 34, 11))),
        KnownLine("玄", (40, 40, 50, 50), ((40, 40, 50, 50),)),
    )
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


def test_characters_that_normalising_merges_have_no_place_of_their_own(material: Any) -> None:
    pair = replace(plan_pairs(material.images, material.masks).pairs[0], image="0.png", window=(0, 0, 60, 60))
    places = [[10, 10, 20, 20], [20, 10, 30, 20]]
    for text, boxes in (("e\u0301", ()), ("ab", ((10, 10, 20, 20), (20, 10, 30, 20)))):
        page = {"text": text, "characters": [{"text": t, "box": b} for t, b in zip(text, places, strict=True)]}
        (material.images / "0.json").write_text(json.dumps(page), encoding="utf-8")
        (line,) = known_lines(pair, material.images) or ()
        assert line.boxes == boxes


class Dark:
    """Reads `i` where a box holds something dark, `o` where it holds white, and nothing where it is in between."""

    description = "dark"

    def read(self, image: np.ndarray) -> str:
        raise AssertionError("a page whose lines are known")

    def read_lines(self, lines: list[np.ndarray]) -> list[str]:
        return ["i" if line.min() < 100 else "o" if line.max() == ERASED else "" for line in lines]


def test_single_characters_are_counted_by_what_the_hole_hides(material: Any, tmp_path: Path) -> None:
    """Three strokes: one untouched, one hidden by half, one hidden whole."""
    for path in (*material.images.glob("*.png"), *material.masks.rglob("*.png")):
        path.unlink()
    page = np.full((64, 64, 3), 230, np.uint8)
    tops = (8, 28, 48)
    for top in tops:
        page[top : top + 8, 30:33] = 20
    Image.fromarray(page).save(material.images / "page.png")
    characters = [{"text": "i", "box": [28, top - 2, 36, top + 10]} for top in tops]
    text = {"text": "i\ni\ni", "characters": characters}
    (material.images / "page.json").write_text(json.dumps(text))
    hole = np.zeros((64, 64), bool)
    hole[32:36, 20:50] = True
    hole[44:60, 20:50] = True
    Image.fromarray(hole).save(material.masks / "one.png")
    tasks = tasks_of(material, tmp_path)
    journal = Journal(tmp_path / "read.jsonl")
    found = read_pairs(tasks, [Dark()], journal, 1, lambda _done, _total: None, by_line=True)
    (entry,) = found.values()
    counted = entry["characters"]
    assert list(counted) == ["damaged", "telea", "identity"]
    nothing = {"characters": 1, "lost": 0, "won_back": 0, "missing": 0, "wrong": 0, "invented": 0}
    # White is read as another letter; Telea leaves paper, which is read as nothing.
    assert counted["damaged"] == {
        "untouched": nothing, "less": nothing, "more": nothing | {"lost": 1, "wrong": 1}
    }  # fmt: skip
    assert counted["telea"]["more"] == nothing | {"lost": 1, "missing": 1}
    summary = summarise_reading(found, [task.pair.record() for task in tasks[:1]], ["telea", "identity"])
    assert summary["characters"] == {"pairs": 1, "pictures": counted}
