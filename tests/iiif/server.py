"""A IIIF server for tests, on loopback: levels 0, 1 and 2, caps, tiles, and the faults that real servers have."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

REQUEST = re.compile(r"/iiif/(?P<name>\w+)/(?P<region>[^/]+)/(?P<size>[^/]+)/0/(?P<quality>\w+)\.(?P<format>\w+)")
MEDIA = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF"}


@dataclass
class Served:
    """An image, and what the server does with it.

    Attributes:
        pixels: (H, W) or (H, W, 3), uint8.
        version: Of the Image API.
        level: Of compliance. At level 0 only the canonical requests of tiles and `full` are answered.
        most: `maxWidth`, `maxHeight`, `maxArea`: what `info.json` says, and what is kept to.
        silent: The same limits, but `info.json` does not name them.
        tile: Side of the tiles; 0: `info.json` names none.
        more: Further entries of `info.json`.
        refuses: Status for requests of the whole image that are too large; 0: it is answered smaller.
    """

    pixels: NDArray[np.uint8]
    version: int = 3
    level: int = 2
    most: dict[str, int] = field(default_factory=dict)
    silent: dict[str, int] = field(default_factory=dict)
    tile: int = 0
    more: dict[str, Any] = field(default_factory=dict)
    refuses: int = 0

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def quality(self) -> str:
        return "native" if self.version == 1 else "default"

    def info(self, base: str) -> dict[str, Any]:
        width, height = self.size
        info: dict[str, Any] = {"protocol": "http://iiif.io/api/image", "width": width, "height": height}
        if self.version == 3:
            info |= {
                "@context": "http://iiif.io/api/image/3/context.json",
                "id": base,
                "type": "ImageService3",
                "profile": f"level{self.level}",
                **self.most,
            }
        elif self.version == 1:
            home = "http://library.stanford.edu/iiif/image-api/1.1"
            info = {"@context": f"{home}/context.json", "@id": base, "width": width, "height": height}
            info["profile"] = f"{home}/compliance.html#level{self.level}"
            sides = {"tile_width": self.tile, "tile_height": self.tile, "scale_factors": [1, 2]}
            return info | (sides if self.tile else {}) | self.more
        else:
            level = f"http://iiif.io/api/image/2/level{self.level}.json"
            info |= {"@context": "http://iiif.io/api/image/2/context.json", "@id": base}
            info["profile"] = [level, {"formats": ["jpg"], **self.most}]
        if self.tile:
            info["tiles"] = [{"width": self.tile, "scaleFactors": [1, 2, 4]}]
        return info | self.more

    def answer(self, region: str, size: str, file_format: str) -> tuple[int, bytes]:
        full, whole = self.size, region == "full"
        try:
            left, top, width, height = (0, 0, *full) if whole else map(int, region.split(","))
        except ValueError:
            return 400, b""
        if left + width > full[0] or top + height > full[1]:
            return 400, b""
        if self.level == 0 and not whole:
            # Ready-made files: only the tiles of the grid, under their canonical names.
            side = self.tile or 1
            grid = left % side == top % side == 0
            grid = grid and (width, height) == (min(side, full[0] - left), min(side, full[1] - top))
            if not grid or size != (f"{width},{height}" if self.version == 3 else f"{width},"):
                return 404, b""
        if size not in ("max" if self.version == 3 else "full", f"{width},", f"{width},{height}"):
            return 400, b""
        limits = self.most | self.silent
        scale = min(
            limits.get("maxWidth", width) / width,
            limits.get("maxHeight", limits.get("maxWidth", height)) / height,
            (limits.get("maxArea", width * height) / (width * height)) ** 0.5,
            1.0,
        )
        if scale < 1 and (self.refuses or not whole):
            return self.refuses or 400, b""
        image = Image.fromarray(self.pixels).crop((left, top, left + width, top + height))
        if scale < 1:
            image = image.resize((int(width * scale), int(height * scale)))
        buffer = io.BytesIO()
        image.save(buffer, MEDIA[file_format], **({"quality": 90} if file_format == "jpg" else {}))
        return 200, buffer.getvalue()


Fault = Callable[["Handler", bytes], bool]
"""Called in the place of an answer with its body; returns whether it has answered."""


class Server(ThreadingHTTPServer):
    """What is served, and what was asked for.

    Attributes:
        images: Name to image, below `/iiif/`.
        documents: Path to JSON, bytes, or a status.
        faults: Path, or the beginning of one, to what is done in the place of the next answers.
        requests: The paths that were requested, in order.
        headers: The headers of these requests.
        most_at_once: How many answers were worked on at the same time.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.images: dict[str, Served] = {}
        self.documents: dict[str, Any] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.at_once = self.most_at_once = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def service(self, name: str) -> str:
        return f"{self.url}/iiif/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        server.at_once += 1
        server.most_at_once = max(server.most_at_once, server.at_once)
        server.requests.append(self.path)
        server.headers.append(dict(self.headers))
        status, body = self._answer()
        # Before the answer: the next request may come before this thread gets any further.
        server.at_once -= 1
        for beginning, faults in server.faults.items():
            if self.path.startswith(beginning) and faults and faults.pop(0)(self, body):
                return
        self.reply(status, body)

    def _answer(self) -> tuple[int, bytes]:
        server = self.server
        if self.path in server.documents:
            told = server.documents[self.path]
            if isinstance(told, int):
                return told, b"no"
            return 200, told if isinstance(told, bytes) else json.dumps(told).encode()
        name, _, rest = self.path.removeprefix("/iiif/").partition("/")
        if name in server.images and rest == "info.json":
            return 200, json.dumps(server.images[name].info(server.service(name))).encode()
        match = REQUEST.fullmatch(self.path)
        if match and (image := server.images.get(match["name"])) and match["quality"] == image.quality:
            return server.images[match["name"]].answer(match["region"], match["size"], match["format"])
        return 404, b"not here"

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


