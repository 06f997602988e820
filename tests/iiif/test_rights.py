"""Terms of use as a text."""

from __future__ import annotations

from typing import Any

from bokwon.iiif.rights import rights_text

TOLD: dict[str, Any] = {
    "bokwon": "0.1.0",
    "manifest": "https://a.example/m",
    "title": {"ko": ["문서"], "en": ["Papers"]},
    "rights": ["https://a.example/r"],
    "requiredStatement": {"label": {"en": ["Credit"]}, "value": {"ko": ["<b>기록관</b>"], "en": ["An archive"]}},
    "provider": {"en": ["The archive"]},
    "pages": [
        {"file": "p001.jpg", "time": "2026-11-29T09:00:00+00:00"},
        {"file": "p002.jpg", "time": "2026-11-30T09:00:00+00:00", "rights": ["https://a.example/other"]},
        {"file": "p003.jpg", "time": "2026-11-29T09:00:00+00:00", "rights": ["https://a.example/other"]},
    ],
}


def test_everything_that_is_asked_of_users_is_there() -> None:
    assert rights_text(TOLD, "scans").splitlines()[:9] == [
        "Title (제목): 문서",
        "From (출처): https://a.example/m",
        "Provider (제공 기관): The archive",
        "Downloaded (내려받은 때): 2026-11-30T09:00:00+00:00, bokwon 0.1.0",
        "Rights (권리): https://a.example/r",
        "Credit: 기록관",
        "Credit: An archive",
        "",
        "p002.jpg, p003.jpg:",
    ]
    assert "Rights (권리): https://a.example/other\n\nThe scans are in scans/." in rights_text(TOLD, "scans")


def test_nothing_is_made_up() -> None:
    told = {**TOLD, "rights": [], "requiredStatement": None, "provider": {}, "title": {}, "pages": []}
    assert rights_text(told, "scans").splitlines()[:3] == [
        "Title (제목): -",
        "From (출처): https://a.example/m",
        "Rights (권리): not stated (적혀 있지 않음)",
    ]
