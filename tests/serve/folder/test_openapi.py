"""The OpenAPI document says what there is."""

from __future__ import annotations

import re

import jsonschema
import pytest
from starlette.routing import Route

from bokwon.serve.folder import folder_routes
from bokwon.serve.folder.openapi import folder_paths
from bokwon.serve.openapi import SCHEMAS
from tests.serve.folder.conftest import Opened


def test_every_route_is_described_and_no_other(opened: Opened) -> None:
    routes = {
        (re.sub(r":int", "", route.path), method.lower())
        for route in folder_routes(opened.workspace)
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {
        (path, method) for path, methods in folder_paths().items() for method in methods if method != "parameters"
    }
    assert routes == described


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [
        operation["operationId"]
        for methods in folder_paths().values()
        for method, operation in methods.items()
        if method != "parameters"
    ]
    assert len(names) > 20
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("path", "address", "method"),
    [
        ("/folder", "folder", "get"),
        ("/pages", "pages", "get"),
        ("/pages/{id}", "{page}", "get"),
        ("/pages/{id}/decision", "{page}/decision", "post"),
        ("/pages/{id}/restore", "{page}/restore", "post"),
    ],
)
def test_answers_are_as_described(opened: Opened, path: str, address: str, method: str) -> None:
    page = opened.page("a.png")
    opened.draw(page, (10, 10, 30, 30))
    body = {"decision": "approve"} if path.endswith("decision") else {}
    more = {"json": body} if method == "post" else {}
    answer = opened.client.request(method, address.format(page=page), **more)
    told = folder_paths()[path][method]["responses"][str(answer.status_code)]
    schema = {**told["content"]["application/json"]["schema"], "components": {"schemas": SCHEMAS}}
    jsonschema.validate(answer.json(), schema)
    opened.settle()
