"""The addresses of an opened folder."""

from __future__ import annotations

from starlette.routing import BaseRoute

from bokwon.serve.folder.desk import Desk
from bokwon.serve.folder.routes.downloads import download_routes
from bokwon.serve.folder.routes.mask_routes import mask_routes
from bokwon.serve.folder.routes.page_routes import page_routes
from bokwon.serve.folder.routes.work_routes import work_routes
from bokwon.serve.folder.workspace import Workspace

__all__ = ["folder_routes"]


def folder_routes(workspace: Workspace) -> list[BaseRoute]:
    """Return the routes of an opened folder, to be mounted below `/api/v1`."""
    desk = Desk.of(workspace)
    return [*page_routes(desk), *mask_routes(desk), *work_routes(desk), *download_routes(desk)]
