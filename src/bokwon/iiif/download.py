"""Downloads the images of a manifest into a folder, each whole or not at all, and notes their source."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError
from bokwon.iiif.connection import Connection, RefusedError, UnavailableError
from bokwon.iiif.image_service import ImageService, Tile, read_info
from bokwon.iiif.manifest import CanvasImage, Manifest, Terms
from bokwon.iiif.names import file_stems
from bokwon.iiif.stitching import stitch
from bokwon.image_io.formats import EXTENSIONS, FORMATS
from bokwon.image_io.formats.table import HEAD_BYTES, format_of_content
from bokwon.image_io.modes import check_pixels
from bokwon.image_io.output_formats import encode_page
from bokwon.image_io.page import Page
from bokwon.image_io.source import Source, decode_source
from bokwon.provenance.origin import ORIGIN_FILE, read_origins
from bokwon.utilities.atomic import make_folder, remove_parts, replacing, write_file
from bokwon.utilities.checksums import sha256_of, sha256_of_file
from bokwon.utilities.locks import lock_output_folder
from bokwon.version import __version__

__all__ = ["Scan", "download_images"]

Tell = Callable[[str, str], None]

_BYTES_OF_PIXEL = 8
"""Four samples of 16 bits: no format needs more."""
_HEADER_BYTES = 1 << 20
"""Bytes that a file may have besides its samples."""
_UNANSWERED = 3
"""After this many pages in a row without an answer, no more are requested."""
_FIX = "run the command again; if it happens again, ask those who run the server"


@dataclass(frozen=True)
class Scan:
    """An image of a manifest after the download.

    Attributes:
        name: File name; without an extension if there is no file.
        state: `new`; `there` if it was downloaded before; or `failed`.
        error: Why there is no file.
    """

    name: str
    state: Literal["new", "there", "failed"]
    error: BokwonError | None = None


def download_images(
    manifest: Manifest,
    images: Sequence[CanvasImage],
    folder: Path,
    connection: Connection,
    *,
    max_pixels: int,
    tell: Tell,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Scan]:
    """Download images at full size. Images of an earlier call are not requested again.

    A file that was changed after its download is not replaced. `iiif.json` in the folder holds the source of each file.

    Args:
        manifest: The manifest.
        images: Which of its images.
        folder: Folder for the scans; made if it is missing.
        connection: Sends the requests.
        max_pixels: Larger images are refused before they are requested.
        tell: Called with the level and text of messages.
        progress: Called with the number of images that are done, and the number of all.

    Returns:
        The result for each image, in order. One that fails does not stop the others.

    Raises:
        ArgumentError: The folder holds the scans of another manifest, or another run is writing to it.
        FileAccessError: The folder cannot be written to.
    """
    make_folder(folder)
    lock = lock_output_folder(folder)
    try:
        remove_parts(folder)
        work = _Download(manifest, folder, connection, max_pixels, tell)
        scans: list[Scan] = []
        stems = dict(zip(manifest.images, file_stems(manifest.images, manifest.canvases), strict=True))
        for image in images:
            scans.append(work.get(stems[image], image))
            progress(len(scans), len(images))
        work.save()
        return scans
    finally:
        if lock is not None:
            os.close(lock)


class _Download:
    """The download of one manifest into one folder."""

    def __init__(self, manifest: Manifest, folder: Path, connection: Connection, max_pixels: int, tell: Tell) -> None:
        self._folder = folder
        self._connection = connection
        self._max_pixels = max_pixels
        self._tell = tell
        self._unanswered = 0
        before = read_origins(folder)
        if before and before["manifest"] != manifest.id:
            message = f"{folder} holds the scans of {before['manifest']}, and not of {manifest.id}"
            raise ArgumentError(message, "name another folder for the outputs")
        self._pages = {str(page.get("file")): page for page in before.get("pages", ())}
        self._head = {
            "bokwon": __version__,
            "manifest": manifest.id,
            "title": manifest.title,
            **manifest.terms.facts(),
            "provider": manifest.provider,
            "metadata": manifest.metadata,
        }

    def save(self) -> None:
        """Write `iiif.json`."""
        pages = [self._pages[name] for name in sorted(self._pages)]
        content = json.dumps({**self._head, "pages": pages}, ensure_ascii=False, indent=1)
        write_file(self._folder / ORIGIN_FILE, content)

    def get(self, stem: str, image: CanvasImage) -> Scan:
        """Download an image, unless its file is there."""
        if (found := self._there(stem, image)) is not None:
            return Scan(found, "there")
        if self._unanswered >= _UNANSWERED:
            message = f"not requested: the server did not answer for {_UNANSWERED} pages in a row"
            return Scan(stem, "failed", UnavailableError(message, "run the same command again later"))
        try:
            name = self._download(stem, image)
        except OSError as error:
            fix = "check the space and the rights there"
            raise FileAccessError(f"cannot write to {self._folder}: {error.strerror or error}", fix) from error
        except BokwonError as error:
            if isinstance(error, FileAccessError) and not isinstance(error, RefusedError | UnavailableError):
                # With a full disk the next pages would fail as well.
                raise
            is_down = isinstance(error, UnavailableError) or getattr(error, "status", 0) >= 500
            self._unanswered = self._unanswered + 1 if is_down else 0
            return Scan(stem, "failed", error)
        self._unanswered = 0
        self._tell("detail", f"{name}: downloaded from {image.service or image.url}")
        return Scan(name, "new")

    def _there(self, stem: str, image: CanvasImage) -> str | None:
        """Return the file of an image that need not be requested; None if it is missing or of another image."""
        downloaded = {page.get("sha256") for page in self._pages.values()}
        for path in self._files(stem):
            page, found = self._pages.get(path.name), sha256_of_file(path)
            if page is not None and page.get("sha256") == found and page.get("url") == (image.service or image.url):
                return path.name
            if found not in downloaded:
                self._tell("warning", f"{path} was changed after its download, or is not from there: it stays")
                return path.name
        return None

    def _files(self, stem: str) -> list[Path]:
        paths = (self._folder / f"{stem}{extension}" for extension in EXTENSIONS)
        return [path for path in paths if path.is_file()]

    def _download(self, stem: str, image: CanvasImage) -> str:
        terms, count = image.terms, 1
        # A file without a name is gone when this process ends, even if it is killed.
        with tempfile.TemporaryFile(dir=self._folder) as stream:
            if image.service is None:
                page = self._request(image.url, stream, None)
                if image.size is not None and page.size != image.size:
                    told, wanted = ("x".join(map(str, each)) for each in (page.size, image.size))
                    self._tell("warning", f"{image.url} has {told} pixels, and the manifest says {wanted}")
            else:
                content = self._connection.json(f"{image.service}/info.json")
                service = read_info(content, image.service)
                check_pixels(f"{stem} ({service.base})", (service.width, service.height), self._max_pixels)
                page, count = self._get_all(service, stream)
                if not (terms.rights or terms.statement):
                    terms = service.terms
            return self._place(stem, image, stream, page, terms, count)

    def _get_all(self, service: ImageService, stream: BinaryIO) -> tuple[Page, int]:
        """Write an image to a stream, at full size; return it, and the number of its tiles."""
        size = (service.width, service.height)
        why: BokwonError | None = None
        if not service.is_capped:
            try:
                page = self._request(service.whole, stream, size)
                if page.size == size:
                    return page, 1
                if page.size[0] > size[0] or page.size[1] > size[1]:
                    told, wanted = ("x".join(map(str, each)) for each in (page.size, size))
                    message = f"{service.whole} has {told} pixels, and its info.json says {wanted}"
                    raise InputFileError(message, "ask those who run the server")
                if service.any_region:
                    # The server has a limit that it does not name. It holds for tiles too.
                    service = replace(service, most=(*page.size, page.size[0] * page.size[1]))
            except RefusedError as error:
                # Servers with a limit that they do not name refuse with 400, 403, 404 or 501.
                why = error
                if error.status == 401:
                    raise
        tiles = service.tiles()
        if tiles is None:
            if why is not None:
                raise why
            fix = f"download it in a browser, and restore the file: {service.whole}"
            told = f"{service.width}x{service.height}"
            raise InputFileError(f"the server gives {service.base} only smaller than its full size of {told}", fix)
        chosen = list(tiles)
        page = stitch(self._get_tiles(chosen), *size, service.base)
        stream.seek(0)
        stream.truncate()
        file_format = "PNG" if page.mode in FORMATS["PNG"].modes else "TIFF"
        encode_page(stream, page.pixels, page.mode, file_format, page.metadata)
        return page, len(chosen)

    def _get_tiles(self, tiles: Sequence[Tile]) -> Iterator[tuple[Tile, Page]]:
        for number, tile in enumerate(tiles, 1):
            self._tell("detail", f"tile {number} of {len(tiles)}: {tile.url}")
            with tempfile.TemporaryFile(dir=self._folder) as stream:
                page = self._request(tile.url, stream, (tile.width, tile.height))
            for warning in page.warnings:
                self._tell("warning", warning)
            yield tile, page

    def _request(self, url: str, stream: BinaryIO, size: tuple[int, int] | None) -> Page:
        """Request an image, write it to a stream, and decode it. A damaged answer is requested once more.

        Args:
            url: The request.
            stream: Where to write it.
            size: The expected size, which limits the bytes of the answer; None if it is unknown.
        """
        pixels = size[0] * size[1] if size else self._max_pixels
        most = pixels * _BYTES_OF_PIXEL + _HEADER_BYTES
        get = partial(self._connection.save, url, stream, most=most, accept="image/*, */*;q=0.1")
        get()
        try:
            return _decoded(url, stream, self._max_pixels)
        except InputFileError as error:
            self._tell("detail", f"{error.message}: requested again")
            get()
            return _decoded(url, stream, self._max_pixels)

    def _place(self, stem: str, image: CanvasImage, stream: BinaryIO, page: Page, terms: Terms, count: int) -> str:
        """Move a scan into its place, and note its source."""
        stream.seek(0)
        found = format_of_content(stream.read(HEAD_BYTES))
        assert found is not None
        name = stem + found.extensions[0]
        stream.seek(0)
        # Noted before the file is there: `_there` takes a file without a note for one that the user put there.
        self._pages[name] = {
            "file": name,
            "canvas": image.canvas_id,
            "label": image.label,
            "url": image.service or image.url,
            "width": page.size[0],
            "height": page.size[1],
            **({"tiles": count} if count > 1 else {}),
            **terms.facts(),
            "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "sha256": sha256_of(stream),
        }
        self.save()
        # Earlier downloads, of another image or in another format. None is the user's: `_there` returns those.
        before = [path for path in self._files(stem) if path.name != name]
        stream.seek(0)
        with replacing(self._folder / name) as final:
            shutil.copyfileobj(stream, final)
        for path in before:
            path.unlink()
            self._pages.pop(path.name, None)
        return name


def _decoded(url: str, stream: BinaryIO, most: int) -> Page:
    """Return the image in a stream.

    Raises:
        InputFileError: It is not an image, is damaged, or has more than `most` pixels.
    """
    stream.seek(0)
    found = format_of_content(stream.read(HEAD_BYTES))
    if found is None or found.name == "PDF":
        raise InputFileError(f"the answer of {url} is not an image that bokwon reads", _FIX)
    stream.seek(0)
    return decode_source(Source(url, data=stream.read()), found.decode, max_pixels=most)
