"""What the OpenAPI document says of an opened folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bokwon.detection.kinds import KINDS
from bokwon.serve.folder.desk import ONLY
from bokwon.serve.folder.masks.tools import MOST_GROWN, WAYS
from bokwon.serve.folder.review import DECISIONS
from bokwon.serve.folder.summary import STATES
from bokwon.serve.openapi import json_answer, problems
from bokwon.settings import choices

__all__ = ["folder_paths"]

_COUNT = {"type": "integer", "minimum": 0}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_TEXT = {"type": "string"}
_BOX = {
    "type": "array",
    "description": "Left, top, right, bottom in pixels of the page as viewers show it; right and bottom exclusive.",
    "items": {"type": "integer"},
    "minItems": 4,
    "maxItems": 4,
}
_PROBLEM = {
    "anyOf": [
        {"type": "null"},
        {
            "type": "object",
            "required": ["title", "detail"],
            "properties": {"title": _TEXT, "detail": _TEXT, "fix": _TEXT},
        },
    ]
}
_PAGE: dict[str, Any] = {
    "id": _TEXT,
    "name": _TEXT,
    "index": _COUNT,
    "count": _COUNT,
    "width": {**_COUNT, "description": "Pixels, as viewers show the page; 0 where only decoding tells."},
    "height": _COUNT,
    "state": {"enum": list(STATES)},
    "share": {**_SHARE, "description": "Share of the page that is hole."},
    "score": {**_SHARE, "description": "How bad the page is."},
    "mask": {"enum": ["none", "found", "drawn", "given"]},
    "mask_version": _COUNT,
    "restored_version": {**_COUNT, "description": "0 where the page is not restored."},
    "decision": {"enum": [*DECISIONS[:-1], None]},
    "problem": _PROBLEM,
    "can_undo": {"type": "boolean"},
    "can_redo": {"type": "boolean"},
}
_REGION = {
    "id": _COUNT,
    "kind": {"enum": [*KINDS, None]},
    "box": _BOX,
    "area": _COUNT,
    "confidence": {"type": ["number", "null"]},
    "decision": {"enum": ["accepted", "rejected"]},
    "source": {"enum": ["found", "drawn", "given"]},
}
_WHERE = {"region": {"type": "integer", "minimum": 1}, "box": _BOX}
_HOW = {
    "method": {"enum": list(choices("method"))},
    "model": {**_TEXT, "description": "One of the models that `GET /folder` names."},
    "finish": {"enum": list(choices("finish"))},
}
_SEARCH = {"threshold": _SHARE, "kinds": {"type": "array", "items": {"enum": list(KINDS)}, "minItems": 1}}
_CHANGE = {
    "mask_version": _COUNT,
    "box": _BOX,
    "share": _SHARE,
    "can_undo": {"type": "boolean"},
    "can_redo": {"type": "boolean"},
}
_ETAG = {"ETag": {"description": "The `mask_version`.", "schema": _TEXT}}
_ID = {"name": "id", "in": "path", "required": True, "schema": _TEXT}
_LAYERS = ("original", "restored", "evidence")


def _object(properties: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties) if required else []}


def _query(name: str, schema: Mapping[str, Any], text: str = "", *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": text, "schema": dict(schema)}


def _path(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": dict(schema)}


def _body(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": dict(properties), "required": list(required)}
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


def _file(*kinds: str) -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}}


def _picture(text: str, *kinds: str) -> dict[str, Any]:
    return {"description": text, "content": {kind: {"schema": {"type": "string"}} for kind in kinds or ("image/png",)}}


_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The `mask_version` that is changed, in quotation marks.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,16}"$'},
}
_UNSAID = {"428": {**problems(412)["412"], "description": "The header If-Match is missing."}}
_NOT_CHANGED = {"304": {"description": "It is what `If-None-Match` names."}}
# A page may be gone, or damaged, or its folder may not be written to, or memory may be short.
_OF_A_PAGE = problems(404, 409, 422, 500, 503)
_OF_A_CHANGE = {**problems(400, 404, 408, 409, 412, 413, 415, 422, 500, 503), **_UNSAID}
_OF_WORK = problems(400, 404, 408, 409, 413, 415, 422, 429, 500, 503)


def _operation(name: str, summary: str, answer: Mapping[str, Any], errors: Mapping[str, Any], **more: Any) -> Any:
    status = "202" if more.pop("work", False) else "200"
    return {"operationId": name, "summary": summary, "responses": {status: dict(answer), **errors}, **more}


def _change(text: str) -> dict[str, Any]:
    return {**json_answer(text, _object(_CHANGE)), "headers": _ETAG}


def folder_paths() -> dict[str, Any]:
    """Return the paths of an opened folder, below `/api/v1`, with all that they take and answer."""
    page = json_answer("The page.", _object(_PAGE))
    details = _object(
        {
            **_PAGE,
            "regions": {"type": "array", "items": _object(_REGION)},
            "evidence": {"type": "boolean", "description": "Whether the layer `evidence` is there."},
            "next": {"type": ["string", "null"]},
            "previous": {"type": ["string", "null"]},
        }
    )
    job = json_answer("The job that does it.", "Job")
    folder = _object(
        {
            "name": _TEXT,
            "output": _TEXT,
            "state_file": _TEXT,
            "readonly": {"type": "boolean"},
            "notices": {"type": "array", "items": _TEXT},
            "counts": _object(dict.fromkeys(STATES, _COUNT)),
            "total": _COUNT,
            "detector": {"type": "boolean"},
            "kinds": {"type": "array", "items": _TEXT},
            "models": {"type": "array", "items": _object({"name": _TEXT, "title": _TEXT})},
            "methods": {"type": "array", "items": _TEXT},
            "finishes": {"type": "array", "items": _TEXT},
            "version": _TEXT,
        }
    )
    pages = _object({"total": _COUNT, "pages": {"type": "array", "items": _object(_PAGE)}})
    reading = [
        _query("holes", {"enum": ["white", "black"]}, "Which colour is hole."),
        _query("mask_as", {"enum": ["auto", "painted", "erased", "drawn", "labels", "gray", "colour"]}),
        _query("mask_view", {"enum": ["auto", "upright", "stored"]}),
        _query("fit_mask", {"type": "boolean"}),
        _query("allow_large", {"type": "boolean"}),
    ]
    return {
        "/folder": {
            "get": _operation("folder", "Describe the opened folder.", json_answer("It.", folder), problems(409, 500))
        },
        "/folder/detect": {
            "post": _operation(
                "detectAll",
                "Find the damage of all pages that have no mask.",
                job,
                _OF_WORK,
                work=True,
                requestBody=_body(_SEARCH),
            )
        },
        "/folder/restore": {
            "post": _operation(
                "restoreAll",
                "Restore the pages of the folder by their masks.",
                job,
                _OF_WORK,
                work=True,
                requestBody=_body({"only": {"enum": list(ONLY)}, "certain": _SHARE, **_HOW}),
            )
        },
        "/folder/download": {
            "get": _operation(
                "downloadAll",
                "Download outputs, records, report, decisions and masks.",
                _picture("A zip file.", "application/zip"),
                problems(409, 500),
            )
        },
        "/pages": {
            "get": _operation(
                "pages",
                "List pages.",
                json_answer("Some of the pages, and how many there are.", pages),
                problems(409, 422, 500),
                parameters=[
                    _query("state", {"enum": list(STATES)}, "Only those in this state."),
                    _query("order", {"enum": ["worst", "name"]}),
                    _query("offset", {**_COUNT, "maximum": 10**9}),
                    _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000}),
                ],
            )
        },
        "/pages/{id}": {
            "parameters": [_ID],
            "get": _operation("page", "Tell all of a page.", json_answer("The page.", details), _OF_A_PAGE),
        },
        "/pages/{id}/thumbnail": {
            "parameters": [_ID],
            "get": _operation(
                "thumbnail",
                "Show a page small.",
                _picture("A picture of 320 pixels at most.", "image/jpeg"),
                {**_OF_A_PAGE, **_NOT_CHANGED},
                parameters=[_query("layer", {"enum": list(_LAYERS[:2])})],
            ),
        },
        "/pages/{id}/tiles/{layer}/{level}/{column}_{row}": {
            "parameters": [
                _ID,
                _path("layer", {"enum": list(_LAYERS)}),
                _path("level", {**_COUNT, "maximum": 30}),
                _path("column", {**_COUNT, "maximum": 10**6}),
                _path("row", {**_COUNT, "maximum": 10**6}),
            ],
            "get": _operation(
                "tile",
                "Show a tile of a page: 512 pixels, no overlap; level 0 is one pixel.",
                _picture("The tile.", "image/png", "image/jpeg"),
                {**_OF_A_PAGE, **_NOT_CHANGED},
                parameters=[_query("v", _COUNT, "The `restored_version`: such a tile is kept by the browser.")],
            ),
        },
        "/pages/{id}/mask": {
            "parameters": [_ID],
            "get": _operation(
                "mask",
                "Return the mask, 255 where pixels are missing.",
                {**_picture("The mask, or a box of it."), "headers": _ETAG},
                {**_OF_A_PAGE, **_NOT_CHANGED},
                parameters=[_query("box", _TEXT, "left,top,right,bottom")],
            ),
            "put": _operation(
                "putMask",
                "Take a file of any kind that bokwon reads as the mask.",
                json_answer("How it was read.", _object({"mask_version": _COUNT, "reading": _TEXT, "share": _SHARE})),
                _OF_A_CHANGE,
                parameters=[_IF_MATCH, *reading],
                requestBody=_file("application/octet-stream"),
            ),
            "patch": _operation(
                "patchMask",
                "Give a box of the mask new content: one step, which can be undone.",
                _change("What changed."),
                _OF_A_CHANGE,
                parameters=[
                    _IF_MATCH,
                    _query("x", {"type": "integer"}, "Left of the box.", required=True),
                    _query("y", {"type": "integer"}, "Top of the box.", required=True),
                ],
                requestBody=_file("image/png"),
            ),
        },
        **{
            f"/pages/{{id}}/mask/{name}": {
                "parameters": [_ID],
                "post": _operation(f"{name}Mask", text, _change("What changed."), _OF_A_CHANGE, parameters=[_IF_MATCH]),
            }
            for name, text in (("undo", "Undo the last step."), ("redo", "Do an undone step again."))
        },
        "/pages/{id}/mask/wand": {
            "parameters": [_ID],
            "post": _operation(
                "wand",
                "Find the connected area that looks like a pixel; the mask stays.",
                {**_picture("The area."), "headers": {"X-Box": {"description": "Where it lies.", "schema": _TEXT}}},
                {**_OF_A_PAGE, **problems(400, 408, 413, 415)},
                requestBody=_body(
                    {"x": _COUNT, "y": _COUNT, "tolerance": {**_COUNT, "maximum": 255}, "radius_max": _COUNT}, "x", "y"
                ),
            ),
        },
        "/pages/{id}/mask/morph": {
            "parameters": [_ID],
            "post": _operation(
                "morph",
                "Grow or shrink the mask, or fill what it encloses.",
                _change("What changed."),
                _OF_A_CHANGE,
                parameters=[_IF_MATCH],
                requestBody=_body(
                    {"how": {"enum": list(WAYS)}, "by": {"type": "integer", "minimum": 1, "maximum": MOST_GROWN}}, "how"
                ),
            ),
        },
        "/pages/{id}/detect": {
            "parameters": [_ID],
            "post": _operation(
                "detectPage", "Find the damage of a page.", job, _OF_WORK, work=True, requestBody=_body(_SEARCH)
            ),
        },
        "/pages/{id}/regions": {
            "parameters": [_ID],
            "get": _operation(
                "regions",
                "Return a picture of 16 bits of the numbers of the regions.",
                _picture("Numbers of regions; 0 where there is none."),
                {**_OF_A_PAGE, **_NOT_CHANGED},
            ),
            "patch": _operation(
                "decideRegions",
                "Put regions into the mask or take them out: by number, or all by a threshold.",
                json_answer("The page.", details),
                _OF_A_CHANGE,
                parameters=[_IF_MATCH],
                requestBody=_body(
                    {
                        "accept": {"type": "array", "items": _COUNT},
                        "reject": {"type": "array", "items": _COUNT},
                        "threshold": _SHARE,
                    }
                ),
            ),
        },
        "/pages/{id}/restore": {
            "parameters": [_ID],
            "post": _operation(
                "restorePage",
                "Restore a page, or only a region or a box of it.",
                job,
                _OF_WORK,
                work=True,
                requestBody=_body({**_HOW, **_WHERE}),
            ),
        },
        "/pages/{id}/original": {
            "parameters": [_ID],
            "post": _operation(
                "original",
                "Give a region or a box its original pixels back.",
                page,
                _OF_WORK,
                requestBody=_body(_WHERE),
            ),
        },
        "/pages/{id}/decision": {
            "parameters": [_ID],
            "post": _operation(
                "decide",
                "Write down what somebody decided of a page.",
                page,
                _OF_WORK,
                requestBody=_body({"decision": {"enum": list(DECISIONS)}}, "decision"),
            ),
        },
        "/pages/{id}/download": {
            "parameters": [_ID],
            "get": _operation(
                "download",
                "Download the restored file, the mask, or the record.",
                _picture("The file.", "*/*"),
                problems(404, 409, 422, 500, 503),
                parameters=[_query("what", {"enum": ["restored", "mask", "record"]})],
            ),
        },
    }
