"""The endpoints that need no opened folder: uploads in, files out; jobs, events, health and version."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bokwon.batch.found_masks import check_detector, detector_is_installed
from bokwon.batch.job import Options
from bokwon.batch.page_ranges import select_pages
from bokwon.errors import MissingDependencyError
from bokwon.serve.exchange import Exchange
from bokwon.serve.jobs import Jobs
from bokwon.serve.models import list_fillers
from bokwon.serve.parameters import DETECT, MASKS, RESTORE, mask_options, read_parameters, restore_settings
from bokwon.serve.problems import HttpError
from bokwon.serve.settings import Settings
from bokwon.serve.uploads import Body
from bokwon.serve.work import Detect, ReadMask, Restore
from bokwon.settings import choices
from bokwon.utilities.processes import available_cores
from bokwon.version import __version__

__all__ = ["Service"]

_ALIVE = 15.0
"""Seconds without an event after which a comment tells that the connection lives."""


class Service:
    """Answers requests.

    Args:
        settings: Those of the server.
        jobs: The queue of all work.
        exchange: Receives uploads and runs the work on them.
        openapi: The document that describes all endpoints.
    """

    def __init__(self, settings: Settings, jobs: Jobs, exchange: Exchange, openapi: dict[str, Any]) -> None:
        self._settings = settings
        self._jobs = jobs
        self._exchange = exchange
        self._openapi = openapi
        self._threads = settings.threads or max(1, available_cores() // settings.workers)

    def routes(self) -> list[BaseRoute]:
        """Return the routes below /api/v1."""
        return [
            Route("/restore", self.restore, methods=["POST"]),
            Route("/detect", self.detect, methods=["POST"]),
            Route("/masks", self.masks, methods=["POST"]),
            Route("/jobs/{id}", self.job, methods=["GET", "DELETE"]),
            Route("/jobs/{id}/result", self.result),
            Route("/events", self.events),
            Route("/health", self.health),
            Route("/version", self.version),
            Route("/openapi.json", self.openapi),
        ]

    async def restore(self, request: Request) -> Response:
        """Restore an image."""

        def plan(body: Body, folder: Path) -> tuple[Restore, bool]:
            values = read_parameters(body.fields, RESTORE)
            image, mask = body.only("image"), body.files.get("mask")
            settings = restore_settings(values, self._threads)
            if values["pages"] is not None:
                select_pages(values["pages"])
            if mask is None:
                _check_detector("send a mask as the field mask")
            options = Options(
                masks=mask_options(values),
                max_pixels=self._settings.max_pixels,
                pages=values["pages"],
                record=values["record"],
                find=values["certain"] if mask is None else None,
            )
            file_format = values["format"] and values["format"].upper()
            return Restore(image, mask, folder, settings, options, file_format), values["wait"]

        return await self._exchange.run(request, "restore", ("image", "mask"), plan)

    async def detect(self, request: Request) -> Response:
        """Find the damage of a page."""

        def plan(body: Body, folder: Path) -> tuple[Detect, bool]:
            values = read_parameters(body.fields, DETECT)
            kinds = values["kinds"]
            names = None if kinds is None else tuple(name.strip() for name in kinds.split(","))
            options = {key: values[key] for key in ("threshold", "min_area", "grow", "outline")}
            _check_detector("draw the mask by hand")
            task = Detect(
                body.only("image"),
                folder,
                values["page"],
                values["answer"],
                tuple({**options, "kinds": names, "threads": self._threads}.items()),
                self._settings.max_pixels,
            )
            return task, values["wait"]

        return await self._exchange.run(request, "detect", ("image",), plan)

    async def masks(self, request: Request) -> Response:
        """Describe how a mask is read."""

        def plan(body: Body, folder: Path) -> tuple[ReadMask, bool]:
            values = read_parameters(body.fields, MASKS)
            task = ReadMask(
                body.only("image"),
                body.only("mask"),
                folder,
                values["page"],
                values["answer"],
                mask_options(values),
                self._settings.max_pixels,
            )
            return task, values["wait"]

        return await self._exchange.run(request, "masks", ("image", "mask"), plan)

    async def job(self, request: Request) -> Response:
        """Tell of a job, or cancel it."""
        name = request.path_params["id"]
        job = self._jobs.cancel(name) if request.method == "DELETE" else self._jobs.get(name)
        if job is None:
            raise HttpError(
                404, "No such job", f"there is no job {name}", "jobs are kept only for some time after their end"
            )
        return JSONResponse(job.facts())

    async def result(self, request: Request) -> Response:
        """Return the result of a background job."""
        return await self._exchange.result(request.path_params["id"])

    async def events(self, request: Request) -> Response:
        """Stream what happens, as server-sent events."""
        return StreamingResponse(_event_stream(self._jobs), media_type="text/event-stream")

    async def health(self, request: Request) -> Response:
        """Check that the server answers."""
        return JSONResponse({"status": "ok"})

    async def version(self, request: Request) -> Response:
        """Tell the version, and what there is to choose from."""
        return JSONResponse(
            {
                "version": __version__,
                "models": await run_in_threadpool(list_fillers),
                "methods": list(choices("method")),
                "materials": list(choices("material")),
                "finishes": list(choices("finish")),
                "detector": detector_is_installed(),
                "limits": {
                    "upload_bytes": self._settings.max_upload,
                    "pixels": self._settings.max_pixels,
                    "seconds": self._settings.timeout,
                    "waiting": self._settings.most_waiting,
                },
            }
        )

    async def openapi(self, request: Request) -> Response:
        """Return the document that describes the interface."""
        return JSONResponse(self._openapi)


def _check_detector(fix: str) -> None:
    try:
        check_detector()
    except MissingDependencyError as error:
        raise HttpError(
            503, "No damage model", "no model that finds damage is installed", fix, {"Retry-After": "86400"}
        ) from error


async def _event_stream(jobs: Jobs) -> AsyncIterator[str]:
    # A browser knows by it that the connection stands.
    yield ": bokwon\n\n"
    events = jobs.listen()
    waiting: asyncio.Future[dict[str, Any]] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(events))
            await asyncio.wait({waiting}, timeout=_ALIVE)
            if not waiting.done():
                yield ": alive\n\n"
                continue
            event, waiting = waiting.result(), None
            yield f"data: {json.dumps(event)}\n\n"
    except StopAsyncIteration:
        return
    finally:
        if waiting is not None:
            waiting.cancel()
