"""The OpenAPI document, and that the server does what it says, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bokwon.serve.openapi import SCHEMAS, json_answer, make_document, problems
from bokwon.serve.parameters import DETECT, MASKS, RESTORE
from bokwon.serve.settings import Settings
from tests.serve.conftest import a_hole, a_page, png_of, serving

TOKEN = "a-token-of-some-length"
GUARDED = {"token": TOKEN, "workers": 2, "threads": 1, "max_pixels": 10_000, "max_upload": 100_000}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

# What is sent as a file: pages and masks, whole and broken, and anything at all.
_PICTURES = [png_of(a_page()), png_of(a_hole()), png_of(a_page()[:20, :30]), png_of(a_page())[:80]]
schemathesis.openapi.format("binary", st.sampled_from(_PICTURES) | st.binary(max_size=200))

# The stream of events never ends; tests/serve/test_endpoints.py reads it.
schema = schemathesis.openapi.from_dict(make_document(Settings(**GUARDED))).exclude(operation_id="events")


@pytest.fixture(scope="module")
def server(detector: Path) -> Iterator[str]:
    with serving(**GUARDED) as address:
        yield address


@schema.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(case: schemathesis.Case, server: str) -> None:
    case.call_and_validate(base_url=server, headers={"Authorization": f"Bearer {TOKEN}"}, checks=CHECKS)


def test_good_requests_are_answered_well(server: str) -> None:
    """What the fuzzing above meets by chance is met here for certain."""
    files = {"image": _PICTURES[0], "mask": _PICTURES[1]}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("restore?method=telea", "masks", "masks?answer=reading", "detect?answer=regions", "detect"):
        sent = {"image": files["image"]} if path.startswith("detect") else files
        answer = requests.post(f"{server}/api/v1/{path}", files=sent, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text


def test_every_parameter_is_described_in_query_and_form() -> None:
    paths = make_document(Settings())["paths"]
    for path, parameters in (("restore", RESTORE), ("detect", DETECT), ("masks", MASKS)):
        operation = paths[f"/api/v1/{path}"]["post"]
        names = [parameter.name for parameter in parameters]
        assert [item["name"] for item in operation["parameters"]] == names
        form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert [name for name in form["properties"] if name not in ("image", "mask")] == names
        assert all(item["description"] for item in operation["parameters"])


def test_a_token_is_told_of_where_there_is_one() -> None:
    free, guarded = make_document(Settings()), make_document(Settings(token=TOKEN))
    assert "security" not in free
    assert "401" not in free["paths"]["/api/v1/version"]["get"]["responses"]
    assert guarded["security"] == [{"token": []}]
    assert "401" in guarded["paths"]["/api/v1/version"]["get"]["responses"]
    assert guarded["paths"]["/api/v1/health"]["get"]["security"] == []


def test_paths_of_a_folder_are_added() -> None:
    folder = {"/folder": {"get": {"responses": {"200": json_answer("It.", {"type": "object"}), **problems(404)}}}}
    document = make_document(Settings(), folder)
    assert set(document["paths"]["/api/v1/folder"]["get"]["responses"]) == {"200", "403", "404"}
    assert "/api/v1/restore" in document["paths"]
    assert document["components"]["schemas"] == SCHEMAS


def test_answers_that_ask_to_come_again_say_when() -> None:
    assert [("headers" in answer) for answer in problems(422, 429, 503).values()] == [False, True, True]
