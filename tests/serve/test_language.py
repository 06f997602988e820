"""Answers in the language that a client asks for."""

from __future__ import annotations

import numpy as np
import pytest
from starlette.testclient import TestClient

from bokwon.serve.language import asked_language, translated
from tests.serve.conftest import SIDE, V1, png_of

KOREAN = {"Accept-Language": "ko"}


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("fr-FR, ko;q=0.5", "ko"),
        ("en;q=0.3, KO;q=0.8", "ko"),
        ("ko;q=0", "en"),
        ("ko;q=much, *", "en"),
        ("fr, *;q=0.5", "en"),
    ],
)
def test_the_most_wanted_language_that_there_is(accepted: str, expected: str) -> None:
    assert asked_language(accepted) == expected


def test_texts_for_people_are_translated_and_nothing_else() -> None:
    problem = {"status": 422, "title": "The file cannot be read", "detail": "a: no mask", "fix": "check the path"}
    told = {
        "title": "no mask",
        "detail": "check the path",
        "pages": [{"title": "check the path", "problem": problem}, {"problem": None}],
        "notices": ["no mask", "something else"],
        "reading": "white is hole",
        "share": 0.5,
    }
    assert translated(told, "ko") == {
        **told,
        "pages": [
            {
                "title": "check the path",
                "problem": {
                    "status": 422,
                    "title": "파일을 읽을 수 없습니다",
                    "detail": "a: 마스크 없음",
                    "fix": "경로를 확인하십시오",
                },
            },
            {"problem": None},
        ],
        "notices": ["마스크 없음", "something else"],
        "reading": "흰색이 구멍입니다",
    }


def test_problems_are_korean_for_those_who_ask(client: TestClient) -> None:
    english, korean = (client.get(f"{V1}/jobs/none", headers=headers) for headers in ({}, KOREAN))
    assert english.json()["detail"] == "there is no job none"
    assert "content-language" not in english.headers
    assert korean.json() == {
        "type": "about:blank",
        "status": 404,
        "title": "그런 작업이 없습니다",
        "detail": "작업 none: 없습니다",
        "fix": "작업은 끝난 뒤 얼마 동안만 보관됩니다",
    }
    assert korean.headers["content-language"] == "ko"
    assert korean.headers["content-type"] == english.headers["content-type"]
    assert int(korean.headers["content-length"]) == len(korean.content)
    # As everything that the server answers.
    assert korean.headers["cache-control"] == "no-store"


def test_the_problem_of_a_page_is_korean_among_facts_that_stay() -> None:
    told = {"title": "The file cannot be read", "detail": "a.png is damaged: its header is cut off or broken"}
    page = {"name": "a.png", "state": "failed", "problem": told}
    assert translated({"pages": [page]}, "ko")["pages"][0] == {
        "name": "a.png",
        "state": "failed",
        "problem": {
            "title": "파일을 읽을 수 없습니다",
            "detail": "a.png: 손상되었습니다: 헤더가 잘렸거나 깨졌습니다",
        },
    }


def test_what_the_guard_refuses_is_korean_too(client: TestClient) -> None:
    refused = client.get(f"{V1}/version", headers={**KOREAN, "Host": "evil.example"})
    assert refused.status_code == 403
    assert refused.json()["title"] == "잘못된 호스트"


def test_options_are_told_as_parameters_in_every_language(client: TestClient, page: bytes) -> None:
    small = png_of(np.zeros((SIDE // 2, SIDE // 2), np.uint8) + 255)
    refused = client.post(f"{V1}/masks", files={"image": page, "mask": small}, headers=KOREAN)
    assert refused.status_code == 422
    assert refused.json()["fix"] == (
        "크기를 맞추려면 fit_mask=true 옵션을 넣거나, 바로 이 이미지에 마스크를 그리십시오"
    )


def test_readings_of_masks_are_korean_and_pictures_stay(client: TestClient, page: bytes, mask: bytes) -> None:
    files = {"image": page, "mask": mask}
    read = client.post(f"{V1}/masks", files=files, data={"answer": "reading"}, headers=KOREAN)
    assert (read.status_code, read.json()["reading"]) == (200, "흰색이 구멍입니다")
    plain, korean = (client.post(f"{V1}/masks", files=files, headers=headers) for headers in ({}, KOREAN))
    assert korean.headers["content-type"] == "image/png"
    assert korean.content == plain.content
