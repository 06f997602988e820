"""What is exported follows the published schemas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from bokwon.provenance.forms import Facts, read_facts, to_alto, to_pagexml, to_premis

SCHEMAS = Path(__file__).parent / "schemas"
XLINK = b"http://www.loc.gov/standards/xlink/xlink.xsd"
EMPTY_XLINK = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">
<xs:attributeGroup name="simpleLink"/></xs:schema>"""


def schema_of(name: str, folder: Path) -> etree.XMLSchema:
    """Read a schema; ALTO's import from the network is one group of attributes, none of which bokwon writes."""
    (folder / "xlink.xsd").write_bytes(EMPTY_XLINK)
    content = (SCHEMAS / name).read_bytes().replace(XLINK, (folder / "xlink.xsd").as_uri().encode())
    return etree.XMLSchema(etree.fromstring(content))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("premis.xsd", to_premis),
        ("alto-4-4.xsd", to_alto),
        ("pagecontent.xsd", lambda facts: to_pagexml(replace(facts, pages=facts.pages[:1]))),
        ("pagecontent.xsd", lambda facts: to_pagexml(replace(facts, pages=facts.pages[1:]))),
    ],
)
def test_a_record_follows_its_schema(name: str, write: Callable[[Facts], bytes], record: Path, tmp_path: Path) -> None:
    written = etree.fromstring(write(read_facts(record)))
    schema = schema_of(name, tmp_path)
    schema.assertValid(written)
    # The schema does not accept just anything.
    etree.SubElement(written, "unknown")
    assert not schema.validate(written)
