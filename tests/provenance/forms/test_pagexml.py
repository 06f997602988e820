"""PAGE-XML: what stands where."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bokwon.errors import ArgumentError
from bokwon.provenance.forms import read_facts, to_pagexml

PAGE = "{http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15}"


def test_pagexml_has_a_region_for_each_hole_of_its_page(record: Path) -> None:
    with pytest.raises(ArgumentError, match="PAGE-XML holds one page"):
        to_pagexml(read_facts(record))
    root = ElementTree.fromstring(to_pagexml(read_facts(record, 1)))
    (page,) = root.iter(f"{PAGE}Page")
    assert (page.get("imageFilename"), page.get("imageWidth"), page.get("imageHeight")) == ("book 7.tif", "90", "60")
    large, small = page.iter(f"{PAGE}CustomRegion")
    assert large.get("type") == "DamageZone:charred"
    assert large.get("custom") == "structure {type:DamageZone:charred;}"
    assert large.get("comments") == "burn, filled; evidence level 2 of 4"
    assert large[0].get("conf") == "0.75"
    assert small.get("type") == "DamageZone"
    (other,) = ElementTree.fromstring(to_pagexml(read_facts(record, 3))).iter(f"{PAGE}CustomRegion")
    assert other[0].get("conf") is None
