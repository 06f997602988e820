"""Downloads: an output, a mask, a record, or everything as a zip file that is made while it is sent."""

from __future__ import annotations

import io
import mimetypes
import os
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from bokwon.batch.mask_matching import REPORT_FILES
from bokwon.errors import BokwonError, FileAccessError
from bokwon.provenance.record import has_record, record_folder
from bokwon.serve.folder.desk import Desk
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.masks.files import encode_mask
from bokwon.serve.folder.routes.answers import of_folder, of_page
from bokwon.serve.folder.routes.requests import choice
from bokwon.serve.problems import HttpError
from bokwon.utilities.atomic import is_part

__all__ = ["download_routes", "zip_stream"]

_BLOCK = 1 << 18
_TEXT = (".json", ".jsonl", ".html", ".csv", ".txt")
"""What is worth compressing: pictures are compressed already."""
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""A zip file knows no earlier time."""


def download_routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of downloads."""
    return [
        of_page(desk, "/download", {"GET": _page}),
        of_folder(desk, "/folder/download", {"GET": _folder}),
        of_folder(desk, "/folder/report", {"GET": _report}),
    ]


def _attached(name: str) -> dict[str, str]:
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_").replace("\\", "_")
    told = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"Content-Disposition": told, "Cache-Control": "private, no-cache"}


def _page(desk: Desk, entry: Entry, request: Request, body: bytes) -> Response:
    what = choice(request.query_params, "what", ("restored", "mask", "record"), "restored")
    workspace = desk.workspace
    name = PurePosixPath(entry.title).name
    if what == "mask":
        mask = workspace.masks.current(entry)
        if mask.kind == "none":
            raise HttpError(404, "No mask", f"{entry.title} has no mask", "draw one, or let damage be found")
        own = PurePosixPath(entry.own_mask.name.encode("utf-8", "replace").decode()).name
        picture = encode_mask(mask.hole, "found" if mask.kind == "found" else "drawn")
        return Response(picture, headers=_attached(own), media_type="image/png")
    # What was filled and is not in the output yet belongs to it.
    desk.restoring.flush(entry, lambda _: None)
    target = entry.target
    if target is None or not target.is_file():
        raise HttpError(404, "Not restored", f"{entry.title} is not restored yet", "restore it first")
    workspace.places.check(target)
    if what == "record":
        if not has_record(target):
            raise HttpError(404, "No record", f"{entry.title} has no record", "restore it here")
        folder = record_folder(target)
        files = ((path, f"{folder.name}/{path.name}") for path in _files(folder, desk))
        return StreamingResponse(
            zip_stream(files), headers=_attached(f"{name}.record.zip"), media_type="application/zip"
        )
    kind = mimetypes.guess_type(target.name)[0] or "application/octet-stream"
    headers = {**_attached(target.name), "Content-Length": str(target.stat().st_size)}
    return StreamingResponse(_content(target), headers=headers, media_type=kind)


def _content(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def _folder(desk: Desk, request: Request, body: bytes) -> Response:
    places = desk.workspace.places
    name = f"{places.folder.name or 'scans'}-{places.output.name}.zip"
    # What was filled and is not in the outputs yet belongs to them.
    desk.restoring.write_waiting()
    # On a full disk everything can still be saved elsewhere.
    with suppress(FileAccessError):
        desk.restoring.treatment.write()
    return StreamingResponse(zip_stream(_everything(desk)), headers=_attached(name), media_type="application/zip")


def _report(desk: Desk, request: Request, body: bytes) -> Response:
    """Answer with the treatment report: one file with its pictures, or a zip file where it has several pages."""
    desk.restoring.write_waiting()
    path = desk.restoring.treatment.write()
    if path is None:
        raise HttpError(404, "Not restored", "no page of the folder is restored or approved yet", "restore one first")
    places = desk.workspace.places
    stem = f"{places.folder.name or 'scans'}-report"
    if not any((places.output / REPORT_FILES).glob("report-*.html")):
        return Response(path.read_bytes(), headers=_attached(f"{stem}.html"), media_type="text/html; charset=utf-8")
    files = [path, *_files(places.output / REPORT_FILES, desk)]
    named = ((file, file.relative_to(places.output).as_posix()) for file in files)
    return StreamingResponse(zip_stream(named), headers=_attached(f"{stem}.zip"), media_type="application/zip")


def _everything(desk: Desk) -> Iterator[tuple[Path, str]]:
    """Yield outputs, records, reports, decisions and masks, with their names in the zip file."""
    workspace = desk.workspace
    places = workspace.places
    for path in _files(places.output, desk):
        yield path, f"{places.output.name}/{path.relative_to(places.output).as_posix()}"
    sent: set[Path] = set()
    for entry in list(workspace.index.entries().values()):
        source = entry.mask_source() if entry.problem is None else None
        path_of_mask = source.path if source is not None else None
        if path_of_mask is not None and path_of_mask not in sent:
            sent.add(path_of_mask)
            yield path_of_mask, str(PurePosixPath("masks") / PurePosixPath(entry.name).parent / path_of_mask.name)


def _files(folder: Path, desk: Desk) -> Iterator[Path]:
    """Yield the whole files of a folder and those below it, and no link that leads out of it."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_part(name))
        for name in sorted(names):
            path = Path(parent) / name
            try:
                desk.workspace.places.check(path)
            except BokwonError:
                continue
            if path.is_file() and not is_part(name):
                yield path


class _Sink(io.RawIOBase):
    """Holds what was written until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zip_stream(files: Iterable[tuple[Path, str]]) -> Iterator[bytes]:
    """Yield a zip file piece by piece. Neither the zip file nor any file in it is in memory as a whole.

    Args:
        files: Each file and its name in the zip file. A file that no longer exists when its turn comes is left out.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", allowZip64=True) as archive:
        for path, name in files:
            try:
                stream = path.open("rb")
                changed = os.fstat(stream.fileno())
            except OSError:
                continue
            with stream:
                told = zipfile.ZipInfo(
                    name.encode("utf-8", "replace").decode(),
                    max(_EARLIEST, time.localtime(changed.st_mtime)[:6]),
                )
                told.compress_type = zipfile.ZIP_DEFLATED if path.suffix in _TEXT else zipfile.ZIP_STORED
                told.external_attr = 0o644 << 16
                with archive.open(told, "w", force_zip64=changed.st_size >= zipfile.ZIP64_LIMIT) as part:
                    while block := stream.read(_BLOCK):
                        part.write(block)
                        yield sink.take()
            yield sink.take()
    yield sink.take()
