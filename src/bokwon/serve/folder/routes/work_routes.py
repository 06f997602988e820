"""Addresses of tools and of work: wand, regions, finding damage, restoring, giving originals back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bokwon.detection.kinds import FILLED, KINDS
from bokwon.errors import ArgumentError
from bokwon.serve.folder.desk import Desk
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.masks.files import encode_box, encode_numbers
from bokwon.serve.folder.masks.tools import MOST_GROWN, WAYS, Way, magic_wand, reshape
from bokwon.serve.folder.routes.answers import json_answer, of_folder, of_page
from bokwon.serve.folder.routes.mask_routes import change_facts
from bokwon.serve.folder.routes.page_routes import page_facts
from bokwon.serve.folder.routes.requests import box_of, choice, json_body, number, version_asked, whole_number
from bokwon.serve.folder.selection import ONLY, Only
from bokwon.serve.jobs import Job, Outcome
from bokwon.settings import CERTAIN
from bokwon.types import Hole

__all__ = ["work_routes"]

_TOLERANCE = 24
"""Levels of 255 by which the magic wand's area may differ from its pixel."""
_RADIUS, _MOST_RADIUS = 500, 4000
"""Pixels that the magic wand's area may reach from its pixel."""
_MOST_HOLES = 10**6
"""Pixels of the largest hole that the magic wand may fill."""


