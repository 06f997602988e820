"""Addresses of the folder, of its pages, and of their pictures."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bokwon.detection.kinds import KINDS
from bokwon.inpaint.models import list_models
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.review import DECISIONS
from bokwon.serve.folder.routes.answers import json_answer, of_folder, of_page
from bokwon.serve.folder.routes.requests import choice, json_body, whole_number
from bokwon.serve.folder.stamps import stamp_of
from bokwon.serve.folder.summary import STATES
from bokwon.serve.folder.view.shown import encode_tile, is_true
from bokwon.serve.folder.workspace import Workspace
from bokwon.serve.problems import HttpError
from bokwon.settings import choices
from bokwon.utilities.checksums import key_of
from bokwon.version import __version__

__all__ = ["page_routes"]

_MOST_PAGES = 1000
_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"


def page_routes(workspace: Workspace) -> list[BaseRoute]:
    """Return the routes of pages and pictures."""
    return [
        of_folder(workspace, "/folder", {"GET": _folder}),
        of_folder(workspace, "/pages", {"GET": _pages}),
        of_page(workspace, "", {"GET": _page}, sound=False),
        of_page(workspace, "/thumbnail", {"GET": _thumbnail}),
        of_page(workspace, "/tiles/{layer}/{level:int}/{column:int}_{row:int}", {"GET": _tile}),
        of_page(workspace, "/decision", {"POST": _decide}, sound=False),
    ]


def _folder(workspace: Workspace, request: Request, body: bytes) -> Response:
    places = workspace.places
    counts = workspace.counts()
    return json_answer(
        {
            "name": _text(places.folder.name if places.only is None else places.only),
            "output": _text(places.output),
            "state_file": _text(places.database),
            "readonly": places.readonly,
            "notices": [_text(notice) for notice in places.notices],
            "counts": counts,
            "total": sum(counts.values()),
            "detector": workspace.has_detector(),
            "kinds": list(KINDS),
            "models": [
                {"name": model.path.stem, "title": str((model.card or {}).get("title", model.name))}
                for model in list_models()
                if _fills(model.path.stem)
            ],
            "methods": list(choices("method")),
            "finishes": list(choices("finish")),
            "version": __version__,
        }
    )


def _fills(name: str) -> bool:
    """Return whether a model fills holes: not one that finds damage, nor the int8 half of another."""
    return not name.startswith("detect") and not name.endswith("-int8")


def _text(told: object) -> str:
    return str(told).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _pages(workspace: Workspace, request: Request, body: bytes) -> Response:
    asked = request.query_params
    order = choice(asked, "order", ("worst", "name"), "name")
    offset = whole_number(asked, "offset", 0, 0, 10**9)
    limit = whole_number(asked, "limit", 100, 1, _MOST_PAGES)
    found = workspace.summaries()
    if asked.get("state"):
        state = choice(asked, "state", STATES)
        found = [summary for summary in found if summary.state == state]
    if order == "worst":
        found = sorted(found, key=lambda summary: -summary.score)
    pages = [summary.facts() for summary in found[offset : offset + limit]]
    return json_answer({"total": len(found), "pages": pages})


def page_facts(workspace: Workspace, entry: Entry) -> dict[str, Any]:
    """Return all that is told of one page."""
    entry = workspace.look(entry)
    before, after = workspace.neighbours(entry)
    summary = workspace.summary(entry)
    return {
        **summary.facts(),
        "regions": workspace.regions(entry),
        "evidence": workspace.has_evidence(entry),
        "next": after,
        "previous": before,
    }


def _page(workspace: Workspace, entry: Entry, request: Request, body: bytes) -> Response:
    return json_answer(page_facts(workspace, entry))


def _thumbnail(workspace: Workspace, entry: Entry, request: Request, body: bytes) -> Response:
    layer = choice(request.query_params, "layer", ("original", "restored"), "original")
    path = entry.path if layer == "original" else entry.target
    tag = f'"{key_of([stamp_of(path), layer])}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _ASK_AGAIN})
    jpeg = workspace.thumbnail(entry, layer)
    return Response(jpeg, headers={"ETag": tag, "Cache-Control": _ASK_AGAIN}, media_type="image/jpeg")


def _tile(workspace: Workspace, entry: Entry, request: Request, body: bytes) -> Response:
    asked = request.path_params
    layer = choice(asked, "layer", ("original", "restored", "evidence"))
    version = 0 if layer == "original" else workspace.summary(entry).restored_version
    tag = f'"{key_of([stamp_of(entry.path), layer, version])}"'
    # What is asked for by the version that it has never changes; the scan has no version.
    caching = _FOR_EVER if version and request.query_params.get("v") == str(version) else _ASK_AGAIN
    headers = {"ETag": tag, "Cache-Control": caching}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    shown = workspace.layer(entry, layer)
    picture = shown.tile(asked["level"], asked["column"], asked["row"])
    if picture is None:
        raise HttpError(404, "No such tile", "the page has no such tile", "ask for tiles within the page")
    data, kind = encode_tile(picture, lossless=is_true(shown.size, asked["level"]))
    return Response(data, headers=headers, media_type=kind)


def _decide(workspace: Workspace, entry: Entry, request: Request, body: bytes) -> Response:
    decision: Any = choice(json_body(body), "decision", DECISIONS)
    workspace.decide(entry, decision)
    return json_answer(workspace.summary(workspace.page(entry.id)).facts())
