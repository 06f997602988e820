"""The part of the OpenAPI document that describes an opened folder."""

from __future__ import annotations

from typing import Any

from bokwon.batch.treatment.decisions import DECISIONS
from bokwon.serve.folder.masks.tools import MOST_GROWN, WAYS
from bokwon.serve.folder.openapi_parts import (
    COUNT,
    ETAG,
    HOW,
    ID,
    IF_MATCH,
    LAYERS,
    NOT_CHANGED,
    OF_A_CHANGE,
    OF_A_PAGE,
    OF_WORK,
    PAGE,
    REGION,
    SEARCH,
    SHARE,
    TEXT,
    WHERE,
    body_of,
    change_answer,
    file_body,
    in_path,
    in_query,
    object_of,
    operation,
    picture,
)
from bokwon.serve.folder.selection import ONLY, SKIPPED
from bokwon.serve.folder.summary import STATES
from bokwon.serve.openapi import json_answer, problems

__all__ = ["folder_paths"]


def folder_paths() -> dict[str, Any]:
    """Return the paths of an opened folder, below `/api/v1`, with their parameters and answers."""
    page = json_answer("The page.", object_of(PAGE))
    details = object_of(
        {
            **PAGE,
            "regions": {"type": "array", "items": object_of(REGION)},
            "certain": {**SHARE, "description": "Least confidence of found regions that are part of the mask."},
            "evidence": {"type": "boolean", "description": "Whether the layer `evidence` is there."},
            "next": {"type": ["string", "null"]},
            "previous": {"type": ["string", "null"]},
        }
    )
    job = json_answer("The job that does it.", "Job")
    folder = object_of(
        {
            "name": TEXT,
            "output": TEXT,
            "state_file": TEXT,
            "readonly": {"type": "boolean"},
            "notices": {"type": "array", "items": TEXT},
            "counts": object_of(dict.fromkeys(STATES, COUNT)),
            "total": COUNT,
            "reported": {"type": "boolean", "description": "Whether there is a treatment report."},
            "detector": {"type": "boolean"},
            "certain": {**SHARE, "description": "Least confidence of found damage that is filled by default."},
            "kinds": {"type": "array", "items": TEXT},
            "models": {"type": "array", "items": object_of({"name": TEXT, "title": TEXT})},
            "methods": {"type": "array", "items": TEXT},
            "materials": {"type": "array", "items": TEXT},
            "finishes": {"type": "array", "items": TEXT},
            "version": TEXT,
        }
    )
    pages = object_of({"total": COUNT, "pages": {"type": "array", "items": object_of(PAGE)}})
    reading = [
        in_query("holes", {"enum": ["white", "black"]}, "Which colour is hole."),
        in_query("mask_as", {"enum": ["auto", "painted", "erased", "drawn", "labels", "gray", "colour"]}),
        in_query("mask_view", {"enum": ["auto", "upright", "stored"]}),
        in_query("fit_mask", {"type": "boolean"}),
        in_query("allow_large", {"type": "boolean"}),
    ]
    skips = {"type": "object", "properties": dict.fromkeys(SKIPPED, COUNT), "additionalProperties": False}
    planned = object_of({"pages": COUNT, "skipped": skips})
    return {
        "/folder": {
            "get": operation("folder", "Describe the opened folder.", json_answer("It.", folder), problems(409, 500))
        },
        "/folder/detect": {
            "post": operation(
                "detectAll",
                "Find the damage of all pages that have no mask.",
                job,
                OF_WORK,
                work=True,
                requestBody=body_of(SEARCH),
            )
        },
        "/folder/jobs": {
            "get": operation(
                "jobs",
                "List the work that waits or runs.",
                json_answer(
                    "The jobs.", object_of({"jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}})
                ),
                problems(409, 500),
            )
        },
        "/folder/restore": {
            "get": operation(
                "planRestoreAll",
                "Tell how many pages would be restored, and why others are skipped, for each choice of pages.",
                json_answer("By `only`.", object_of(dict.fromkeys(ONLY, planned))),
                problems(409, 422, 500),
                parameters=[in_query("certain", SHARE, "As in the body of `POST`.")],
            ),
            "post": operation(
                "restoreAll",
                "Restore the pages of the folder by their masks.",
                job,
                OF_WORK,
                work=True,
                requestBody=body_of({"only": {"enum": list(ONLY)}, "certain": SHARE, **HOW}),
            ),
        },
        "/folder/download": {
            "get": operation(
                "downloadAll",
                "Download outputs, records, reports, decisions and masks.",
                picture("A zip file.", "application/zip"),
                problems(409, 422, 500, 503),
            )
        },
        "/folder/report": {
            "get": operation(
                "report",
                "Download the treatment report.",
                picture("One HTML file; a zip file if the report has several pages.", "*/*"),
                problems(404, 409, 422, 500, 503),
            )
        },
        "/pages": {
            "get": operation(
                "pages",
                "List pages.",
                json_answer("Some of the pages, and how many there are.", pages),
                problems(409, 422, 500),
                parameters=[
                    in_query("state", {"enum": list(STATES)}, "Only those in this state."),
                    in_query("order", {"enum": ["worst", "name"]}),
                    in_query("offset", {**COUNT, "maximum": 10**9}),
                    in_query("limit", {"type": "integer", "minimum": 1, "maximum": 1000}),
                ],
            )
        },
        "/pages/{id}": {
            "parameters": [ID],
            "get": operation("page", "Describe a page.", json_answer("The page.", details), OF_A_PAGE),
        },
        "/pages/{id}/thumbnail": {
            "parameters": [ID],
            "get": operation(
                "thumbnail",
                "Show a thumbnail of a page.",
                picture("A picture of 320 pixels at most.", "image/jpeg"),
                {**OF_A_PAGE, **NOT_CHANGED},
                parameters=[in_query("layer", {"enum": list(LAYERS[:2])})],
            ),
        },
        "/pages/{id}/tiles/{layer}/{level}/{column}_{row}": {
            "parameters": [
                ID,
                in_path("layer", {"enum": list(LAYERS)}),
                in_path("level", {**COUNT, "maximum": 30}),
                in_path("column", {**COUNT, "maximum": 10**6}),
                in_path("row", {**COUNT, "maximum": 10**6}),
            ],
            "get": operation(
                "tile",
                "Show a tile of a page: 512 pixels, no overlap; level 0 is one pixel.",
                picture("The tile.", "image/png", "image/jpeg"),
                {**OF_A_PAGE, **NOT_CHANGED},
                parameters=[in_query("v", COUNT, "The `restored_version`: such a tile is kept by the browser.")],
            ),
        },
        "/pages/{id}/mask": {
            "parameters": [ID],
            "get": operation(
                "mask",
                "Return the mask, 255 where pixels are missing.",
                {**picture("The mask, or a box of it."), "headers": ETAG},
                {**OF_A_PAGE, **NOT_CHANGED},
                parameters=[in_query("box", TEXT, "left,top,right,bottom")],
            ),
            "put": operation(
                "putMask",
                "Take a file of any kind that bokwon reads as the mask.",
                json_answer("How it was read.", object_of({"mask_version": COUNT, "reading": TEXT, "share": SHARE})),
                OF_A_CHANGE,
                parameters=[IF_MATCH, *reading],
                requestBody=file_body("application/octet-stream"),
            ),
            "patch": operation(
                "patchMask",
                "Replace the mask in a box: one step, which can be undone.",
                change_answer("What changed."),
                OF_A_CHANGE,
                parameters=[
                    IF_MATCH,
                    in_query("x", {"type": "integer"}, "Left of the box.", required=True),
                    in_query("y", {"type": "integer"}, "Top of the box.", required=True),
                ],
                requestBody=file_body("image/png"),
            ),
        },
        **{
            f"/pages/{{id}}/mask/{name}": {
                "parameters": [ID],
                "post": operation(
                    f"{name}Mask", text, change_answer("What changed."), OF_A_CHANGE, parameters=[IF_MATCH]
                ),
            }
            for name, text in (("undo", "Undo the last step."), ("redo", "Redo the last undone step."))
        },
        "/pages/{id}/mask/wand": {
            "parameters": [ID],
            "post": operation(
                "wand",
                "Find the connected area with about the colour of a pixel; the mask does not change.",
                {**picture("The area."), "headers": {"X-Box": {"description": "Where it lies.", "schema": TEXT}}},
                {**OF_A_PAGE, **problems(400, 408, 413, 415)},
                requestBody=body_of(
                    {
                        "x": COUNT,
                        "y": COUNT,
                        "tolerance": {**COUNT, "maximum": 255},
                        "radius_max": COUNT,
                        "grow": {**COUNT, "maximum": MOST_GROWN, "description": "Pixels by which it is grown."},
                        "holes": {**COUNT, "description": "Pixels of the largest hole in it that is filled."},
                    },
                    "x",
                    "y",
                ),
            ),
        },
        "/pages/{id}/mask/morph": {
            "parameters": [ID],
            "post": operation(
                "morph",
                "Grow or shrink the mask, or fill what it encloses.",
                change_answer("What changed."),
                OF_A_CHANGE,
                parameters=[IF_MATCH],
                requestBody=body_of(
                    {"how": {"enum": list(WAYS)}, "by": {"type": "integer", "minimum": 1, "maximum": MOST_GROWN}}, "how"
                ),
            ),
        },
        "/pages/{id}/detect": {
            "parameters": [ID],
            "post": operation(
                "detectPage", "Find the damage of a page.", job, OF_WORK, work=True, requestBody=body_of(SEARCH)
            ),
        },
        "/pages/{id}/regions": {
            "parameters": [ID],
            "get": operation(
                "regions",
                "Return a picture of 16 bits with the number of the region at each pixel.",
                picture("Numbers of regions, or a box of them; 0 where there is none."),
                {**OF_A_PAGE, **NOT_CHANGED},
                parameters=[in_query("box", TEXT, "left,top,right,bottom")],
            ),
            "patch": operation(
                "decideRegions",
                "Put regions into the mask or take them out: by number, or all by a threshold.",
                json_answer("The page.", details),
                OF_A_CHANGE,
                parameters=[IF_MATCH],
                requestBody=body_of(
                    {
                        "accept": {"type": "array", "items": COUNT},
                        "reject": {"type": "array", "items": COUNT},
                        "threshold": SHARE,
                        "forget": {"type": "boolean", "description": "With a threshold: drop decisions by hand."},
                    }
                ),
            ),
        },
        "/pages/{id}/restore": {
            "parameters": [ID],
            "post": operation(
                "restorePage",
                "Restore a page, or only a region or a box of it.",
                job,
                OF_WORK,
                work=True,
                requestBody=body_of({**HOW, **WHERE}),
            ),
        },
        "/pages/{id}/original": {
            "parameters": [ID],
            "post": operation(
                "original",
                "Give a region or a box its original pixels back.",
                page,
                OF_WORK,
                requestBody=body_of(WHERE),
            ),
        },
        "/pages/{id}/undo": {
            "parameters": [ID],
            "post": operation("undo", "Take the restoration of a page back; its mask stays.", job, OF_WORK, work=True),
        },
        "/pages/{id}/decision": {
            "parameters": [ID],
            "post": operation(
                "decide",
                "Record a decision on a page. On a page whose mask is not restored as it is now, the mask is approved.",
                page,
                OF_WORK,
                requestBody=body_of({"decision": {"enum": list(DECISIONS)}}, "decision"),
            ),
        },
        "/pages/{id}/download": {
            "parameters": [ID],
            "get": operation(
                "download",
                "Download the restored file, the mask, or the record.",
                picture("The file.", "*/*"),
                problems(404, 409, 422, 500, 503),
                parameters=[in_query("what", {"enum": ["restored", "mask", "record"]})],
            ),
        },
    }
