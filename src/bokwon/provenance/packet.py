"""Finds the places in an XMP packet where a mark is inserted, without rewriting the packet.

Source: XMP Specification Part 1 (ISO 16684-1): one rdf:RDF, whose rdf:Description elements hold the properties.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from xml.parsers import expat

__all__ = ["AI_SYSTEM", "IPTC", "OWN", "RDF", "Packet", "read_packet"]

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
OWN = "urn:x-bokwon:restoration:1.0/"
"""Namespaces of XMP's syntax, of IPTC's extension, and of bokwon's own properties."""
AI_SYSTEM = ("AISystemUsed", "AISystemVersionUsed")
"""IPTC's properties of the system that has made or edited a picture."""

_ROOT, _DESCRIPTION, _ABOUT, _RESOURCE = (f"{RDF} {name}" for name in ("RDF", "Description", "about", "resource"))
_SOURCE_TYPE = f"{IPTC} DigitalSourceType"
_RESTORATIONS = f"{OWN} restorations"
_SCHEMAS = "http://www.aiim.org/pdfa/ns/extension/ schemas"
_PDFA = ("http://www.aiim.org/pdfa/ns/id/ part", "http://www.aiim.org/pdfa/ns/id/ conformance")
_TAG = re.compile(rb"<(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>")
# Each begins behind a space, so that long values are gone through once.
_ATTRIBUTE = re.compile(rb"(?<=\s)[^\s=<>\"'/]+:([^\s=<>\"'/:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


@dataclass
class Packet:
    """Places in an XMP packet, as byte offsets.

    Attributes:
        about: The value of rdf:about in its descriptions.
        end: Where to insert further descriptions.
        source_type: Beginning and end of the value of IPTC's DigitalSourceType; None where it has none.
        entries_end: Where to insert an entry after those of earlier restorations; None if there are none.
        has_ai_system: Whether it names the AI system used.
        is_pdfa: Whether it says that its file is PDF/A, where every property must be described.
        schemas_end: Where to insert such descriptions after the existing ones; None if there are none.
    """

    about: str = ""
    end: int = -1
    source_type: tuple[int, int] | None = None
    entries_end: int | None = None
    has_ai_system: bool = False
    is_pdfa: bool = False
    schemas_end: int | None = None


def read_packet(packet: bytes) -> Packet:
    """Find the places of an XMP packet in UTF-8.

    Raises:
        ValueError: It is not a well-formed packet.
    """
    # A document type could unfold to any size, and XMP has none. Zeros behind it are padding.
    if b"<!DOCTYPE" in packet:
        raise ValueError("it has a document type")
    reader = _Reader(packet)
    try:
        reader.parser.Parse(packet.rstrip(b"\0"), True)
    except expat.ExpatError as error:
        raise ValueError("it is not well-formed XML in UTF-8") from error
    if reader.found.end < 0:
        raise ValueError("it has no properties")
    return reader.found


@dataclass
class _Reader:
    packet: bytes
    found: Packet = field(default_factory=Packet)

    def __post_init__(self) -> None:
        self._path: list[str] = []
        self._value_at: int | None = None
        self._described = False
        self.parser = expat.ParserCreate("UTF-8", " ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parents, self._path = self._path, [*self._path, name]
        tag = _TAG.match(self.packet, self.parser.CurrentByteIndex)
        if tag is None:
            raise ValueError("its tags cannot be read")
        if parents[-1:] == [_ROOT] and name == _DESCRIPTION:
            if not self._described:
                self.found.about = attributes.get(_ABOUT, "")
            self._described = True
            self._names(attributes)
            if _SOURCE_TYPE in attributes:
                self._take(tag, b"DigitalSourceType")
        elif parents[-2:] == [_ROOT, _DESCRIPTION]:
            self._names([name])
            if name == _SOURCE_TYPE and _RESOURCE in attributes:
                self._take(tag, b"resource")
            elif name == _SOURCE_TYPE:
                if tag[0].endswith(b"/>"):
                    raise ValueError("its source type is empty")
                self._value_at = tag.end()

    def _end(self, name: str) -> None:
        self._path.pop()
        place = self.parser.CurrentByteIndex
        if name == _SOURCE_TYPE and self._value_at is not None:
            self.found.source_type, self._value_at = (self._value_at, place), None
        elif self._path[-1:] == [_RESTORATIONS]:
            self.found.entries_end = place
        elif self._path[-1:] == [_SCHEMAS]:
            self.found.schemas_end = place
        elif name == _ROOT and self.packet.startswith(b"</", place):
            self.found.end = place

    def _names(self, names: Container[str]) -> None:
        self.found.has_ai_system |= any(f"{IPTC} {name}" in names for name in AI_SYSTEM)
        self.found.is_pdfa |= any(name in names for name in _PDFA)

    def _take(self, tag: re.Match[bytes], name: bytes) -> None:
        found = (item for item in _ATTRIBUTE.finditer(self.packet, tag.start(), tag.end()) if item[1] == name)
        value = next(found, None)
        if value is None:
            raise ValueError("its source type is written in an unknown way")
        self.found.source_type = value.span(2) if value[2] is not None else value.span(3)
