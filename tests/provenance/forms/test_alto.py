"""ALTO: what stands where."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from bokwon.provenance.forms import read_facts, to_alto

ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"


def test_alto_has_a_block_for_each_hole_of_every_page(record: Path) -> None:
    root = ElementTree.fromstring(to_alto(read_facts(record)))
    tags = {tag.get("ID"): tag.get("LABEL") for tag in root.iter(f"{ALTO}OtherTag")}
    assert list(tags.values()) == ["DamageZone:charred", "DamageZone"]
    pages = list(root.iter(f"{ALTO}Page"))
    assert [(page.get("PHYSICAL_IMG_NR"), page.get("WIDTH"), page.get("HEIGHT")) for page in pages] == [
        ("1", "90", "60"),
        ("3", "50", "40"),
    ]
    block, *others = pages[0].iter(f"{ALTO}ComposedBlock")
    assert len(others) == 1
    assert [block.get(name) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT", "TYPE")] == ["20", "10", "40", "20", "burn"]
    assert tags[block.get("TAGREFS")] == "DamageZone:charred"
    (polygon,) = block.iter(f"{ALTO}Polygon")
    assert set(str(polygon.get("POINTS")).split()) == {"20,10", "60,10", "60,30", "20,30"}
    assert [item.text for item in root.iter(f"{ALTO}fileName")] == ["book 7.tif"]
    assert [item.text for item in root.iter(f"{ALTO}softwareVersion")] == ["0.1.0"]
