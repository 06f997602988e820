"""XML trees: what XML cannot hold."""

from __future__ import annotations

from xml.etree import ElementTree

from bokwon.provenance.forms.tree import add, root_of, to_bytes


def test_names_that_xml_cannot_hold_are_replaced() -> None:
    root = root_of("a", "urn:x", "urn:y")
    add(root, "b", "leaf\x00\udcff 옛 책 & <", name="\x1b")
    (child,) = ElementTree.fromstring(to_bytes(root))
    assert (child.text, child.get("name")) == ("leaf\ufffd\ufffd 옛 책 & <", "\ufffd")
