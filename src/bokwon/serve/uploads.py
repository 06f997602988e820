"""Bodies of requests: into files of a folder that is the request's own, and gone with it."""

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
        files: Name of the form's field to file; of raw bytes the field is `image`.
        fields: The other fields, and the parameters of the query.
    """

    files: dict[str, Upload]
    fields: list[tuple[str, str]]

    def only(self, name: str) -> Upload:
        """Return a file that must be there.

        Raises:
            ArgumentError: It is not.
        """
        if name not in self.files:
            raise ArgumentError(f"no file {name!r} was sent", f"send it as the field {name} of a multipart form")
        return self.files[name]


def clean_name(name: str | None, default: str) -> str:
    """Return what messages call a file that was sent: its name without folders and control characters.

    Args:
        name: What its sender calls it.
        default: What to call it if there is no name.
    """
    last = re.split(r"[/\\]", name or "")[-1]
    shown = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip()
    # The end tells the format.
    return shown[-_LONGEST_NAME:] or default


async def receive_body(request: Request, folder: Path, names: tuple[str, ...]) -> Body:
    """Save what a request brings.

    Args:
        request: With a multipart form; or with the bytes of an image, where its type is that of one.
        folder: Where files are put, under names of ours.
        names: The files that may be sent.

    Raises:
        HttpError: It is of another type (415).
        HTTPException: The form cannot be read (400).
        ArgumentError: There is a file that was not asked for, or one twice.
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
                    f"the file {name!r} is sent twice" if name in files else f"no file {name!r} is asked for",
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
