"""What PDF/A asks of XMP properties that it does not know: a description of each in the same packet.

Source: ISO 19005-1, 6.7.8, and ISO 19005-2, 6.6.2.3 (extension schemas).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bokwon.provenance.packet import AI_SYSTEM, IPTC, OWN, RDF

__all__ = ["declared_schemas", "declared_within"]

_NAMESPACES = {
    "rdf": RDF,
    "pdfaExtension": "http://www.aiim.org/pdfa/ns/extension/",
    "pdfaSchema": "http://www.aiim.org/pdfa/ns/schema#",
    "pdfaProperty": "http://www.aiim.org/pdfa/ns/property#",
    "pdfaType": "http://www.aiim.org/pdfa/ns/type#",
    "pdfaField": "http://www.aiim.org/pdfa/ns/field#",
}
_IPTC_PROPERTIES = {
    "DigitalSourceType": "IPTC code of where the image comes from",
    **dict(zip(AI_SYSTEM, ("AI system that edited the image", "its version and model"), strict=True)),
}
_FIELDS = {
    "software": "what restored the image",
    "softwareVersion": "its version",
    "method": "how holes were filled",
    "model": "name of the model",
    "modelSHA256": "checksum of the model",
    "record": "file of the record with the original samples",
    "recordSHA256": "checksum of that file",
    "sourceTypeBefore": "DigitalSourceType before the restoration",
    "aiSystemNamed": "whether this restoration named the AI system",
}


def declared_schemas() -> str:
    """Return entries that describe every property of a mark, for the bag of a packet's extension schemas."""
    iptc = [_described("Property", name, "Text", text, category="external") for name, text in _IPTC_PROPERTIES.items()]
    own = [_described("Property", "restorations", "seq Restoration", "restorations, in order", category="internal")]
    kind = {"type": "Restoration", "namespaceURI": OWN, "prefix": "bokwon", "description": "one restoration"}
    fields = "".join(_described("Field", name, "Text", text) for name, text in _FIELDS.items())
    restoration = _item(_texts("pdfaType", kind) + f"<pdfaType:field>{_seq([fields])}</pdfaType:field>")
    return _schema("IPTC Extension", IPTC, "Iptc4xmpExt", iptc) + _schema(
        "Restorations by bokwon",
        OWN,
        "bokwon",
        own,
        f"<pdfaSchema:valueType>{_seq([restoration])}</pdfaSchema:valueType>",
    )


def declared_within() -> str:
    """Return the same as a property of its own, for a packet without extension schemas."""
    spaces = f'xmlns:rdf="{RDF}" xmlns:pdfaExtension="{_NAMESPACES["pdfaExtension"]}"'
    bag = f"<rdf:Bag {spaces}>{declared_schemas()}</rdf:Bag>"
    return f'<pdfaExtension:schemas xmlns:pdfaExtension="{_NAMESPACES["pdfaExtension"]}">{bag}</pdfaExtension:schemas>'


def _schema(title: str, namespace: str, prefix: str, properties: Sequence[str], more: str = "") -> str:
    texts = _texts("pdfaSchema", {"schema": title, "namespaceURI": namespace, "prefix": prefix})
    inner = f"{texts}<pdfaSchema:property>{_seq(properties)}</pdfaSchema:property>{more}"
    spaces = " ".join(f'xmlns:{name}="{uri}"' for name, uri in _NAMESPACES.items())
    return f'<rdf:li {spaces} rdf:parseType="Resource">{inner}</rdf:li>\n'


def _described(kind: str, name: str, value_type: str, description: str, *, category: str | None = None) -> str:
    told = {"name": name, "valueType": value_type, **({"category": category} if category else {})}
    return _item(_texts(f"pdfa{kind}", {**told, "description": description}))


def _texts(prefix: str, told: Mapping[str, str]) -> str:
    return "".join(f"<{prefix}:{name}>{text}</{prefix}:{name}>" for name, text in told.items())


def _seq(items: Sequence[str]) -> str:
    return f"<rdf:Seq>{''.join(items)}</rdf:Seq>"


def _item(inner: str) -> str:
    return f'<rdf:li rdf:parseType="Resource">{inner}</rdf:li>'
