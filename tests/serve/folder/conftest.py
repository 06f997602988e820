"""An opened folder of small pages, and a client that talks to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from bokwon.image_io.reader import MAX_PIXELS
from bokwon.serve.folder import Workspace, folder_routes
from bokwon.serve.folder.desk import Desk
from bokwon.serve.folder.view.decoder import Decoder
from bokwon.serve.jobs import Jobs
from bokwon.serve.problems import HANDLERS
from bokwon.settings import RestoreSettings
from tests.serve.conftest import picture_of, png_of

SIZE = (90, 120)
"""Height and width of the pages."""
RED, BLUE, GREEN, PAPER = (255, 0, 0), (0, 0, 255), (0, 255, 0), (250, 250, 250)
PATIENCE = 60.0


def noise(seed: int, *shape: int) -> NDArray[np.uint8]:
    """Return samples of which none is like its neighbour."""
    return np.random.default_rng(seed).integers(0, 256, shape or (*SIZE, 3)).astype(np.uint8)


def box_hole(*boxes: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """Return a mask of the pages' size with these boxes (left, top, right, bottom) in it."""
    hole = np.zeros(SIZE, bool)
    for left, top, right, bottom in boxes:
        hole[top:bottom, left:right] = True
    return hole


def scan(
    path: Path, *patches: tuple[tuple[int, int, int, int], tuple[int, int, int]], orientation: int = 1
) -> NDArray[np.uint8]:
    """Write a page of paper with coloured boxes on it; returns its stored pixels.

    Args:
        path: The file. Its folder is made if there is none.
        patches: Boxes (left, top, right, bottom) and their colours.
        orientation: EXIF's tag 274.
    """
    pixels = np.full((*SIZE, 3), PAPER, np.uint8)
    for (left, top, right, bottom), colour in patches:
        pixels[top:bottom, left:right] = colour
    exif = Image.Exif()
    exif[274] = orientation
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path, exif=exif)
    return pixels


def delete_database(folder: Path) -> None:
    """Delete the database of an opened folder, but nothing else of its state."""
    for path in (folder / ".bokwon").glob("page.sqlite*"):
        path.unlink()


class Opened:
    """An opened folder.

    Args:
        folder: Where it is.
        options: For `Workspace.open`.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.jobs = Jobs(2)
        options.setdefault("settings", RestoreSettings(method="telea"))
        self.workspace = Workspace.open(folder, self.jobs, **options)
        self.events: list[dict[str, Any]] = []
        tell = self.jobs.tell
        self.jobs.tell = lambda event: (self.events.append(event), tell(event))[1]  # type: ignore[method-assign]
        app = Starlette(routes=[Mount("/api/v1", routes=folder_routes(self.workspace))], exception_handlers=HANDLERS)
        self.client = TestClient(app, base_url="http://127.0.0.1/api/v1/", raise_server_exceptions=False)

    @property
    def desk(self) -> Desk:
        """Another desk of the same folder."""
        return Desk.of(self.workspace)

    def close(self) -> None:
        self.settle()
        self.jobs.close(wait=PATIENCE)
        self.workspace.close()

    def pages(self) -> list[dict[str, Any]]:
        """Return what is told of all pages, in order of name."""
        return list(self.client.get("pages?order=name").json()["pages"])

    def page(self, name: str, index: int = 0) -> str:
        """Return the address of a page."""
        found = next(page for page in self.pages() if (page["name"], page["index"]) == (name, index))
        return f"pages/{found['id']}"

    def entry(self, name: str, index: int = 0) -> Any:
        """Return a page as the server knows it."""
        return self.workspace.page(self.page(name, index).removeprefix("pages/"))

    def facts(self, address: str) -> dict[str, Any]:
        """Return what is told of a page."""
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def change(self, address: str, method: str, path: str, **more: Any) -> dict[str, Any]:
        """Change a mask at the version that it has, and return the answer."""
        version = self.facts(address)["mask_version"]
        answer = self.client.request(method, address + path, headers={"If-Match": f'"{version}"'}, **more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def draw(self, address: str, *boxes: tuple[int, int, int, int]) -> None:
        """Draw boxes into a mask."""
        for left, top, right, bottom in boxes:
            patch = png_of(np.full((bottom - top, right - left), 255, np.uint8))
            self.change(address, "PATCH", f"/mask?x={left}&y={top}", content=patch)

    def mask(self, address: str) -> NDArray[np.bool_]:
        """Return a mask."""
        return picture_of(self.client.get(address + "/mask").content) == 255

    def run(self, address: str, told: dict[str, Any] | None = None, *, state: str = "done") -> dict[str, Any]:
        """Start a job, wait for its end, and return what is told of it."""
        answer = self.client.post(address, json=told or {})
        assert answer.status_code == 202, answer.text
        self.settle()
        job = self.jobs.get(answer.json()["id"])
        assert job is not None
        assert job.state == state, job.facts()
        return job.facts()

    def settle(self) -> None:
        """Wait until nothing is at work."""
        until = time.monotonic() + PATIENCE
        while self.jobs.unfinished():
            assert time.monotonic() < until, "it does not come to an end"
            time.sleep(0.005)

    def restored(self, name: str) -> NDArray[Any]:
        """Return the samples of an output of one page."""
        with Image.open(self.folder / "restored" / name) as image:
            return np.array(image)


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder with a PNG, a JPEG and a TIFF of three pages."""
    folder = tmp_path / "scans"
    folder.mkdir()
    Image.fromarray(noise(1)).save(folder / "a.png")
    Image.fromarray(noise(2)).save(folder / "b.jpg", quality=90)
    pages = [Image.fromarray(noise(seed, *SIZE)) for seed in (3, 4, 5)]
    pages[0].save(folder / "c.tif", save_all=True, append_images=pages[1:])
    return folder


class LastingDecoder(Decoder):
    """A decoder that stays for the next folder: starting a process takes longer than most tests."""

    def close(self) -> None:
        """Do nothing; `end` closes it."""

    def end(self) -> None:
        super().close()


@pytest.fixture(scope="session")
def lasting_decoder() -> Iterator[LastingDecoder]:
    """The decoder of the folders of all tests."""
    decoder = LastingDecoder(MAX_PIXELS)
    yield decoder
    decoder.end()


@pytest.fixture
def open_folder(tmp_path: Path, lasting_decoder: LastingDecoder) -> Iterator[Callable[..., Opened]]:
    """Opens folders, and closes them at the end."""
    opened: list[Opened] = []

    def open_it(folder: Path, **options: Any) -> Opened:
        options.setdefault("state_home", tmp_path / "state")
        options.setdefault("decoder", lasting_decoder)
        opened.append(Opened(folder, **options))
        return opened[-1]

    yield open_it
    for one in opened:
        one.close()


@pytest.fixture
def open_searched(open_folder: Callable[..., Opened], colour_key: Path) -> Callable[..., tuple[Opened, str]]:
    """Opens a folder and finds the damage of its page.png; returns the folder, opened, and the address of the page."""

    def open_it(folder: Path, detector: Path = colour_key) -> tuple[Opened, str]:
        opened = open_folder(folder, detector=detector)
        address = opened.page("page.png")
        opened.run(address + "/detect")
        return opened, address

    return open_it


@pytest.fixture
def opened(scans: Path, open_folder: Callable[..., Opened]) -> Opened:
    """The folder of scans, opened."""
    return open_folder(scans)
