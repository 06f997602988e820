"""Small XML trees with the standard library: one default namespace, names as in the schemas."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

__all__ = ["Element", "add", "root_of", "to_bytes"]

_NO_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def root_of(name: str, namespace: str, schema: str, **attributes: str) -> Element:
    """Return the root of a document.

    Args:
        name: Its name.
        namespace: Namespace of all elements.
        schema: Where its schema is published.
        attributes: Attributes of the root.
    """
    location = {"xmlns": namespace, "xmlns:xsi": _XSI, "xsi:schemaLocation": f"{namespace} {schema}"}
    return Element(name, {**location, **attributes})


def add(parent: Element, name: str, text: str | None = None, /, **attributes: str | int | float | None) -> Element:
    """Append a new element to another one, and return it; attributes with the value None are left out."""
    told = {key: _clean(str(value)) for key, value in attributes.items() if value is not None}
    element = ElementTree.SubElement(parent, name, told)
    element.text = None if text is None else _clean(text)
    return element


def _clean(text: str) -> str:
    """Replace what XML has no place for: control characters, and bytes of file names that are no UTF-8."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def to_bytes(root: Element) -> bytes:
    """Return a document as UTF-8."""
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, "UTF-8", xml_declaration=True)) + b"\n"
