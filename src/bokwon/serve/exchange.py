"""A request and its answer: files are received, worked on in the queue, sent back, and gone."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bokwon.serve.jobs import Job, Jobs
from bokwon.serve.problems import HttpError, problem, problem_of
from bokwon.serve.processes import Processes
from bokwon.serve.settings import Settings
from bokwon.serve.uploads import Body, receive_body
from bokwon.serve.work import Answer, Detect, ReadMask, Restore

__all__ = ["FACTS", "KEPT", "Exchange", "Plan"]

FACTS = "Bokwon-Facts"
"""Header of answers that are files: what else is told, as JSON."""

KEPT = 600.0
"""Seconds after its end that the result of a job can be fetched, where nobody waited for it."""

_LONGEST_FACTS = 4096
_STOPPED = (503, "The work was stopped", "it was cancelled, or the server is stopping", "send it again")

Plan = Callable[[Body, Path], tuple[Restore | Detect | ReadMask, bool]]
"""Makes a task of what was sent, with a folder for its files; and tells whether its sender waits for the answer."""


@dataclass
class _Place:
    """One request's place among those that may be at work.

    Attributes:
        folder: Where its files lie.
        job: Its job, where nobody waits for it.
        until: When its result is forgotten.
    """

    folder: Path
    job: Job | None = None
    until: float | None = None


class Exchange:
    """Turns requests into work and its results into answers.

    Args:
        settings: Those of the server.
        jobs: The queue of all work.
        processes: Where the work is done.

    Attributes:
        folder: Where files are kept while they are worked on.
    """

    def __init__(self, settings: Settings, jobs: Jobs, processes: Processes) -> None:
        # Uploads take room on the disk before they are jobs: no more of them than jobs may be.
        self._most = settings.workers + settings.most_waiting
        self._jobs = jobs
        self._processes = processes
        self._places: list[_Place] = []
        self.folder = Path(tempfile.mkdtemp(prefix="bokwon-"))

    async def run(self, request: Request, kind: str, names: tuple[str, ...], plan: Plan) -> Response:
        """Receive files, run the task in the queue, and answer with its result or, in the background, with the job.

        Args:
            request: Brings the files.
            kind: What is done.
            names: The files that may be sent.
            plan: Makes the task.

        Raises:
            BokwonError: It cannot be done.
        """
        await self.forget_old()
        if len(self._places) >= self._most:
            raise HttpError(
                429, "Too many requests", f"{len(self._places)} requests are being processed", "try again later"
            )
        place = _Place(Path(tempfile.mkdtemp(dir=self.folder)))
        self._places.append(place)
        try:
            body = await receive_body(request, place.folder, names)
            task, waits = plan(body, place.folder)
            job = self._jobs.submit(kind, lambda job: self._processes.run(task, job, name=task.image.name))
            if not waits:
                place.job = job
                return JSONResponse(job.facts(), 202, {"Location": f"{request.scope['root_path']}/jobs/{job.id}"})
            answer = await self._wait(job, request)
        except BaseException:
            await asyncio.shield(self._forget(place))
            raise
        return await self._answer(answer, place)

    async def result(self, name: str) -> Response:
        """Answer with the result of a background job, then delete the result.

        Args:
            name: Id of the job.

        Raises:
            HttpError: There is no such job (404), or it is not finished (409).
        """
        place = next((place for place in self._places if place.job and place.job.id == name), None)
        if place is None or place.job is None:
            raise HttpError(404, "No such result", f"there is no result of a job {name}", "send the request again")
        job = place.job
        if not job.is_over:
            raise HttpError(409, "Not done yet", f"the job is {job.state}", "ask again later")
        if job.state != "done":
            await self._forget(place)
            return problem(**job.problem) if job.problem else problem_of(HttpError(*_STOPPED))
        return await self._answer(await asyncio.wrap_future(job.future), place)

    async def forget_old(self) -> None:
        """Delete results that were not fetched in time, and results of cancelled jobs."""
        for place in list(self._places):
            if place.job is None or not place.job.is_over:
                continue
            place.until = place.until or monotonic() + KEPT
            if monotonic() >= place.until or place.job.state == "cancelled":
                await self._forget(place)

    async def _wait(self, job: Job, request: Request) -> Answer:
        """Wait for a job; stop it if nobody waits for it any more.

        Raises:
            HttpError: It was cancelled.
        """
        result = asyncio.wrap_future(job.future)
        gone = asyncio.ensure_future(_until_gone(request))
        try:
            await asyncio.wait({result, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not result.done():
                self._jobs.cancel(job.id)
                # Its files may be removed once nobody works on them.
                await asyncio.wait({result})
        if result.cancelled():
            raise HttpError(*_STOPPED)
        answer: Answer = result.result()
        return answer

    async def _answer(self, answer: Answer, place: _Place) -> Response:
        if answer.path is None:
            await self._forget(place)
            return JSONResponse(answer.facts)
        return _FileAnswer(answer, place, self)

    async def _forget(self, place: _Place) -> None:
        with suppress(ValueError):
            self._places.remove(place)
        await run_in_threadpool(shutil.rmtree, place.folder, ignore_errors=True)


class _FileAnswer(FileResponse):
    """A file, removed once it is sent or its receiver is gone."""

    def __init__(self, answer: Answer, place: _Place, exchange: Exchange) -> None:
        assert answer.path is not None
        super().__init__(
            answer.path, media_type=answer.media_type, filename=answer.name, headers={FACTS: _as_header(answer.facts)}
        )
        self.headers["accept-ranges"] = "none"
        self._place = place
        self._exchange = exchange

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Whole or not at all: there is no second time to fetch the rest.
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        try:
            await super().__call__({**scope, "headers": headers}, receive, send)
        finally:
            await asyncio.shield(self._exchange._forget(self._place))


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _as_header(facts: dict[str, Any]) -> str:
    """Return facts as JSON of one line of ASCII, without the last messages where there are very many."""
    messages = list(facts.get("messages", ()))
    while len(text := json.dumps({**facts, "messages": messages} if messages else facts)) > _LONGEST_FACTS and messages:
        messages.pop()
    return text
