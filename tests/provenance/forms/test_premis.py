"""PREMIS: what stands where."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from bokwon.provenance.forms import read_facts, to_premis

PREMIS, XSI = "{http://www.loc.gov/premis/v3}", "{http://www.w3.org/2001/XMLSchema-instance}"


def texts(root: Element, name: str) -> list[str | None]:
    return [element.text for element in root.iter(name)]


def test_premis_tells_of_one_event_two_files_and_the_software(record: Path) -> None:
    root = ElementTree.fromstring(to_premis(read_facts(record)))
    assert [child.tag.removeprefix(PREMIS) for child in root] == ["object", "object", "event", "agent", "agent"]
    assert {item.get(f"{XSI}type") for item in root.iter(f"{PREMIS}object")} == {"file"}
    assert texts(root, f"{PREMIS}messageDigest") == ["a" * 64, "b" * 64]
    assert texts(root, f"{PREMIS}originalName") == ["book 7.tif", "book 7.tif"]
    assert texts(root, f"{PREMIS}eventType") == ["modification"]
    assert texts(root, f"{PREMIS}eventDateTime") == ["2026-11-29T09:00:00+00:00"]
    assert texts(root, f"{PREMIS}agentName") == ["bokwon", "bokwon model document"]
    assert texts(root, f"{PREMIS}linkingObjectRole") == ["source", "outcome"]
    assert texts(root, f"{PREMIS}eventOutcomeDetailNote")[:2] == [
        "page 1: 2 regions filled, 801 pixels",
        "page 3: 1 region filled, 40 pixels",
    ]
    named = texts(root, f"{PREMIS}objectIdentifierValue") + texts(root, f"{PREMIS}agentIdentifierValue")
    linked = texts(root, f"{PREMIS}linkingObjectIdentifierValue") + texts(root, f"{PREMIS}linkingAgentIdentifierValue")
    assert named == linked
    assert len(set(named)) == 4
    assert texts(root, f"{PREMIS}relatedObjectIdentifierValue") == named[:1]
    assert to_premis(read_facts(record)) == to_premis(read_facts(record))