def work_routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of tools and work."""
    return [
        of_page(desk, "/mask/wand", {"POST": _wand}),
        of_page(desk, "/mask/morph", {"POST": _morph}),
        of_page(desk, "/detect", {"POST": _detect}),
        of_page(desk, "/regions", {"GET": _regions, "PATCH": _decide}),
        of_page(desk, "/restore", {"POST": _restore}),
        of_page(desk, "/original", {"POST": _original}),
        of_page(desk, "/undo", {"POST": _undo}),
        of_folder(desk, "/folder/jobs", {"GET": _jobs}),
        of_folder(desk, "/folder/detect", {"POST": _detect_all}),
        of_folder(desk, "/folder/restore", {"GET": _plan, "POST": _restore_all}),
    ]


def _started(job: Job) -> Response:
    return json_answer(job.facts(), 202, {"Location": f"/api/v1/jobs/{job.id}"})


def _wand(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    told = json_body(body)
    shown = desk.workspace.layers.original(entry)
    x = whole_number(told, "x", None, 0, shown.size[0] - 1)
    y = whole_number(told, "y", None, 0, shown.size[1] - 1)
    tolerance = whole_number(told, "tolerance", _TOLERANCE, 0, 255)
    radius = whole_number(told, "radius_max", _RADIUS, 1, _MOST_RADIUS)
    grow, holes = whole_number(told, "grow", 0, 0, MOST_GROWN), whole_number(told, "holes", 0, 0, _MOST_HOLES)
    box, area = magic_wand(shown, x, y, tolerance, radius, grow, holes)
    headers = {"X-Box": ",".join(map(str, box)), "Cache-Control": "no-store"}
    return Response(encode_box(area), headers=headers, media_type="image/png")


def _morph(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    version, told = version_asked(request), json_body(body)
    how: Way = choice(told, "how", WAYS)  # type: ignore[assignment]
    by = whole_number(told, "by", 1, 1, MOST_GROWN)
    change = desk.workspace.masks.change(entry, version, lambda hole: reshape(hole, how, by), "drawn")
    return json_answer(change_facts(desk, entry, change), headers={"ETag": f'"{change.mask.version}"'})


def _search(told: dict[str, Any]) -> tuple[float, tuple[str, ...]]:
    """Return from which confidence on damage is filled, and of which kinds."""
    kinds = told.get("kinds", FILLED)
    if not isinstance(kinds, list | tuple) or not kinds or not all(kind in KINDS for kind in kinds):
        raise ArgumentError("kinds names no kinds of damage", f"give a list out of {', '.join(KINDS)}")
    return number(told, "threshold", CERTAIN, 0.0, 1.0) or 0.0, tuple(kinds)


def _detect(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    told = json_body(body)
    threshold, kinds = _search(told)
    desk.finding.check()

    def work(job: Job) -> None:
        # Who asks for no certainty or kinds of their own does not want to lose what was judged.
        keep = not {"threshold", "kinds"} & set(told)
        least = threshold if "threshold" in told else None
        desk.finding.detect(entry, job.progress, threshold=least, kinds=kinds, keep=keep)
        desk.workspace.tell(entry)

    return _started(desk.workspace.jobs.submit("detect", work, page=entry.id))


def _regions(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    tag = f'"{desk.workspace.masks.current(entry).version}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    picture = desk.finding.picture(entry)
    if (told := request.query_params.get("box")) is not None:
        left, top, right, bottom = box_of(told, picture.shape[::-1])
        headers["X-Box"] = f"{left},{top},{right},{bottom}"
        picture = picture[top:bottom, left:right]
    elif request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(encode_numbers(picture), headers=headers, media_type="image/png")


def _numbers(told: dict[str, Any], name: str) -> list[int]:
    numbers = told.get(name, [])
    if not isinstance(numbers, list) or not all(isinstance(one, int) and not isinstance(one, bool) for one in numbers):
        raise ArgumentError(f"{name} is no list of numbers of regions", f"give {name}: [1, 2]")
    return numbers


def _decide(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    version, told = version_asked(request), json_body(body)
    threshold = number(told, "threshold", None, 0.0, 1.0)
    accept, reject = _numbers(told, "accept"), _numbers(told, "reject")
    forget = told.get("forget", False)
    if not isinstance(forget, bool):
        raise ArgumentError("forget is neither true nor false", "give one of them")
    if (threshold is None) == (not accept and not reject):
        raise ArgumentError("the request has neither, or both", "give accept and reject, or threshold")
    if threshold is not None:
        desk.finding.apply_threshold(entry, version, threshold, forget=forget)
    else:
        desk.finding.decide(entry, version, accept=accept, reject=reject)
    return json_answer(page_facts(desk, entry))


def _part(desk: Desk, entry: Entry, told: dict[str, Any]) -> Hole | None:
    """Return the part of a page that a request is about: a region or a box; None for all of it."""
    if told.get("region") is not None and told.get("box") is not None:
        raise ArgumentError("the request names a region and a box", "give one of them")
    if told.get("region") is not None:
        return desk.finding.pixels(entry, whole_number(told, "region", None, 1, 10**6))
    if told.get("box") is None:
        return None
    width, height = desk.workspace.layers.original(entry).size
    left, top, right, bottom = box_of(told["box"], (width, height))
    part = np.zeros((height, width), bool)
    part[top:bottom, left:right] = True
    return part


def _restore(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    told = json_body(body)
    settings = desk.settings_of(told)
    part = _part(desk, entry, told)

    def work(job: Job) -> None:
        if part is None:
            desk.restoring.restore_pages([entry], settings, job.progress)
        else:
            desk.restoring.restore_part(entry, part, settings, job.progress)

    return _started(desk.workspace.jobs.submit("restore", desk.guarded(entry, work), page=entry.id))


def _original(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    part = _part(desk, entry, json_body(body))
    if part is None:
        raise ArgumentError("the request does not say where", "give region or box")
    desk.restoring.give_back(entry, part)
    return json_answer(desk.workspace.summary(desk.workspace.page(entry.id)).facts())


def _undo(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    def work(job: Job) -> None:
        desk.restoring.take_back(entry, job.progress)

    desk.restoring.check_restored(entry)
    return _started(desk.workspace.jobs.submit("undo", desk.guarded(entry, work), page=entry.id))


def _jobs(desk: Desk, request: Request, body: bytes) -> Response:
    """List the work on pages and on the folder that waits or runs, but no uploads of other clients."""
    jobs = [job.facts() for job in desk.workspace.jobs.unfinished() if job.background or job.page is not None]
    return json_answer({"jobs": jobs})


def _on_folder(desk: Desk, kind: str, do: Callable[[Job, Outcome], None]) -> Response:
    """Start work on the whole folder that counts the pages by their result."""

    def work(job: Job) -> None:
        job.outcome = Outcome()
        do(job, job.outcome)

    return _started(desk.workspace.jobs.submit(kind, work, background=True))


def _detect_all(desk: Desk, request: Request, body: bytes) -> Response:
    threshold, kinds = _search(json_body(body))
    desk.finding.check()

    def do(job: Job, outcome: Outcome) -> None:
        desk.detect_all(job.progress, threshold=threshold, kinds=kinds, outcome=outcome)

    return _on_folder(desk, "detect", do)


def _plan(desk: Desk, request: Request, body: bytes) -> Response:
    told: dict[str, Any] = dict(request.query_params)
    with suppress(KeyError, ValueError):
        told["certain"] = float(told["certain"])
    certain = number(told, "certain", None, 0.0, 1.0)
    # Approved masks are restored as they are.
    plans = {only: desk.plan(only, None if only == "approved" else certain) for only in ONLY}
    return json_answer(plans)


def _restore_all(desk: Desk, request: Request, body: bytes) -> Response:
    told = json_body(body)
    only: Only = choice(told, "only", ONLY, "found")  # type: ignore[assignment]
    certain = number(told, "certain", None, 0.0, 1.0)
    if only == "approved" and certain is not None:
        raise ArgumentError("approved masks are restored as they are", "leave out certain, or choose other pages")
    settings = desk.settings_of(told)

    def do(job: Job, outcome: Outcome) -> None:
        desk.restore_all(job.progress, settings, only=only, certain=certain, outcome=outcome)

    return _on_folder(desk, "restore", do)
