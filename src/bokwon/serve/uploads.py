"""Saves request bodies as files in a folder of the request. The folder is deleted with the request."""

from __future__ import annotations

import re
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request

from bokwon.errors import ArgumentError
from bokwon.serve.problems import HttpError
from bokwon.serve.work import Upload

__all__ = ["Body", "clean_name", "receive_body"]

_LONGEST_NAME = 120
_MOST_FIELDS = 50
_LONGEST_FIELD = 16 * 1024
_RAW = re.compile(r"(image/[\w.+-]+|application/(octet-stream|pdf))?")


@dataclass(frozen=True)
class Body:
    """What was sent.

    Attributes:
        files: File by name of the form field; raw bytes have the name `image`.
        fields: The other fields, and the parameters of the query.
    """

    files: dict[str, Upload]
    fields: list[tuple[str, str]]

    def only(self, name: str) -> Upload:
        """Return a required file.

        Raises:
            ArgumentError: It is missing.
        """
        if name not in self.files:
            raise ArgumentError(f"no file {name!r} was sent", f"send it as the field {name} of a multipart form")
        return self.files[name]


def clean_name(name: str | None, default: str) -> str:
    """Return the name of an uploaded file for messages, without folders and control characters.

    Args:
        name: What its sender calls it.
        default: What to call it if there is no name.
    """
    last = re.split(r"[/\\]", name or "")[-1]
    shown = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip()
    # The end tells the format.
    return shown[-_LONGEST_NAME:] or default


async def receive_body(request: Request, folder: Path, names: tuple[str, ...]) -> Body:
    """Save the body of a request.

    Args:
        request: A multipart form; or the bytes of an image, with the media type of an image.
        folder: Where files are saved, under generated names.
        names: The files that may be sent.

    Raises:
        HttpError: It is of another type (415).
        HTTPException: The form cannot be read (400).
        ArgumentError: A file has an unknown field name, or a field occurs twice.
    """
    query = list(request.query_params.multi_items())
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        if _RAW.fullmatch(kind) is None:
            raise HttpError(
                415,
                "Unsupported media type",
                f"the body is {kind}",
                "send a multipart form (multipart/form-data), or the bytes of an image as application/octet-stream",
            )
        path = folder / "image"
        with path.open("wb") as stream:
            async for chunk in request.stream():
                await run_in_threadpool(stream.write, chunk)
        return Body({"image": Upload("the image", path)}, query)
    files: dict[str, Upload] = {}
    fields = query
    async with request.form(max_files=len(names), max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD) as form:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                fields.append((name, value))
                continue
            if name not in names or name in files:
                raise ArgumentError(
                    f"the file {name!r} is sent twice" if name in files else f"no file {name!r} is expected here",
                    f"send {' and '.join(names)}, each once",
                )
            path = folder / name
            await run_in_threadpool(_save, value.file, path)
            files[name] = Upload(clean_name(value.filename, f"the {name}"), path)
    return Body(files, fields)


def _save(source: BinaryIO, path: Path) -> None:
    source.seek(0)
    with path.open("wb") as stream:
        shutil.copyfileobj(source, stream, 1 << 20)
