"""An opened folder over HTTP: pages, tiles, masks, regions, restoring, undoing, decisions, downloads."""

from bokwon.serve.folder.openapi import folder_paths
from bokwon.serve.folder.routes import folder_routes
from bokwon.serve.folder.workspace import Workspace

__all__ = ["Workspace", "folder_paths", "folder_routes"]