def status(code: int, **headers: str) -> Fault:
    """Answer with a status."""

    def act(handler: Handler, _: bytes) -> bool:
        handler.reply(code, b"", **headers)
        return True

    return act


def cut_off(handler: Handler, body: bytes) -> bool:
    """Send half of the body, and close."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True
    return True


def cut_off_unnoticed(handler: Handler, body: bytes) -> bool:
    """Send half of the body without saying how long it is, and close."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True
    return True


def say(content: bytes) -> Fault:
    """Answer with other bytes."""

    def act(handler: Handler, _: bytes) -> bool:
        handler.reply(200, content)
        return True

    return act


def hang_up(handler: Handler, _: bytes) -> bool:
    """Close without an answer."""
    handler.close_connection = True
    return True


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server on loopback while the block runs."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def manifest(server: Server, *names: str, **more: Any) -> dict[str, Any]:
    """Return a manifest of Presentation 3 with a canvas for each image."""
    canvases = []
    for number, name in enumerate(names, 1):
        width, height = server.images[name].size
        kind = f"ImageService{server.images[name].version}"
        canvas = f"{server.url}/canvas/{number}"
        body = {
            "id": f"{server.service(name)}/full/max/0/default.jpg",
            "type": "Image",
            "service": [{"id": server.service(name), "type": kind, "profile": "level2"}],
        }
        note = {"type": "Annotation", "motivation": "painting", "target": canvas, "body": body}
        page = {"type": "AnnotationPage", "items": [note]}
        label = {"none": [f"fol. {number}r"]}
        canvases.append(
            {"id": canvas, "type": "Canvas", "label": label, "width": width, "height": height, "items": [page]}
        )
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": f"{server.url}/manifest.json",
        "type": "Manifest",
        "label": {"ko": ["고문서"], "en": ["Old papers"]},
        "rights": "http://rightsstatements.org/vocab/NoC-NC/1.0/",
        "requiredStatement": {
            "label": {"en": ["Attribution"]},
            "value": {"en": ["<span>By an archive</span>"]},
        },
        "items": canvases,
        **more,
    }
