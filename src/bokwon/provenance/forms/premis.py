"""PREMIS 3: the restoration as an event, with the two files as objects and the software as agents.

Source: PREMIS Data Dictionary 3.0 and its XML schema, Library of Congress.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from bokwon.provenance.forms.facts import Facts
from bokwon.provenance.forms.media import media_type_of, media_type_of_format
from bokwon.provenance.forms.tree import Element, add, root_of, to_bytes

__all__ = ["to_premis"]

_NAMESPACE = "http://www.loc.gov/premis/v3"
_SCHEMA = "https://www.loc.gov/standards/premis/premis.xsd"
_VOCABULARY = "http://id.loc.gov/vocabulary/preservation/eventType"
_IDENTIFIER = "UUID"


def to_premis(facts: Facts) -> bytes:
    """Return the event of a restoration. The same record always gives the same identifiers."""
    event = _uuid("event", facts.output_sha256, facts.time)
    before, after = _uuid("object", facts.input_sha256), _uuid("object", facts.output_sha256, event)
    agents: list[tuple[str, str, str | None]] = [("bokwon", facts.version, None)]
    if facts.model:
        agents.append((f"bokwon model {facts.model}", facts.version, facts.model_sha256))
    names = [_uuid("agent", name, version, checksum or "") for name, version, checksum in agents]
    root = root_of("premis", _NAMESPACE, _SCHEMA, version="3.0")
    _add_object(root, before, facts.input_sha256, media_type_of(facts.input), facts.input.name)
    output = _add_object(root, after, facts.output_sha256, media_type_of_format(facts.output_format), facts.output.name)
    relationship = add(output, "relationship")
    add(relationship, "relationshipType", "derivation")
    add(relationship, "relationshipSubType", "has source")
    _identify(relationship, "relatedObjectIdentifier", before)
    _identify(relationship, "relatedEventIdentifier", event)
    _add_event(root, facts, event, names, before, after)
    for name, (title, version, checksum) in zip(names, agents, strict=True):
        agent = add(root, "agent")
        _identify(agent, "agentIdentifier", name)
        add(agent, "agentName", title)
        add(agent, "agentType", "software")
        add(agent, "agentVersion", version)
        if checksum:
            add(agent, "agentNote", f"sha256 of the model: {checksum}")
    return to_bytes(root)


def _add_object(root: Element, name: str, checksum: str, media_type: str, title: str) -> Element:
    element = add(root, "object", **{"xsi:type": "file"})
    _identify(element, "objectIdentifier", name)
    characteristics = add(element, "objectCharacteristics")
    fixity = add(characteristics, "fixity")
    add(fixity, "messageDigestAlgorithm", "SHA-256")
    add(fixity, "messageDigest", checksum)
    add(add(add(characteristics, "format"), "formatDesignation"), "formatName", media_type)
    add(element, "originalName", title)
    return element


def _add_event(root: Element, facts: Facts, event: str, agents: list[str], before: str, after: str) -> None:
    element = add(root, "event")
    _identify(element, "eventIdentifier", event)
    uri = {"authority": "eventType", "authorityURI": _VOCABULARY, "valueURI": f"{_VOCABULARY}/mod"}
    add(element, "eventType", "modification", **uri)
    add(element, "eventDateTime", facts.time)
    what = f"Damage of the digital image was filled by {facts.tool}, engine {facts.engine}."
    add(add(element, "eventDetailInformation"), "eventDetail", what)
    outcome = add(element, "eventOutcomeInformation")
    add(outcome, "eventOutcome", "success")
    for page in facts.pages:
        count = len(page.regions)
        regions = f"{count} region{'s' * (count != 1)}"
        note = f"page {page.number}: {regions} filled, {page.filled} pixels"
        add(add(outcome, "eventOutcomeDetail"), "eventOutcomeDetailNote", note)
    kept = f"original pixels and evidence: {facts.folder.name}"
    add(add(outcome, "eventOutcomeDetail"), "eventOutcomeDetailNote", kept)
    for agent in agents:
        _identify(element, "linkingAgentIdentifier", agent, role="executing program")
    _identify(element, "linkingObjectIdentifier", before, role="source")
    _identify(element, "linkingObjectIdentifier", after, role="outcome")


def _identify(parent: Element, name: str, value: str, *, role: str | None = None) -> None:
    element = add(parent, name)
    add(element, f"{name}Type", _IDENTIFIER)
    add(element, f"{name}Value", value)
    if role is not None:
        add(element, name.replace("Identifier", "Role"), role)


def _uuid(*parts: str) -> str:
    return str(uuid5(NAMESPACE_URL, "urn:x-bokwon:" + ":".join(parts)))
