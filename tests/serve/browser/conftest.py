"""A real server, a real Chromium, and a folder of small pages whose damage is known."""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

playwright = pytest.importorskip("playwright.sync_api", reason="the browser's tests need playwright, in bokwon[dev]")

SIZE = (600, 440)
RED, BLUE = (255, 0, 0), (0, 0, 255)
HOLE, SCRATCH = (120, 90, 180, 130), (300, 60, 304, 380)
"""Boxes of the damage that is drawn on the pages; see draw_page."""
WAIT = 60_000


def draw_page(*, damaged: bool) -> Image.Image:
    """Return a page of strokes on paper. Its damage is a red hole and a blue scratch; see the fixture colour_key."""
    rng = np.random.default_rng(7)
    paper = np.clip(rng.normal(215, 4, (*SIZE[::-1], 1)) + np.array((0, -8, -30)), 0, 255).astype(np.uint8)
    image = Image.fromarray(paper)
    draw = ImageDraw.Draw(image)
    for column in range(40, SIZE[0] - 20, 50):
        for row in range(30, SIZE[1] - 30, 34):
            draw.line((column, row, column + 22, row + 4), (70, 60, 52), 4)
            draw.line((column + 10, row - 6, column + 8, row + 20), (70, 60, 52), 4)
    if damaged:
        for box, colour in ((HOLE, RED), (SCRATCH, BLUE)):
            image.paste(colour, box)
    return image


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`bokwon open FOLDER` in a process of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self._environment = environment
        self.cookies: Any = None
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "bokwon", "open", str(self.folder), "--no-browser", "--port", str(self.port)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self._environment
        )
        assert self._process.stdout is not None
        said = ""
        for line in self._process.stdout:
            said += line
            if found := re.search(r"http://\S+", line):
                self.address = found.group()
                return
        raise AssertionError(f"the server did not start: {said}")

    def stop(self) -> None:
        if self._process.poll() is not None:
            return
        self._process.terminate()
        self._process.communicate(timeout=WAIT / 1000)


# Not of the whole session: while Playwright is open its event loop counts as running, and tests of other files that
# run in the same process start loops of their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Debian's Chromium."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is missing; `make chromium` installs it")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def start_server(
    tmp_path_factory: pytest.TempPathFactory, write_colour_key: Callable[..., Path]
) -> Iterator[Callable[..., Server]]:
    """Starts servers with a damage detector that goes by colour: start_server({name: damaged})."""
    home = tmp_path_factory.mktemp("home")
    models = home / "bokwon" / "models"
    models.mkdir(parents=True)
    # Scratches are less certain than what is filled by default.
    write_colour_key(models / "detect.onnx", calibration={"scratch": [[0, 0], [1, 0.7]]})
    environment = {
        **os.environ,
        "XDG_DATA_HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "OMP_NUM_THREADS": "1",
    }
    started: list[Server] = []

    def start(pages: dict[str, bool]) -> Server:
        folder = tmp_path_factory.mktemp("scans")
        for name, damaged in pages.items():
            draw_page(damaged=damaged).save(folder / name)
        started.append(Server(folder, environment))
        return started[-1]

    yield start
    for server in started:
        server.stop()


