"""The mark of a restoration: what it says, that it adds to what was there, and that it comes out without a trace."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.mark import COMPOSITE, CORRECTED, Mark, add_mark, has_mark, mark_of, remove_mark
from bokwon.provenance.packet import IPTC, OWN, RDF, read_packet
from bokwon.settings import RestoreSettings

TRAINED = Mark("0.1", "model", "docu<ment>", "a1", "original_p001.npz", "f1")
CLASSICAL = Mark("0.1", "telea", record="original_p002.npz", record_sha256="f2")
EXT = f'xmlns:e="{IPTC}"'
SCHEME = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def packet(source_type: str = "", *, about: str = "", inner: str = "") -> bytes:
    attribute = f' e:DigitalSourceType="{source_type}"' if source_type else ""
    described = f"<rdf:Description rdf:about='{about}' {EXT}{attribute}>{inner}</rdf:Description>"
    return f'<?xpacket begin="" id=""?><rdf:RDF xmlns:rdf="{RDF}">{described}</rdf:RDF>  <?xpacket end="w"?>'.encode()


def source_type(whole: bytes) -> str:
    place = read_packet(whole).source_type
    assert place is not None
    return whole[slice(*place)].decode()


def test_a_mark_says_by_what_and_names_its_record() -> None:
    marked = add_mark(None, TRAINED)
    root = ElementTree.fromstring(marked.decode().lstrip("\ufeff"))
    (entry,) = root.iter(f"{{{RDF}}}li")
    said = {child.tag.removeprefix(f"{{{OWN}}}"): child.text for child in entry}
    assert (
        said.items()
        >= {
            "software": "bokwon",
            "softwareVersion": "0.1",
            "method": "model",
            "model": "docu<ment>",
            "modelSHA256": "a1",
            "record": "original_p001.npz",
            "recordSHA256": "f1",
        }.items()
    )
    assert [item.text for item in root.iter(f"{{{IPTC}}}DigitalSourceType")] == [COMPOSITE]
    assert [item.text for item in root.iter(f"{{{IPTC}}}AISystemUsed")] == ["bokwon"]
    assert has_mark(marked)
    assert remove_mark(marked, "f1") is None


def test_a_classical_method_is_no_trained_one() -> None:
    marked = add_mark(None, CLASSICAL)
    assert source_type(marked) == CORRECTED
    assert b"AISystemUsed" not in marked
    assert b"model" not in marked


@pytest.mark.parametrize(
    ("before", "mark", "after"),
    [
        (SCHEME + "print", TRAINED, COMPOSITE),
        (SCHEME + "print", CLASSICAL, CORRECTED),
        (CORRECTED, TRAINED, COMPOSITE),
        (COMPOSITE, CLASSICAL, COMPOSITE),
        (SCHEME + "trainedAlgorithmicMedia", TRAINED, SCHEME + "trainedAlgorithmicMedia"),
        (SCHEME + "compositeSynthetic", CLASSICAL, SCHEME + "compositeSynthetic"),
        (SCHEME + "compositeSynthetic", TRAINED, COMPOSITE),
    ],
)
def test_a_source_type_gives_way_to_one_that_says_more(before: str, mark: Mark, after: str) -> None:
    whole = packet(before)
    marked = add_mark(whole, mark)
    assert source_type(marked) == after
    assert marked.count(b"DigitalSourceType") == 1
    assert remove_mark(marked, str(mark.record_sha256)) == whole


def test_restorations_one_after_the_other_are_taken_back_from_the_last() -> None:
    whole = packet(SCHEME + "print")
    first = add_mark(whole, CLASSICAL)
    second = add_mark(first, TRAINED)
    assert second.count(b":restorations>") == 2
    assert second.index(b"f2") < second.index(b"f1")
    with pytest.raises(ValueError, match="no mark that bokwon wrote for this restoration"):
        remove_mark(second, "f2")
    assert remove_mark(second, "f1") == first
    assert remove_mark(first, "f2") == whole


def test_every_description_is_about_the_same() -> None:
    marked = add_mark(packet(about='uuid:&amp;"7"'), TRAINED)
    root = ElementTree.fromstring(marked)
    assert {item.get(f"{{{RDF}}}about") for item in root.iter(f"{{{RDF}}}Description")} == {'uuid:&"7"'}


PDFA = 'xmlns:p="http://www.aiim.org/pdfa/ns/id/"'
SCHEMAS = (
    '<x:schemas xmlns:x="http://www.aiim.org/pdfa/ns/extension/"><rdf:Bag><rdf:li>a</rdf:li></rdf:Bag></x:schemas>'
)


@pytest.mark.parametrize("schemas", ["", SCHEMAS], ids=["without schemas", "with schemas"])
def test_in_a_pdfa_every_property_of_the_mark_is_described(schemas: str) -> None:
    inner = f"<p:part {PDFA}>2</p:part>{schemas}"
    whole = packet(SCHEME + "print", inner=inner)
    first = add_mark(whole, CLASSICAL)
    second = add_mark(first, TRAINED)
    root = ElementTree.fromstring(second)
    assert len(list(root.iter("{http://www.aiim.org/pdfa/ns/extension/}schemas"))) == 1
    described = {item.text for item in root.iter("{http://www.aiim.org/pdfa/ns/property#}name")}
    described |= {item.text for item in root.iter("{http://www.aiim.org/pdfa/ns/field#}name")}
    used = {item.tag.split("}")[1] for item in root.iter() if item.tag.startswith((f"{{{OWN}}}", f"{{{IPTC}}}"))}
    assert described >= used
    assert remove_mark(second, "f1") == first
    assert remove_mark(first, "f2") == whole


def test_other_files_need_no_description() -> None:
    assert b"pdfa" not in add_mark(packet(), TRAINED)


def test_what_is_no_mark_of_ours_is_said() -> None:
    with pytest.raises(ValueError, match="no mark that bokwon wrote for this restoration"):
        remove_mark(packet(), "f1")
    assert not has_mark(packet())


@settings(deadline=None)
@given(
    before=st.sampled_from(["", COMPOSITE, CORRECTED, SCHEME + "print", "a &amp; b"]),
    inner=st.text(st.characters(exclude_characters="<>&\r", exclude_categories=("Cc", "Cs"))),
    marks=st.lists(st.sampled_from([TRAINED, CLASSICAL]), min_size=1, max_size=4),
)
def test_marks_come_out_byte_for_byte(before: str, inner: str, marks: list[Mark]) -> None:
    states = [packet(before, inner=f"<e:Event>{inner}</e:Event>")]
    for mark in marks:
        states.append(add_mark(states[-1], mark))
        ElementTree.fromstring(states[-1])
    for mark, state in zip(reversed(marks), reversed(states[:-1]), strict=True):
        removed = remove_mark(states.pop(), str(mark.record_sha256))
        assert removed == state


def test_the_mark_of_a_restorer_names_the_records_file(tmp_path: Path, mean_model: Path) -> None:
    record = tmp_path / "original_p003.npz"
    record.write_bytes(b"")
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    trained = mark_of(Restorer(RestoreSettings(model=str(mean_model))), record)
    assert (trained.record, trained.record_sha256) == ("original_p003.npz", nothing)
    assert trained.source_type == COMPOSITE
    assert trained.model == mean_model.stem
    classical = mark_of(Restorer(RestoreSettings(method="ns")))
    assert (classical.method, classical.model, classical.record) == ("ns", None, None)


def test_pillow_images_can_be_marked_too() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(buffer, "WEBP", xmp=add_mark(None, CLASSICAL))
    with Image.open(buffer) as image:
        assert source_type(image.info["xmp"]) == CORRECTED
