"""Pages that are decoded in other processes: what they become, and what a decoder that crashes or hangs costs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.serve.decoding import Decode, Shrink
from bokwon.serve.folder.view import decoder as module
from bokwon.serve.folder.view.decoder import Decoder
from bokwon.serve.processes import Progress
from tests.serve.folder.conftest import Opened, box_hole, noise


def odd_decode(task: Decode | Shrink, progress: Progress) -> Any:
    """Decode as a library does that a file kills, by its name."""
    if task.path.name.startswith("crash"):
        with task.path.with_name("crashes").open("a") as stream:
            stream.write("x")
        os.abort()
    if task.path.name.startswith("hang"):
        time.sleep(600)
    if task.path.name.startswith("once") and not task.path.with_name("seen").exists():
        task.path.with_name("seen").touch()
        os.abort()
    if isinstance(task, Shrink):
        return None
    return Page(np.array(Image.open(task.path)), "RGB", "PNG", Metadata(dpi=(300.0, 300.0)))


@pytest.fixture
def make_odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Decoder]]:
    monkeypatch.setattr(module, "decode", odd_decode)
    made: list[Decoder] = []

    def make(**options: float) -> Decoder:
        made.append(Decoder(10**6, **options))
        return made[-1]

    yield make
    for decoder in made:
        decoder.close()


@pytest.fixture
def odd(make_odd: Callable[..., Decoder]) -> Decoder:
    return make_odd()


def files(folder: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        Image.fromarray(noise(seed)).save(folder / name, "PNG")


def test_pages_come_back_as_they_were_decoded(odd: Decoder, tmp_path: Path) -> None:
    files(tmp_path, "a.png")
    page = odd.page(tmp_path / "a.png", 1, "a.png")
    assert (page.pixels == noise(0)).all()
    assert page.metadata.dpi == (300.0, 300.0)
    # Fills are written into them.
    assert page.pixels.flags.writeable
    assert odd.small(tmp_path / "a.png", 320, "a.png") is None


def test_a_crash_costs_one_file_only(odd: Decoder, tmp_path: Path) -> None:
    files(tmp_path, "crash.png", "once.png", "good.png")
    for _ in range(3):
        with pytest.raises(InputFileError, match=r"crash\.png is damaged: reading it crashes the decoder"):
            odd.page(tmp_path / "crash.png", 1, "crash.png")
    # Two attempts; then it is known until the file is another one.
    assert (tmp_path / "crashes").read_text() == "xx"
    assert (odd.page(tmp_path / "once.png", 1, "once.png").pixels == noise(1)).all()
    assert (odd.page(tmp_path / "good.png", 1, "good.png").pixels == noise(2)).all()
    Image.fromarray(noise(9, 40, 50, 3)).save(tmp_path / "crash.png")
    with pytest.raises(InputFileError):
        odd.page(tmp_path / "crash.png", 1, "crash.png")
    assert (tmp_path / "crashes").read_text() == "xxxx"


def test_a_hang_ends_when_the_time_is_over(make_odd: Callable[..., Decoder], tmp_path: Path) -> None:
    files(tmp_path, "hang.png")
    odd = make_odd(limit=1)
    for _ in range(2):
        with pytest.raises(InputFileError, match=r"hang\.png was not done in 1 seconds"):
            odd.page(tmp_path / "hang.png", 1, "hang.png")


def test_the_folder_works_on_without_a_file_that_crashes(odd: Decoder, scans: Path, open_folder: Any) -> None:
    files(scans, "crash.png")
    opened: Opened = open_folder(scans, decoder=odd)
    broken, good = opened.page("crash.png"), opened.page("a.png")
    told = opened.facts(broken)
    assert told["state"] == "failed"
    assert "crashes the decoder" in told["problem"]["detail"]
    for path in ("/thumbnail", "/tiles/original/7/0_0"):
        answer = opened.client.get(broken + path)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    opened.draw(good, (10, 10, 30, 30))
    opened.run(good + "/restore")
    assert (opened.restored("a.png")[~box_hole((10, 10, 30, 30))] == noise(1)[~box_hole((10, 10, 30, 30))]).all()
    (listed,) = [page for page in opened.pages() if page["name"] == "crash.png"]
    assert listed["state"] == "failed"