class Desk:
    """A browser window on a server, and what an archivist does there."""

    def __init__(self, browser: Any, server: Server, **context: Any) -> None:
        self.server = server
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-US", **context})
        self.context.set_default_timeout(WAIT)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.page.goto(server.address)

    def open(self, name: str) -> None:
        """Open a page of the folder by its name, and wait until it can be painted on."""
        self.page.locator(".page-card", has_text=name).click()
        self.ready()

    def ready(self) -> None:
        self.page.wait_for_selector(".overlay[data-view]")
        self.saved()

    def saved(self) -> None:
        self.page.locator(".saved", has_text=re.compile("saved|저장됨")).wait_for()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        for _ in range(WAIT // 100):
            if holds():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("it did not come to hold")

    def view(self) -> tuple[float, float, float]:
        """Return scale, x, y: window = image * scale + (x, y)."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        scale, x, y = map(float, str(self.page.locator(".overlay").get_attribute("data-view")).split())
        corner = self.page.locator(".overlay").bounding_box()
        return scale, x + corner["x"], y + corner["y"]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place of the image is in the window, to the whole pixel, as a mouse reports it."""
        scale, left, top = self.view()
        return round(x * scale + left), round(y * scale + top)

    def drag(self, *places: tuple[float, float]) -> list[tuple[float, float]]:
        """Drag the mouse along places of the image; returns where it really was, in pixels of the image."""
        scale, left, top = self.view()
        window = [(round(x * scale + left), round(y * scale + top)) for x, y in places]
        self.page.mouse.move(*window[0])
        self.page.mouse.down()
        for place in window[1:]:
            self.page.mouse.move(*place)
        self.page.mouse.up()
        return [((x - left) / scale, (y - top) / scale) for x, y in window]

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.at(x, y))

    def fetch(self, path: str) -> bytes:
        answer = self.context.request.get(f"http://127.0.0.1:{self.server.port}/api/v1{path}")
        assert answer.ok, (path, answer.status)
        return bytes(answer.body())

    def facts(self, name: str) -> dict[str, Any]:
        """Return what the server says of a page."""
        (found,) = [page for page in self.listed() if page["name"] == name]
        return dict(found)

    def listed(self) -> list[dict[str, Any]]:
        """Return what the server says of all pages."""
        answer = self.context.request.get(f"http://127.0.0.1:{self.server.port}/api/v1/pages?limit=1000")
        return list(answer.json()["pages"])

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Return the mask as the server has it, once all strokes are there."""
        self.saved()
        return read_mask(self.fetch(f"/pages/{self.facts(name)['id']}/mask"))

    def work(self, key: str) -> None:
        """Start work of the server with a key and wait for its end."""
        self.press(key)
        self.page.wait_for_selector(".working:not([hidden])")
        self.page.wait_for_selector(".working[hidden]", state="attached")

    def close(self) -> None:
        self.context.close()


def read_mask(png: bytes) -> NDArray[np.bool_]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")) > 127


LONG = "a_very_long_name_of_a_scan_that_somebody_gave_it_in_an_archive_long_ago_recto.png"
PAGES = (LONG, "brush.png", "tools.png", "touch.png", "keyboard.png", "file.png", "axe.png", "sound.png")
DAMAGED = (
    *("find.png", "restore.png", "region.png", "slider.png", "beside.png", "onward.png", "wand.png", "card.png"),
    *("layer.png", "held.png", "original.png"),
)


@pytest.fixture(scope="session")
def server(start_server: Callable[..., Server]) -> Server:
    """A server for all tests that leave other pages than their own alone."""
    return start_server({**dict.fromkeys(PAGES, False), **dict.fromkeys(DAMAGED, True)})


@pytest.fixture(scope="module")
def cookies(chromium: Any, server: Server) -> Any:
    """The session that the server's address opened; the address itself works once."""
    if server.cookies is None:
        desk = Desk(chromium, server)
        server.cookies = desk.context.storage_state()
        desk.close()
        server.address = f"http://127.0.0.1:{server.port}/"
    return server.cookies


@pytest.fixture
def open_window(chromium: Any) -> Callable[[Server], Desk]:
    """Opens the first window on a server."""
    return lambda server: Desk(chromium, server)


@pytest.fixture
def open_alone(open_window: Callable[[Server], Desk]) -> Iterator[Callable[[Server], Desk]]:
    """Opens the only window on a server, and stops both at the end. The window may report no error."""
    desks: list[Desk] = []

    def make(server: Server) -> Desk:
        desks.append(open_window(server))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()
        desk.server.stop()
        assert not desk.errors


@pytest.fixture
def alone(start_server: Callable[..., Server], open_alone: Callable[[Server], Desk]) -> Desk:
    """The only window on a server with four pages."""
    return open_alone(start_server({"a.png": True, "b.png": False, "c.png": True, "d.png": False}))


@pytest.fixture
def open_desk(chromium: Any, server: Server, cookies: Any) -> Iterator[Callable[..., Desk]]:
    """Opens windows on the common server. None of them may report an error."""
    desks: list[Desk] = []

    def make(**context: Any) -> Desk:
        desks.append(Desk(chromium, server, storage_state=cookies, **context))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()
        assert not desk.errors


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """A window on the common server."""
    return open_desk()
