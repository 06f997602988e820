"""The ASGI application: endpoints and the page, behind access checks and size limits."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from bokwon.serve.endpoints import Service
from bokwon.serve.exchange import Exchange
from bokwon.serve.folder import Workspace, folder_paths, folder_routes
from bokwon.serve.jobs import Jobs
from bokwon.serve.language import InLanguage
from bokwon.serve.limits import UploadLimits
from bokwon.serve.openapi import PREFIX, make_document
from bokwon.serve.problems import HANDLERS
from bokwon.serve.processes import Processes
from bokwon.serve.security import Guard, SecurityHeaders
from bokwon.serve.settings import Settings
from bokwon.serve.work import do_task

__all__ = ["STATIC", "make_app"]

STATIC = Path(__file__).parent / "static"
"""What the browser loads."""

_IDLE = 20.0
"""Seconds after which a process without work ends. The next request waits for a new one."""
_LOOK = 5.0
_STOP = 10.0
"""Seconds that work may take to stop, when the server does."""


def make_app(
    settings: Settings,
    *,
    jobs: Jobs | None = None,
    workspace: Workspace | None = None,
) -> Starlette:
    """Make the application.

    Args:
        settings: Settings of the server.
        jobs: The queue of all work; by default a new one.
        workspace: The opened folder that the page shows. It is closed with the application. None: no page.
    """
    queue = jobs or Jobs(settings.workers, most_waiting=settings.most_waiting)
    processes = Processes(do_task, limit=settings.timeout)
    paths = folder_paths() if workspace else {}
    exchange = Exchange(settings, queue, processes)
    service = Service(settings, queue, exchange, make_document(settings, paths))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tidying = asyncio.ensure_future(_tidy(processes, exchange, workspace))
        try:
            yield
        finally:
            tidying.cancel()
            with suppress(asyncio.CancelledError):
                await tidying
            await run_in_threadpool(queue.close, wait=_STOP)
            await run_in_threadpool(processes.close)
            if workspace:
                workspace.close()
            await run_in_threadpool(shutil.rmtree, exchange.folder, ignore_errors=True)

    endpoints = service.routes() + (folder_routes(workspace) if workspace else [])
    routes: list[BaseRoute] = [Mount(PREFIX, routes=endpoints)]
    if workspace:
        routes.append(Mount("/", _Page(directory=STATIC, html=True, check_dir=False)))
    app = _App(
        routes=routes,
        lifespan=lifespan,
        exception_handlers=HANDLERS,
        # The outer one first.
        middleware=[Middleware(Guard, settings=settings), Middleware(UploadLimits, most=settings.max_upload)],
    )
    app.state.jobs = queue
    app.state.folder = exchange.folder
    return app


async def _tidy(processes: Processes, exchange: Exchange, workspace: Workspace | None) -> None:
    while True:
        await asyncio.sleep(_LOOK)
        await exchange.forget_old()
        await run_in_threadpool(processes.release, _IDLE)
        if workspace:
            await run_in_threadpool(workspace.layers.tidy)


class _App(Starlette):
    """The application. Answers to unexpected errors, which Starlette makes outside all middleware, pass here too."""

    def build_middleware_stack(self) -> ASGIApp:
        return SecurityHeaders(InLanguage(super().build_middleware_stack()))


class _Page(StaticFiles):
    """The files of the page. They are asked for anew each time: a new version must not meet old ones."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if not response.headers.get("content-type", "").startswith("text/html"):
            response.headers["Cache-Control"] = "no-cache"
        return response
