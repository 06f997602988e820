"""Addresses of the folder, of its pages, and of their pictures."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bokwon.batch.treatment.decisions import DECISIONS
from bokwon.detection.kinds import KINDS
from bokwon.serve.folder.desk import Desk
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.routes.answers import json_answer, of_folder, of_page
from bokwon.serve.folder.routes.requests import choice, json_body, whole_number
from bokwon.serve.folder.stamps import stamp_of
from bokwon.serve.folder.summary import STATES, count
from bokwon.serve.folder.view.shown import encode_tile, is_true
from bokwon.serve.models import list_fillers
from bokwon.serve.problems import HttpError
from bokwon.settings import CERTAIN, choices
from bokwon.utilities.checksums import key_of
from bokwon.version import __version__

__all__ = ["page_routes"]

_MOST_PAGES = 1000
_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"


def page_routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of pages and pictures."""
    return [
        of_folder(desk, "/folder", {"GET": _folder}),
        of_folder(desk, "/pages", {"GET": _pages}),
        of_page(desk, "", {"GET": _page}, sound=False),
        of_page(desk, "/thumbnail", {"GET": _thumbnail}),
        of_page(desk, "/tiles/{layer}/{level:int}/{column:int}_{row:int}", {"GET": _tile}),
        of_page(desk, "/decision", {"POST": _decide}, sound=False),
    ]


def _folder(desk: Desk, request: Request, body: bytes) -> Response:
    places = desk.workspace.places
    summaries = desk.workspace.summaries()
    desk.read_unseen(summaries)
    counts = count(summaries)
    return json_answer(
        {
            "name": _text(places.folder.name if places.only is None else places.only),
            "output": _text(places.output),
            "state_file": _text(places.database),
            "readonly": places.readonly,
            "notices": [_text(notice) for notice in places.notices],
            "counts": counts,
            "total": sum(counts.values()),
            "reported": bool(desk.workspace.outputs.report()) or bool(desk.workspace.review.all()),
            "detector": desk.finding.available,
            "certain": CERTAIN,
            "kinds": list(KINDS),
            "models": list_fillers(),
            "methods": list(choices("method")),
            "materials": list(choices("material")),
            "finishes": list(choices("finish")),
            "version": __version__,
        }
    )


def _text(told: object) -> str:
    return str(told).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _pages(desk: Desk, request: Request, body: bytes) -> Response:
    asked = request.query_params
    order = choice(asked, "order", ("worst", "name"), "name")
    offset = whole_number(asked, "offset", 0, 0, 10**9)
    limit = whole_number(asked, "limit", 100, 1, _MOST_PAGES)
    found = desk.workspace.summaries()
    if asked.get("state"):
        state = choice(asked, "state", STATES)
        found = [summary for summary in found if summary.state == state]
    if order == "worst":
        found = sorted(found, key=lambda summary: -summary.score)
    pages = [summary.facts() for summary in found[offset : offset + limit]]
    return json_answer({"total": len(found), "pages": pages})


def page_facts(desk: Desk, entry: Entry) -> dict[str, Any]:
    """Return all that is told of one page."""
    entry = desk.read_masks(entry)
    before, after = desk.workspace.neighbours(entry)
    summary = desk.workspace.summary(entry)
    return {
        **summary.facts(),
        "regions": [] if summary.problem else desk.outcomes.add_to(entry, desk.finding.regions(entry)),
        "certain": min(1.0, desk.finding.judged(entry).certain),
        "evidence": desk.workspace.layers.has_evidence(entry),
        "next": after,
        "previous": before,
    }


def _page(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    return json_answer(page_facts(desk, entry))


def _thumbnail(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    layer = choice(request.query_params, "layer", ("original", "restored"), "original")
    path = entry.path if layer == "original" else entry.target
    tag = f'"{key_of([stamp_of(path), layer])}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _ASK_AGAIN})
    jpeg = desk.workspace.layers.thumbnail(entry, layer)
    return Response(jpeg, headers={"ETag": tag, "Cache-Control": _ASK_AGAIN}, media_type="image/jpeg")


def _tile(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    asked = request.path_params
    layer = choice(asked, "layer", ("original", "restored", "evidence"))
    version = 0 if layer == "original" else desk.workspace.summary(entry).restored_version
    tag = f'"{key_of([stamp_of(entry.path), layer, version])}"'
    # What is asked for by the version that it has never changes; the scan has no version.
    caching = _FOR_EVER if version and request.query_params.get("v") == str(version) else _ASK_AGAIN
    headers = {"ETag": tag, "Cache-Control": caching}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    shown = desk.workspace.layers.layer(entry, layer)
    picture = shown.tile(asked["level"], asked["column"], asked["row"])
    if picture is None:
        raise HttpError(404, "No such tile", "the page has no such tile", "ask for tiles within the page")
    data, kind = encode_tile(picture, lossless=is_true(shown.size, asked["level"]))
    return Response(data, headers=headers, media_type=kind)


def _decide(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    decision: Any = choice(json_body(body), "decision", DECISIONS)
    desk.decide(entry, decision)
    return json_answer(desk.workspace.summary(desk.workspace.page(entry.id)).facts())
