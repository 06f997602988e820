"""Clients of servers of our own, a page with its mask, and a detector that goes by colour."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image
from starlette.testclient import TestClient

from bokwon.serve.app import make_app
from bokwon.serve.folder import Workspace
from bokwon.serve.jobs import Jobs
from bokwon.serve.server import Server, address_of, bind
from bokwon.serve.settings import Settings
from bokwon.settings import RestoreSettings

SIDE = 64
BASE = "http://127.0.0.1"
V1 = "/api/v1"


def png_of(pixels: Any, **options: Any) -> bytes:
    """Return samples as the bytes of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return buffer.getvalue()


def a_page() -> np.ndarray:
    """Return a page of paper with lines of ink and a red spot of damage, (H, W, 3)."""
    page = np.full((SIDE, SIDE, 3), (232, 226, 210), np.uint8)
    page[8::12, 6:58] = 40
    page[20:30, 30:42] = (255, 0, 0)
    return page


def a_hole() -> np.ndarray:
    """Return the hole of the page, (H, W) bool."""
    hole = np.zeros((SIDE, SIDE), bool)
    hole[20:30, 30:42] = True
    return hole


def picture_of(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


@pytest.fixture(scope="session")
def page() -> bytes:
    """A damaged page as a PNG with a resolution and a text."""
    return png_of(a_page(), dpi=(300, 300))


@pytest.fixture(scope="session")
def mask() -> bytes:
    """Its mask, white on black."""
    return png_of(a_hole())


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory, write_colour_key: Callable[..., Path]) -> Iterator[Path]:
    """The folder of a user who has added a detector that takes red for missing paper."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "bokwon" / "models"
    folder.mkdir(parents=True)
    write_colour_key(folder / "detect.onnx")
    with pytest.MonkeyPatch.context() as patch:
        # Worker processes have it too.
        patch.setenv("XDG_DATA_HOME", str(home))
        yield folder


@pytest.fixture(scope="module")
def client(detector: Path) -> Iterator[TestClient]:
    """A client of one server for the tests of a module; in the end none of their uploads is left."""
    app = make_app(Settings(workers=1, threads=1, max_pixels=10_000))
    with TestClient(app, base_url=BASE) as found:
        yield found
        deadline = time.monotonic() + 20
        while (left := list(app.state.folder.iterdir())) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert left == []


@pytest.fixture
def no_detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is installed that finds damage."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("bokwon.inpaint.models.WEIGHTS", tmp_path)


@pytest.fixture
def connect() -> Iterator[Callable[..., TestClient]]:
    """Returns what makes a client of a server with some settings: `connect(token="...")`."""
    opened: list[TestClient] = []

    def make(base: str = BASE, **settings: Any) -> TestClient:
        client = TestClient(make_app(Settings(**settings)), base_url=base, follow_redirects=False)
        opened.append(client.__enter__())
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@contextmanager
def serving(folder: Path | None = None, **settings: Any) -> Iterator[str]:
    """Run a server in a thread, on a free port, with a page if it has a folder.

    Yields:
        Its address, without a slash at the end.
    """
    given = Settings(**settings)
    jobs = Jobs(given.workers, most_waiting=given.most_waiting)
    workspace = Workspace.open(folder, jobs, settings=RestoreSettings(threads=1)) if folder else None
    app = make_app(given, jobs=jobs, workspace=workspace)
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=10)
    ready = threading.Event()
    server = Server(config, jobs, ready.set)
    with bind(given.host, 0) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        assert ready.wait(60)
        try:
            yield address_of(listener, given.host).rstrip("/")
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()
