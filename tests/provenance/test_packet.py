"""Places in XMP packets as different programs write them."""

from __future__ import annotations

import pytest

from bokwon.provenance.packet import RDF, read_packet

IPTC = 'xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
OPEN = f'<rdf:Description rdf:about="uuid:7" {IPTC}>'
FORMS = {
    "attribute": f'<rdf:Description rdf:about="uuid:7" {IPTC} e:DigitalSourceType="VALUE"/>',
    "quoted once": f"<rdf:Description rdf:about='uuid:7' {IPTC} e:Event='a > b' e:DigitalSourceType = 'VALUE' />",
    "element": f"{OPEN}<e:DigitalSourceType>VALUE</e:DigitalSourceType></rdf:Description>",
    "resource": f'{OPEN}<e:DigitalSourceType rdf:resource="VALUE"/></rdf:Description>',
}


def packet(properties: str, start: str = "", end: str = "") -> bytes:
    return f'{start}<rdf:RDF xmlns:rdf="{RDF}">{properties}</rdf:RDF>{end}'.encode()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("start", ["", "\ufeff", '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'])
def test_the_source_type_is_found_however_it_is_written(form: str, start: str) -> None:
    whole = packet(FORMS[form], start, "\0\0")
    found = read_packet(whole)
    assert found.source_type is not None
    assert whole[slice(*found.source_type)] == b"VALUE"
    assert found.about == "uuid:7"
    assert whole[found.end :].startswith(b"</rdf:RDF>")


def test_a_source_type_within_a_structure_is_not_that_of_the_picture() -> None:
    inner = "<e:ImageRegion><rdf:Bag><rdf:li><rdf:Description>" + (
        "<e:DigitalSourceType>VALUE</e:DigitalSourceType></rdf:Description></rdf:li></rdf:Bag></e:ImageRegion>"
    )
    found = read_packet(packet(f'<rdf:Description rdf:about="" {IPTC}>{inner}</rdf:Description>'))
    assert found.source_type is None
    assert found.about == ""


def test_a_value_that_speaks_of_a_source_type_is_none() -> None:
    # Long enough that going through it once for each of its characters would never end.
    text = f"{'7' * 300_000} e:DigitalSourceType='other'"
    whole = packet(f'<rdf:Description rdf:about="" {IPTC} e:Event="{text}" e:DigitalSourceType="VALUE"/>')
    place = read_packet(whole).source_type
    assert place is not None
    assert whole[slice(*place)] == b"VALUE"


@pytest.mark.parametrize("name", ["AISystemUsed", "AISystemVersionUsed"])
def test_a_named_ai_system_is_seen(name: str) -> None:
    assert read_packet(packet(f'<rdf:Description rdf:about="" {IPTC} e:{name}="x"/>')).has_ai_system
    element = f'<rdf:Description rdf:about="" {IPTC}><e:{name}>x</e:{name}></rdf:Description>'
    assert read_packet(packet(element)).has_ai_system
    assert not read_packet(packet(f'<rdf:Description rdf:about="" {IPTC} e:Event="x"/>')).has_ai_system


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (b"", "well-formed"),
        (b"<x:xmpmeta>", "well-formed"),
        (packet("").decode().encode("utf-16"), "well-formed"),
        (packet("<rdf:Description rdf:about='\xe4'/>").decode().encode("latin-1"), "well-formed"),
        (b"<a/>", "no properties"),
        (f'<rdf:RDF xmlns:rdf="{RDF}"/>'.encode(), "no properties"),
        (b"<!DOCTYPE a []>" + packet(""), "document type"),
        (packet(f'<rdf:Description rdf:about="" {IPTC}><e:DigitalSourceType/></rdf:Description>'), "is empty"),
    ],
    ids=["empty", "cut off", "utf-16", "latin-1", "no rdf", "nothing in it", "document type", "empty source type"],
)
def test_what_is_no_packet_is_said(damaged: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_packet(damaged)
