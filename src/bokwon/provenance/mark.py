"""The mark of a restored file in its XMP: the origin of its pixels, the tool, the model and the record.

The existing packet stays byte for byte; the mark is inserted after its properties. Only an earlier value of IPTC's
DigitalSourceType is replaced, and the mark stores it. So a mark can be removed again exactly.

Source: IPTC Photo Metadata Standard 2025.1 (Digital Source Type, AI System Used, AI System Version Used) and IPTC
NewsCodes, scheme digitalsourcetype.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.packet import AI_SYSTEM, IPTC, OWN, RDF, read_packet
from bokwon.provenance.pdfa import declared_schemas, declared_within
from bokwon.utilities.checksums import sha256_of_file
from bokwon.version import __version__

__all__ = ["COMPOSITE", "CORRECTED", "Mark", "add_mark", "has_mark", "mark_of", "remove_mark"]

_SCHEME = "http://cv.iptc.org/newscodes/digitalsourcetype/"
COMPOSITE = _SCHEME + "compositeWithTrainedAlgorithmicMedia"
"""Digital source type of what a trained model has filled: edited, such as by inpainting, using a generative model."""
CORRECTED = _SCHEME + "algorithmicallyEnhanced"
"""Digital source type of what a classical method has filled: corrected by an algorithm, without a trained model."""
_TRAINED = frozenset({COMPOSITE, _SCHEME + "trainedAlgorithmicMedia"})
_AS_STRONG = {COMPOSITE: _TRAINED, CORRECTED: _TRAINED | {CORRECTED, _SCHEME + "compositeSynthetic"}}
"""Source types that say as much or more: they stay, so that pixels of a trained model never go unmarked."""

_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">\n'
    '</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
).encode()
_ENTRY = f'<rdf:li xmlns:rdf="{RDF}" xmlns:bokwon="{OWN}" rdf:parseType="Resource">'
_ENTRY_END = "</rdf:li>\n"
_BEFORE, _NAMED = "sourceTypeBefore", "aiSystemNamed"


@dataclass(frozen=True)
class Mark:
    """The facts about one restoration.

    Attributes:
        version: Version of bokwon.
        method: What filled the holes, as `RestoreSettings.method`.
        model: Name of the model; None for a classical method.
        model_sha256: Its checksum.
        record: File of the record that holds the original samples; None where there is no record.
        record_sha256: Its checksum. It identifies a record that was moved.
    """

    version: str
    method: str
    model: str | None = None
    model_sha256: str | None = None
    record: str | None = None
    record_sha256: str | None = None

    @property
    def source_type(self) -> str:
        """IPTC's digital source type."""
        return _source_type_of(self.model)


def mark_of(restorer: Restorer, record: Path | None = None) -> Mark:
    """Return the mark for a page that a restorer has filled.

    Args:
        restorer: The restorer.
        record: The record's file of the page's original samples.
    """
    return Mark(
        __version__,
        restorer.settings.method,
        restorer.model.name if restorer.model else None,
        restorer.sha256,
        record.name if record else None,
        sha256_of_file(record) if record else None,
    )


def add_mark(packet: bytes | None, mark: Mark) -> bytes:
    """Return an XMP packet with a mark added.

    Args:
        packet: The existing packet; None if there is none.
        mark: The mark to add.

    Raises:
        ValueError: The packet cannot be read.
    """
    packet = packet or _EMPTY
    found = read_packet(packet)
    fields = {
        "software": "bokwon",
        "softwareVersion": mark.version,
        "method": mark.method,
        "model": mark.model,
        "modelSHA256": mark.model_sha256,
        "record": mark.record,
        "recordSHA256": mark.record_sha256,
    }
    edits: list[tuple[int, int, str]] = []
    blocks = ""
    if found.source_type is None:
        fields[_BEFORE] = ""
        blocks += _description(found.about, _source_type(mark.source_type))
    elif (before := packet[slice(*found.source_type)].decode()).strip() not in _AS_STRONG[mark.source_type]:
        fields[_BEFORE] = before
        edits.append((*found.source_type, mark.source_type))
    if mark.model is not None and not found.has_ai_system:
        fields[_NAMED] = "True"
        blocks += _description(found.about, _ai_system(mark.version, mark.model))
    entry = _ENTRY + "".join(_field(name, value) for name, value in fields.items() if value is not None) + _ENTRY_END
    if found.entries_end is None:
        blocks += _description(found.about, _restorations(entry))
    else:
        edits.append((found.entries_end, found.entries_end, entry))
    if found.is_pdfa and found.entries_end is None:
        if found.schemas_end is None:
            blocks += _description(found.about, declared_within())
        else:
            edits.append((found.schemas_end, found.schemas_end, declared_schemas()))
    edits.append((found.end, found.end, blocks))
    for start, stop, text in sorted(edits, reverse=True):
        packet = packet[:start] + text.encode() + packet[stop:]
    return packet


