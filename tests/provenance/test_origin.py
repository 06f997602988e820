"""What is known of a scan that was downloaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bokwon.provenance.origin import origin_of, read_origins

TOLD = {
    "manifest": "https://a.example/m",
    "title": {"none": ["Papers"]},
    "rights": ["https://a.example/r"],
    "requiredStatement": {"label": {"en": ["Credit"]}, "value": {"en": ["An archive"]}},
    "provider": {},
    "pages": [
        {"file": "p001.jpg", "sha256": "a", "url": "https://a.example/1", "label": "1r", "width": 7},
        {
            "file": "p002.jpg",
            "sha256": "b",
            "url": "https://a.example/2",
            "label": "",
            "rights": ["https://a.example/2r"],
        },
    ],
}


def test_the_terms_of_a_page_go_before_those_of_the_whole(tmp_path: Path) -> None:
    (tmp_path / "iiif.json").write_text(json.dumps(TOLD))
    of_all = {name: TOLD[name] for name in ("manifest", "title", "rights", "requiredStatement")}
    assert origin_of(tmp_path / "p001.jpg", "a") == {**of_all, "url": "https://a.example/1", "label": "1r"}
    assert origin_of(tmp_path / "p002.jpg", "b") == {
        **of_all,
        "url": "https://a.example/2",
        "rights": ["https://a.example/2r"],
    }


def test_a_changed_or_unknown_scan_has_no_origin(tmp_path: Path) -> None:
    (tmp_path / "iiif.json").write_text(json.dumps(TOLD))
    assert origin_of(tmp_path / "p001.jpg", "other") is None
    assert origin_of(tmp_path / "p009.jpg", "a") is None
    assert origin_of(tmp_path / "elsewhere" / "p001.jpg", "a") is None


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"manifest": 7, "pages": []}', '{"manifest": "m", "pages": [7]}', "[" * 100_000]
)
def test_another_file_of_that_name_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "iiif.json").write_text(content)
    assert read_origins(tmp_path) == {}
    assert origin_of(tmp_path / "p001.jpg", "a") is None
