"""Pieces that the OpenAPI document of an opened folder is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from bokwon.batch.treatment.decisions import DECISIONS
from bokwon.detection.kinds import KINDS
from bokwon.serve.folder.restoration.outcomes import OUTCOMES
from bokwon.serve.folder.summary import STATES, FillState
from bokwon.serve.openapi import json_answer, problems
from bokwon.settings import choices

__all__ = [
    "BOX",
    "CHANGE",
    "COUNT",
    "ETAG",
    "HOW",
    "ID",
    "IF_MATCH",
    "LAYERS",
    "NOT_CHANGED",
    "OF_A_CHANGE",
    "OF_A_PAGE",
    "OF_WORK",
    "PAGE",
    "PROBLEM",
    "REGION",
    "SEARCH",
    "SHARE",
    "TEXT",
    "UNSAID",
    "WHERE",
    "body_of",
    "change_answer",
    "file_body",
    "in_path",
    "in_query",
    "object_of",
    "operation",
    "picture",
]

COUNT = {"type": "integer", "minimum": 0}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
TEXT = {"type": "string"}
BOX = {
    "type": "array",
    "description": "Left, top, right, bottom in pixels of the page as viewers show it; right and bottom exclusive.",
    "items": {"type": "integer"},
    "minItems": 4,
    "maxItems": 4,
}
PROBLEM = {
    "anyOf": [
        {"type": "null"},
        {
            "type": "object",
            "required": ["title", "detail"],
            "properties": {"title": TEXT, "detail": TEXT, "fix": TEXT},
        },
    ]
}
PAGE: dict[str, Any] = {
    "id": TEXT,
    "name": TEXT,
    "index": COUNT,
    "count": COUNT,
    "width": {**COUNT, "description": "Pixels, as viewers show the page; 0 if only decoding shows the size."},
    "height": COUNT,
    "state": {"enum": list(STATES)},
    "fill": {
        "enum": list(get_args(FillState)),
        "description": "What of the mask is filled: nothing, all of it, a part of it, or what another mask marked.",
    },
    "share": {**SHARE, "description": "Share of the page that is hole."},
    "score": {**SHARE, "description": "How badly the page is damaged."},
    "mask": {"enum": ["none", "found", "drawn", "given"]},
    "mask_version": COUNT,
    "restored_version": {**COUNT, "description": "0 where the page is not restored."},
    "decision": {"enum": [*DECISIONS[:-1], None]},
    "decided": {"type": ["string", "null"], "description": "When it was decided."},
    "problem": PROBLEM,
    "can_undo": {"type": "boolean"},
    "can_redo": {"type": "boolean"},
}
REGION = {
    "id": COUNT,
    "kind": {"enum": [*KINDS, None]},
    "box": BOX,
    "area": COUNT,
    "confidence": {"type": ["number", "null"]},
    "decision": {"enum": ["accepted", "rejected"]},
    "source": {"enum": ["found", "drawn", "given"]},
    "decided_by": {
        "enum": ["hand", "certainty", "kind"],
        "description": "What decides: somebody; its confidence; or its kind, which is filled by hand only.",
    },
    "outcome": {
        "enum": [*OUTCOMES, None],
        "description": "On a restored page: filled; not filled; marked since; or its mask changed since.",
    },
    "filled_by": {"type": ["string", "null"], "description": "The model or method that filled it."},
}
WHERE = {"region": {"type": "integer", "minimum": 1}, "box": BOX}
HOW = {
    "method": {"enum": list(choices("method"))},
    "model": {**TEXT, "description": "One of the models that `GET /folder` names."},
    "material": {"enum": list(choices("material")), "description": "Without a model: what the pages show."},
    "finish": {"enum": list(choices("finish"))},
}
SEARCH = {"threshold": SHARE, "kinds": {"type": "array", "items": {"enum": list(KINDS)}, "minItems": 1}}
CHANGE = {
    "mask_version": COUNT,
    "box": BOX,
    "share": SHARE,
    "state": PAGE["state"],
    "fill": PAGE["fill"],
    "can_undo": {"type": "boolean"},
    "can_redo": {"type": "boolean"},
}
ETAG = {"ETag": {"description": "The `mask_version`.", "schema": TEXT}}
ID = {"name": "id", "in": "path", "required": True, "schema": TEXT}
LAYERS = ("original", "restored", "evidence")


def object_of(properties: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    """Return the schema of an object with these members."""
    return {"type": "object", "properties": dict(properties), "required": list(properties) if required else []}


def in_query(name: str, schema: Mapping[str, Any], text: str = "", *, required: bool = False) -> dict[str, Any]:
    """Return a parameter of the query."""
    return {"name": name, "in": "query", "required": required, "description": text, "schema": dict(schema)}


def in_path(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parameter of the path."""
    return {"name": name, "in": "path", "required": True, "schema": dict(schema)}


def body_of(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    """Return a body that is a JSON object."""
    schema = {"type": "object", "properties": dict(properties), "required": list(required)}
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


def file_body(*kinds: str) -> dict[str, Any]:
    """Return a body that is a file."""
    return {"required": True, "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}}


def picture(text: str, *kinds: str) -> dict[str, Any]:
    """Return an answer that is a file."""
    return {"description": text, "content": {kind: {"schema": {"type": "string"}} for kind in kinds or ("image/png",)}}


IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The `mask_version` that is changed, in quotation marks.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,16}"$'},
}
UNSAID = {"428": {**problems(412)["412"], "description": "The header If-Match is missing."}}
NOT_CHANGED = {"304": {"description": "The client already has it: `If-None-Match` names it."}}
# A page may be gone, or damaged, or its folder may not be written to, or memory may be short.
OF_A_PAGE = problems(404, 409, 422, 500, 503)
OF_A_CHANGE = {**problems(400, 404, 408, 409, 412, 413, 415, 422, 500, 503), **UNSAID}
OF_WORK = problems(400, 404, 408, 409, 413, 415, 422, 429, 500, 503)


def operation(name: str, summary: str, answer: Mapping[str, Any], errors: Mapping[str, Any], **more: Any) -> Any:
    """Return an operation; with `work=True` its answer is a job."""
    status = "202" if more.pop("work", False) else "200"
    return {"operationId": name, "summary": summary, "responses": {status: dict(answer), **errors}, **more}


def change_answer(text: str) -> dict[str, Any]:
    """Return the answer to a change of a mask."""
    return {**json_answer(text, object_of(CHANGE)), "headers": ETAG}