def has_mark(packet: bytes) -> bool:
    """Return whether an XMP packet contains a mark of a restoration."""
    return OWN.encode() in packet


def remove_mark(packet: bytes, record_sha256: str) -> bytes | None:
    """Return an XMP packet as it was before `add_mark`; None if there was none.

    Args:
        packet: The existing packet.
        record_sha256: Checksum of the record's file; identifies the mark to remove.

    Raises:
        ValueError: The newest mark is another one, or another program has rewritten the packet.
    """
    start = packet.rfind(_ENTRY.encode())
    stop = packet.find(_ENTRY_END.encode(), start) + len(_ENTRY_END)
    entry = packet[start:stop].decode() if 0 <= start < stop else ""
    if _read_field(entry, "recordSHA256") != record_sha256:
        raise ValueError("it has no mark that bokwon wrote for this restoration")
    about = read_packet(packet).about
    packet = packet[:start] + packet[stop:]
    model, before = _read_field(entry, "model"), _read_field(entry, _BEFORE)
    empty = _description(about, _restorations(""))
    if empty.encode() in packet:
        for block in (empty, _description(about, declared_within()), declared_schemas()):
            packet = _without(packet, block)
    if _read_field(entry, _NAMED) and model is not None:
        version = _read_field(entry, "softwareVersion") or ""
        packet = _without(packet, _description(about, _ai_system(version, model)))
    if before == "":
        packet = _without(packet, _description(about, _source_type(_source_type_of(model))))
    elif before is not None and (place := read_packet(packet).source_type) is not None:
        packet = packet[: place[0]] + before.encode() + packet[place[1] :]
    return None if packet == _EMPTY else packet


def _source_type_of(model: str | None) -> str:
    return CORRECTED if model is None else COMPOSITE


def _description(about: str, properties: str) -> str:
    spaces = f'xmlns:rdf="{RDF}" xmlns:Iptc4xmpExt="{IPTC}" xmlns:bokwon="{OWN}"'
    quoted = escape(about, quote=False).replace('"', "&quot;")
    return f'<rdf:Description rdf:about="{quoted}" {spaces}>{properties}</rdf:Description>\n'


def _source_type(value: str) -> str:
    return f"<Iptc4xmpExt:DigitalSourceType>{value}</Iptc4xmpExt:DigitalSourceType>"


def _ai_system(version: str, model: str) -> str:
    names = zip(AI_SYSTEM, ("bokwon", escape(f"{version}, model {model}", quote=False)), strict=True)
    return "".join(f"<Iptc4xmpExt:{name}>{value}</Iptc4xmpExt:{name}>" for name, value in names)


def _restorations(entries: str) -> str:
    return f"<bokwon:restorations><rdf:Seq>\n{entries}</rdf:Seq></bokwon:restorations>"


def _field(name: str, value: str) -> str:
    return f"<bokwon:{name}>{escape(value, quote=False)}</bokwon:{name}>"


def _read_field(entry: str, name: str) -> str | None:
    found = re.search(f"<bokwon:{name}>([^<]*)</bokwon:{name}>", entry)
    return unescape(found[1]) if found else None


def _without(packet: bytes, block: str) -> bytes:
    return packet.replace(block.encode(), b"", 1)
