"""IIIF manifests: a canvas a page, before and after as a choice, an annotation for each filled hole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from bokwon.provenance.forms import read_facts, to_iiif


def manifest(record: Path, page: int | None = None, base: str = "https://archive.example/7") -> dict[str, Any]:
    here = record.parents[1]
    facts = read_facts(record, page)
    content: dict[str, Any] = json.loads(to_iiif(replace(facts, input=PurePath(here / facts.input)), base, here))
    return content


def test_a_canvas_shows_before_and_after(record: Path) -> None:
    content = manifest(record)
    assert content["@context"] == "http://iiif.io/api/presentation/3/context.json"
    assert content["id"] == "https://archive.example/7/restored/book%207.tif.manifest.json"
    assert [(canvas["width"], canvas["height"]) for canvas in content["items"]] == [(90, 60), (50, 40)]
    painting = content["items"][1]["items"][0]["items"][0]
    assert painting["motivation"] == "painting"
    assert painting["target"] == content["items"][1]["id"]
    assert painting["body"]["type"] == "Choice"
    after, before = painting["body"]["items"]
    assert after["id"] == "https://archive.example/7/restored/book%207.tif#page=3"
    assert before["id"] == "https://archive.example/7/scans/book%207.tif#page=3"
    assert {before["format"], after["format"]} == {"image/tiff"}
    assert (after["label"]["en"], before["label"]["ko"]) == (["restored"], ["복원 전"])


def test_files_that_lie_elsewhere_have_urls_of_their_own(record: Path, tmp_path: Path) -> None:
    facts = replace(read_facts(record, 1), input=PurePath("/elsewhere/book 7.tif"))
    content = json.loads(to_iiif(facts, "https://archive.example/", tmp_path / "other"))
    choice = content["items"][0]["items"][0]["items"][0]["body"]["items"]
    assert [item["id"] for item in choice] == [
        "https://archive.example/after/book%207.tif",
        "https://archive.example/before/book%207.tif",
    ]


def test_every_hole_is_annotated(record: Path) -> None:
    canvas, other = manifest(record)["items"]
    (page,) = canvas["annotations"]
    large, small = page["items"]
    assert large["target"] == canvas["id"] + "#xywh=20,10,40,20"
    assert small["target"] == canvas["id"] + "#xywh=70,50,1,1"
    english, korean, tag = large["body"]
    assert english["value"] == "burn, filled: 800 pixels; confidence 75%; evidence: level 2 of 4"
    assert korean["value"] == "탄화, 메움: 800화소, 신뢰도 75%, 근거: 4단계 중 2단계"
    assert tag == {"type": "TextualBody", "purpose": "tagging", "value": "DamageZone:charred"}
    (unknown,) = other["annotations"][0]["items"]
    assert unknown["body"][0]["value"] == "damage, filled: 40 pixels; evidence: level 2 of 4"
    names = [item["id"] for item in (*page["items"], canvas, other, page, unknown)]
    assert len(set(names)) == len(names)


def test_the_terms_of_a_scan_that_was_downloaded_are_passed_on(record: Path) -> None:
    told = json.loads((record / "record.json").read_text(encoding="utf-8"))
    statement = {"label": {"en": ["Credit"]}, "value": {"en": ["An archive"]}}
    told["origin"] = {
        "manifest": "https://a.example/m",
        "title": {"ko": ["문서"]},
        "label": "fol. 2r",
        "url": "https://images.example/2r",
        "rights": ["https://a.example/r", "https://creativecommons.org/licenses/by/4.0/"],
        "requiredStatement": statement,
    }
    (record / "record.json").write_text(json.dumps(told), encoding="utf-8")
    content = manifest(record)
    assert (content["rights"], content["requiredStatement"]) == (
        "http://creativecommons.org/licenses/by/4.0/",
        statement,
    )
    pairs = [(pair["label"]["en"][0], pair["value"]) for pair in content["metadata"]]
    assert pairs[5:] == [
        ("Title", {"ko": ["문서"]}),
        ("Page", {"none": ["fol. 2r"]}),
        ("Scan from the manifest", {"none": ["https://a.example/m"]}),
        ("Image", {"none": ["https://images.example/2r"]}),
        ("Rights", {"none": ["https://a.example/r"]}),
        ("Rights", {"none": ["https://creativecommons.org/licenses/by/4.0/"]}),
    ]
    told["origin"]["rights"] = ["https://a.example/r"]
    (record / "record.json").write_text(json.dumps(told), encoding="utf-8")
    assert "rights" not in manifest(record)


def test_a_scan_of_ones_own_has_no_terms(record: Path) -> None:
    content = manifest(record)
    assert not {"rights", "requiredStatement"} & set(content)
    assert len(content["metadata"]) == 5
