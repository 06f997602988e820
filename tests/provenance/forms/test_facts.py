"""What a record tells, and what it lacks when it is damaged."""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.provenance.forms.facts import outline_of, read_facts
from bokwon.provenance.hole_list import connected_holes


def test_a_record_tells_of_its_files_pages_and_regions(record: Path) -> None:
    facts = read_facts(record)
    assert facts.input == PurePath("scans/book 7.tif")
    assert facts.output == record.parent / "book 7.tif"
    assert facts.tool == "bokwon 0.1.0, model document"
    assert facts.levels == 4
    assert [page.number for page in facts.pages] == [1, 3]
    first, last = facts.pages
    assert (first.size, first.origin, first.filled) == ((90, 60), "found", 801)
    large, small = first.regions
    assert (large.box, large.area, large.damage, large.evidence, large.confidence) == (
        (20, 10, 40, 20),
        800,
        "burn",
        2,
        0.75,
    )
    assert set(large.outline) == {(20, 10), (60, 10), (60, 30), (20, 30)}
    assert (small.damage, set(small.outline)) == ("scratch", {(70, 50), (71, 50), (71, 51), (70, 51)})
    assert [(region.damage, region.confidence) for region in last.regions] == [(None, None)]
    assert read_facts(record / "record.json") == facts


def test_one_page_may_be_chosen(record: Path) -> None:
    assert [page.number for page in read_facts(record, 3).pages] == [3]
    with pytest.raises(ArgumentError, match="has no page 2; choose from 1, 3"):
        read_facts(record, 2)
    with pytest.raises(ArgumentError, match=r"PAGE-XML holds one page, but .* has pages 1, 3; choose one: --page"):
        read_facts(record).single_page("PAGE-XML")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content.pop("time"),
        lambda content: content.pop("settings"),
        lambda content: content.update(input=None),
        lambda content: content["pages"][0].pop("holes"),
        lambda content: content["pages"][0]["holes"][0].pop("evidence"),
        lambda content: content["pages"][0]["holes"].pop(),
        lambda content: content["pages"][0].update(size=[60, 90]),
    ],
    ids=["no time", "no settings", "no input", "no holes", "no evidence", "too few holes", "another size"],
)
def test_a_damaged_record_is_said_to_be(record: Path, damage: Any) -> None:
    content = json.loads((record / "record.json").read_text())
    damage(content)
    (record / "record.json").write_text(json.dumps(content))
    with pytest.raises(InputFileError, match="is damaged: it lacks"):
        read_facts(record)


def test_a_record_without_its_holes_is_said_to_be(record: Path) -> None:
    (record / "hole_p003.png").unlink()
    with pytest.raises(FileAccessError, match=r"hole_p003.png does not exist"):
        read_facts(record)
    Image.fromarray(np.zeros((40, 50), bool)).save(record / "hole_p003.png")
    with pytest.raises(InputFileError, match=r"the holes of page 3: hole_p003.png shows other holes"):
        read_facts(record)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=5, max_size=5))
def test_an_outline_goes_around_all_of_its_hole_and_nothing_far_from_it(rows: list[list[bool]]) -> None:
    hole = np.array(rows)
    for box, inside in connected_holes(hole):
        left, top, width, height = box
        points = np.array(outline_of(inside, (left, top)))
        assert len(points) >= 4
        assert (points.min(0) == (left, top)).all()
        assert (points.max(0) == (left + width, top + height)).all()
        # At eight times the size, to see the middles of pixels.
        drawn = np.zeros((height * 8 + 1, width * 8 + 1), np.uint8)
        cv2.fillPoly(drawn, [((points - (left, top)) * 8).astype(np.int32)], 1)
        assert drawn[4::8, 4::8][inside].all()
