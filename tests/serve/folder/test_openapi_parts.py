"""Functions that build parts of the OpenAPI document."""

from __future__ import annotations

from bokwon.serve.folder import openapi_parts as parts
from bokwon.serve.folder.summary import STATES


def test_work_is_answered_with_202_and_all_else_with_200() -> None:
    answer = parts.picture("A picture.")
    assert answer["content"] == {"image/png": {"schema": {"type": "string"}}}
    done = parts.operation("look", "Look.", answer, parts.OF_A_PAGE)
    assert sorted(done["responses"]) == ["200", "404", "409", "422", "500", "503"]
    begun = parts.operation("work", "Work.", answer, parts.OF_WORK, work=True, tags=["pages"])
    assert "202" in begun["responses"]
    assert "work" not in begun
    assert begun["tags"] == ["pages"]


def test_a_body_is_required_where_one_of_its_members_is() -> None:
    body = parts.body_of({"box": parts.BOX, "name": parts.TEXT}, "box")
    schema = body["content"]["application/json"]["schema"]
    assert (body["required"], schema["required"], list(schema["properties"])) == (True, ["box"], ["box", "name"])
    assert not parts.body_of({"box": parts.BOX})["required"]
    assert list(parts.file_body("image/png", "image/tiff")["content"]) == ["image/png", "image/tiff"]


def test_members_are_required_unless_it_is_said_that_they_are_not() -> None:
    assert parts.object_of(parts.WHERE)["required"] == ["region", "box"]
    assert parts.object_of(parts.WHERE, required=False)["required"] == []
    assert parts.in_path("id", parts.TEXT)["required"]
    assert not parts.in_query("layer", {"enum": list(parts.LAYERS)})["required"]


def test_a_change_needs_the_version_that_it_changes() -> None:
    assert parts.IF_MATCH["required"]
    assert {"412", "428"} <= parts.OF_A_CHANGE.keys()
    assert parts.change_answer("Changed.")["headers"] == parts.ETAG


def test_a_page_is_in_one_of_the_states_of_its_summary() -> None:
    assert parts.PAGE["state"] == {"enum": list(STATES)}
