"""CSV: one line for each filled hole."""

from __future__ import annotations

import csv
import io

from bokwon.provenance.forms.facts import Facts
from bokwon.provenance.forms.zones import zone_of

__all__ = ["COLUMNS", "to_csv"]

COLUMNS = (
    *("input", "output", "page", "left", "top", "width", "height", "area"),
    *("damage", "zone", "confidence", "evidence", "shape", "mask", "mask_origin"),
)


def to_csv(facts: Facts) -> bytes:
    """Return the filled holes of a record as a CSV table in UTF-8; unknown values are empty."""
    stream = io.StringIO(newline="")
    table = csv.writer(stream)
    table.writerow(COLUMNS)
    for page in facts.pages:
        for region in page.regions:
            known = (region.damage, zone_of(region.damage), region.confidence, region.evidence, region.shape)
            files = (facts.input.name, facts.output.name)
            table.writerow((*files, page.number, *region.box, region.area, *known, page.mask, page.origin))
    return stream.getvalue().encode("utf-8", "surrogateescape")
