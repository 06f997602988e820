"""IIIF Presentation 3: before and after as a choice, and each filled region as an annotation.

Source: IIIF Presentation API 3.0; Web Annotation Data Model; Media Fragments URI 1.0 (`xywh`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from bokwon.provenance.forms.facts import Facts, PageFacts, Region
from bokwon.provenance.forms.media import media_type_of, media_type_of_format
from bokwon.provenance.forms.zones import label_of, zone_of

__all__ = ["to_iiif"]

_CONTEXT = "http://iiif.io/api/presentation/3/context.json"
_RIGHTS = re.compile(
    r"https?://(?P<rest>(creativecommons\.org/(licenses|publicdomain)|rightsstatements\.org/vocab)/.+)"
)


def to_iiif(facts: Facts, base: str, here: Path) -> bytes:
    """Return a manifest of a record's pages.

    Args:
        facts: The facts of the record.
        base: Base URL of the files. Files in the folder `here` have the same relative paths below this URL.
        here: That folder.
    """
    base = base.rstrip("/") + "/"
    before = _url(base, Path(facts.input), here, "before")
    after = _url(base, facts.output, here, "after")
    manifest = f"{after}.manifest.json"
    count = sum(len(page.regions) for page in facts.pages)
    content = {
        "@context": _CONTEXT,
        "id": manifest,
        "type": "Manifest",
        "label": {"none": [facts.output.name]},
        "summary": {
            "en": [f"{count} damaged regions, filled by {facts.tool}."],
            "ko": [f"훼손된 곳 {count}군데를 메움. 도구: {facts.tool}."],
        },
        "metadata": [
            _pair("Restored", "복원한 날짜와 시각", facts.time),
            _pair("By", "도구", facts.tool),
            _pair("Engine", "엔진", facts.engine),
            _pair("SHA-256 before", "복원 전 SHA-256", facts.input_sha256),
            _pair("SHA-256 after", "복원 후 SHA-256", facts.output_sha256),
            *_origin(facts.origin or {}),
        ],
        **_terms(facts.origin or {}),
        "items": [_canvas(facts, page, manifest, before, after) for page in facts.pages],
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def _url(base: str, path: Path, here: Path, other: str) -> str:
    """Return where a file is found: by its path in the folder, or, if it lies elsewhere, in a folder of its own."""
    try:
        inside: PurePath = path.absolute().relative_to(here.absolute())
    except ValueError:
        inside = PurePath(other, path.name)
    return base + quote(inside.as_posix().encode("utf-8", "surrogateescape"))


def _terms(origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms of use of a downloaded scan.

    A manifest may have only one URL as its rights: of Creative Commons or RightsStatements.org.
    """
    rights = [match for url in origin.get("rights", ()) if (match := _RIGHTS.fullmatch(str(url)))]
    terms = {"rights": f"http://{rights[0]['rest']}"} if rights else {}
    return terms | ({"requiredStatement": origin["requiredStatement"]} if origin.get("requiredStatement") else {})


def _origin(origin: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield title, page, source and rights of a downloaded scan, as pairs for the metadata of a manifest."""
    if title := origin.get("title"):
        yield {"label": {"en": ["Title"], "ko": ["제목"]}, "value": title}
    for english, korean, name in (
        ("Page", "면", "label"),
        ("Scan from the manifest", "스캔의 매니페스트", "manifest"),
        ("Scan from the canvas", "스캔의 캔버스", "canvas"),
        ("Image", "이미지", "url"),
    ):
        if value := origin.get(name):
            yield _pair(english, korean, str(value))
    for url in origin.get("rights", ()):
        yield _pair("Rights", "권리", str(url))


def _pair(english: str, korean: str, value: str) -> dict[str, Any]:
    return {"label": {"en": [english], "ko": [korean]}, "value": {"none": [value]}}


def _canvas(facts: Facts, page: PageFacts, manifest: str, before: str, after: str) -> dict[str, Any]:
    width, height = page.size
    canvas = f"{manifest}/canvas/{page.number}"
    # Of a file of several pages, as PDF readers understand it (RFC 8118).
    part = "" if len(facts.pages) == 1 and page.number == 1 else f"#page={page.number}"
    size = {"width": width, "height": height}
    choice = {
        "type": "Choice",
        "items": [
            {
                "id": after + part,
                "type": "Image",
                "format": media_type_of_format(facts.output_format),
                "label": {"en": ["restored"], "ko": ["복원 후"]},
                **size,
            },
            {
                "id": before + part,
                "type": "Image",
                "format": media_type_of(facts.input),
                "label": {"en": ["before"], "ko": ["복원 전"]},
                **size,
            },
        ],
    }
    painting = {
        "id": f"{canvas}/image",
        "type": "Annotation",
        "motivation": "painting",
        "target": canvas,
        "body": choice,
    }
    notes = [_annotation(canvas, number, region, facts.levels) for number, region in enumerate(page.regions, 1)]
    return {
        "id": canvas,
        "type": "Canvas",
        "label": {"none": [str(page.number)]},
        **size,
        "items": [{"id": f"{canvas}/images", "type": "AnnotationPage", "items": [painting]}],
        "annotations": [
            {
                "id": f"{canvas}/regions",
                "type": "AnnotationPage",
                "label": {"en": ["filled regions"], "ko": ["메운 곳"]},
                "items": notes,
            }
        ],
    }


def _annotation(canvas: str, number: int, region: Region, levels: int) -> dict[str, Any]:
    english, korean = label_of(region.damage)
    sure, sure_korean = "", ""
    if region.confidence is not None:
        sure, sure_korean = f"; confidence {region.confidence:.0%}", f", 신뢰도 {region.confidence:.0%}"
    evidence = f"level {region.evidence} of {levels}" if region.evidence <= levels else "none reaches its middle"
    reach = f"{levels}단계 중 {region.evidence}단계" if region.evidence <= levels else "한가운데에는 미치지 못함"
    texts = {
        "en": f"{english}, filled: {region.area} pixels{sure}; evidence: {evidence}",
        "ko": f"{korean}, 메움: {region.area}화소{sure_korean}, 근거: {reach}",
    }
    left, top, width, height = region.box
    return {
        "id": f"{canvas}/region/{number}",
        "type": "Annotation",
        "motivation": ["commenting", "tagging"],
        "target": f"{canvas}#xywh={left},{top},{width},{height}",
        "body": [
            *(
                {"type": "TextualBody", "purpose": "commenting", "language": language, "value": text}
                for language, text in texts.items()
            ),
            {"type": "TextualBody", "purpose": "tagging", "value": zone_of(region.damage)},
        ],
    }
