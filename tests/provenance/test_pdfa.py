"""Descriptions of the mark's properties for PDF/A."""

from __future__ import annotations

from xml.etree import ElementTree

from bokwon.provenance.packet import IPTC, OWN, RDF
from bokwon.provenance.pdfa import declared_schemas, declared_within


def test_each_schema_says_its_namespace_prefix_and_properties() -> None:
    root = ElementTree.fromstring(f'<rdf:Bag xmlns:rdf="{RDF}">{declared_schemas()}</rdf:Bag>')
    space = "{http://www.aiim.org/pdfa/ns/schema#}"
    assert [(item.findtext(f"{space}namespaceURI"), item.findtext(f"{space}prefix")) for item in root] == [
        (IPTC, "Iptc4xmpExt"),
        (OWN, "bokwon"),
    ]
    for item in root:
        (properties,) = item.iter(f"{space}property")
        for described in properties[0]:
            names = [child.tag.split("}")[1] for child in described]
            assert names == ["name", "valueType", "category", "description"]
            assert all(child.text for child in described)
    (kind,) = root[1].iter(f"{space}valueType")
    assert [child.tag.split("}")[1] for child in kind[0][0]] == [
        "type",
        "namespaceURI",
        "prefix",
        "description",
        "field",
    ]


def test_on_its_own_it_is_one_property() -> None:
    root = ElementTree.fromstring(declared_within())
    assert root.tag == "{http://www.aiim.org/pdfa/ns/extension/}schemas"
    assert [len(bag) for bag in root] == [2]
