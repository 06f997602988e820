"""CSV: a line for each filled hole."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from bokwon.provenance.forms import read_facts, to_csv
from bokwon.provenance.forms.table import COLUMNS


def test_every_hole_is_a_line(record: Path) -> None:
    header, first, second, third = csv.reader(io.StringIO(to_csv(read_facts(record)).decode()))
    assert tuple(header) == COLUMNS
    told = dict(zip(header, first, strict=True))
    assert told["output"] == "book 7.tif"
    assert [told[name] for name in ("page", "left", "top", "width", "height", "area")] == [
        *"1",
        "20",
        "10",
        "40",
        "20",
        "800",
    ]
    assert [told[name] for name in ("damage", "zone", "confidence", "evidence", "mask_origin")] == [
        "burn",
        "DamageZone:charred",
        "0.75",
        "2",
        "found",
    ]
    assert second[COLUMNS.index("damage")] == "scratch"
    assert third[COLUMNS.index("damage")] == third[COLUMNS.index("confidence")] == ""
