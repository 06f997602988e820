"""Addresses of the mask of a page: reading it, drawing on it, undoing that."""

from __future__ import annotations

from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bokwon.image_io.masks import MaskAs, MaskOptions, MaskView
from bokwon.serve.folder.desk import Desk
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.masks.files import Box, encode_box, read_patch
from bokwon.serve.folder.masks.store import Change, Mask
from bokwon.serve.folder.routes.answers import json_answer, of_page
from bokwon.serve.folder.routes.requests import box_of, choice, version_asked, whole_number
from bokwon.types import Hole

__all__ = ["mask_routes"]

_YES = {"1", "true", "yes"}


def mask_routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of masks."""
    return [
        of_page(desk, "/mask", {"GET": _get, "PUT": _put, "PATCH": _patch}),
        of_page(desk, "/mask/undo", {"POST": _undo}),
        of_page(desk, "/mask/redo", {"POST": _redo}),
    ]


def _tag(mask: Mask) -> dict[str, str]:
    return {"ETag": f'"{mask.version}"'}


def _get(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    mask = desk.workspace.masks.current(entry)
    headers = {**_tag(mask), "Cache-Control": "private, no-cache"}
    part = mask.hole
    if (told := request.query_params.get("box")) is not None:
        left, top, right, bottom = box_of(told, mask.hole.shape[::-1])
        headers["X-Box"] = f"{left},{top},{right},{bottom}"
        part = part[top:bottom, left:right]
    elif request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(encode_box(part), headers=headers, media_type="image/png")


def _put(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    version = version_asked(request)
    asked = request.query_params
    options = MaskOptions(
        white_is_hole=choice(asked, "holes", ("white", "black"), "white") == "white",
        reading=choice(asked, "mask_as", get_args(MaskAs), "auto"),  # type: ignore[arg-type]
        view=choice(asked, "mask_view", get_args(MaskView), "auto"),  # type: ignore[arg-type]
        fit=asked.get("fit_mask", "") in _YES,
        allow_large=asked.get("allow_large", "") in _YES,
    )
    change, said = desk.workspace.masks.put(entry, version, body, "the mask", options)
    return json_answer(
        {"mask_version": change.mask.version, "reading": said, "share": round(change.mask.share, 6)},
        headers=_tag(change.mask),
    )


def _patch(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    version = version_asked(request)
    width, height = desk.workspace.layers.original(entry).size
    left = whole_number(request.query_params, "x", None, -width, width)
    top = whole_number(request.query_params, "y", None, -height, height)
    patch = read_patch(body, (width, height))
    box = box_of([left, top, left + patch.shape[1], top + patch.shape[0]], (width, height))
    patch = patch[box[1] - top : box[3] - top, box[0] - left : box[2] - left]

    def draw(hole: Hole) -> Hole:
        hole[box[1] : box[3], box[0] : box[2]] = patch
        return hole

    change = desk.workspace.masks.change(entry, version, draw, "drawn")
    return json_answer(change_facts(desk, entry, change, box), headers=_tag(change.mask))


def change_facts(desk: Desk, entry: Entry, change: Change, box: Box | None = None) -> dict[str, Any]:
    """Return what is told of a change of a mask."""
    summary = desk.workspace.summary(entry)
    return {
        "mask_version": change.mask.version,
        "box": list(change.box or box or (0, 0, 0, 0)),
        "share": round(change.mask.share, 6),
        "state": summary.state,
        "fill": summary.fill,
        "can_undo": summary.steps[0],
        "can_redo": summary.steps[1],
    }


def _undo(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    return _walk(desk, entry, request, back=True)


def _redo(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    return _walk(desk, entry, request, back=False)


def _walk(desk: Desk, entry: Entry, request: Request, *, back: bool) -> Response:
    change = desk.workspace.masks.walk(entry, version_asked(request), back=back)
    return json_answer(change_facts(desk, entry, change), headers=_tag(change.mask))
