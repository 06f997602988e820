"""The OpenAPI document, and that the server does what it says, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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

from bokwon.serve.folder import folder_paths
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
document = make_document(Settings(**GUARDED), folder_paths())
schema = schemathesis.openapi.from_dict(document).exclude(operation_id="events")
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
pages: list[str] = []


@pytest.fixture(scope="module")
def server(detector: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    scans = tmp_path_factory.mktemp("scans")
    for name, content in (("leaf1", png_of(a_page())), ("leaf1_mask", png_of(a_hole())), ("leaf2", png_of(a_page()))):
        (scans / f"{name}.png").write_bytes(content)
    (scans / "broken.png").write_bytes(png_of(a_page())[:100])
    with serving(scans, **GUARDED) as address:
        found = requests.get(f"{address}/api/v1/pages", headers=HEADERS, timeout=60).json()["pages"]
        assert len(found) == 3
        pages[:] = [page["id"] for page in found]
        yield address


@schema.hook
def map_path_parameters(context: schemathesis.HookContext, path_parameters: dict[str, str] | None) -> Any:
    """Mostly ask for pages that are there."""
    if path_parameters and "/pages/" in context.operation.path and len(str(path_parameters.get("id"))) % 4:
        place = sum(map(ord, str(path_parameters["id"])))
        return {**path_parameters, "id": pages[place % len(pages)]}
    return path_parameters


@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(case: schemathesis.Case, server: str) -> None:
    case.call_and_validate(base_url=server, headers=HEADERS, checks=CHECKS, timeout=600)


def test_good_requests_are_answered_well(server: str) -> None:
    """What the fuzzing above meets by chance is met here for certain."""
    files = {"image": _PICTURES[0], "mask": _PICTURES[1]}
    for path in ("restore?method=telea", "masks", "masks?answer=reading", "detect?answer=regions", "detect"):
        sent = {"image": files["image"]} if path.startswith("detect") else files
        answer = requests.post(f"{server}/api/v1/{path}", files=sent, headers=HEADERS, timeout=60)
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
