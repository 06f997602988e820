"""The endpoints over HTTP: files in, files out, problems, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from bokwon.serve.endpoints import Service, _event_stream
from bokwon.serve.exchange import FACTS, Exchange
from bokwon.serve.jobs import Jobs
from bokwon.serve.models import list_fillers
from bokwon.serve.openapi import make_document
from bokwon.serve.processes import Processes
from bokwon.serve.settings import Settings
from bokwon.serve.work import do_task
from bokwon.version import __version__
from tests.serve.conftest import SIDE, V1, a_hole, a_page, picture_of, png_of

TELEA = {"method": "telea"}


def test_restoring_with_a_mask(client: TestClient, page: bytes, mask: bytes) -> None:
    files = {"image": ("leaf 7.png", page), "mask": ("leaf-mask.png", mask)}
    answer = client.post(f"{V1}/restore", files=files, data=TELEA)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert "leaf%207.png" in answer.headers["content-disposition"]
    facts = json.loads(answer.headers[FACTS])
    assert facts["share"] == round(a_hole().mean(), 6)
    pixels = picture_of(answer.content)
    assert np.array_equal(pixels[~a_hole()], a_page()[~a_hole()])
    assert not (pixels[a_hole()] == (255, 0, 0)).all(axis=-1).any()


def test_it_is_what_the_command_makes(client: TestClient, page: bytes, mask: bytes, tmp_path: Path) -> None:
    from bokwon.cli.main import main

    for name, content in (("page.png", page), ("mask.png", mask)):
        (tmp_path / name).write_bytes(content)
    names = [str(tmp_path / name) for name in ("page.png", "out.png", "mask.png")]
    with pytest.raises(SystemExit) as ended:
        main(["restore", *names[:2], "--mask", names[2], "--grow", "2", "--threads", "1", "-q"])
    assert ended.value.code == 0
    answer = client.post(f"{V1}/restore?grow=2", files={"image": page, "mask": mask})
    assert answer.content == (tmp_path / "out.png").read_bytes()


def test_raw_bytes_are_restored_where_bokwon_finds_damage(client: TestClient, page: bytes) -> None:
    answer = client.post(f"{V1}/restore?method=telea&certain=0.5", content=page, headers={"content-type": "image/png"})
    assert answer.status_code == 200, answer.text
    assert not (picture_of(answer.content)[a_hole()] == (255, 0, 0)).all(axis=-1).any()


def test_finding_damage(client: TestClient, page: bytes) -> None:
    mask = client.post(f"{V1}/detect", files={"image": page})
    assert (mask.status_code, mask.headers["content-type"]) == (200, "image/png")
    assert picture_of(mask.content)[22:28, 32:40].all()
    regions = client.post(f"{V1}/detect?answer=regions&kinds=scratch,missing-paper&grow=0", content=page).json()
    assert [region["kind"] for region in regions["regions"] if region["filled"]] == ["missing paper"]
    wrong = client.post(f"{V1}/detect?kinds=moths", content=page)
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "there is no kind of damage 'moths'")


def test_reading_masks(client: TestClient, page: bytes) -> None:
    black = png_of(~a_hole())
    files = {"image": page, "mask": black}
    refused = client.post(f"{V1}/masks", files=files)
    assert refused.status_code == 422
    # What to do is said in the terms of HTTP.
    assert "add holes=black; add allow_large=true" in refused.json()["fix"]
    answer = client.post(f"{V1}/masks", files=files, data={"holes": "black"})
    assert np.array_equal(picture_of(answer.content) > 0, a_hole())
    reading = client.post(f"{V1}/masks?answer=reading&holes=black", files=files).json()
    assert (reading["share"], reading["width"]) == (round(a_hole().mean(), 6), SIDE)


@pytest.mark.parametrize(
    ("path", "files", "data", "status", "told"),
    [
        ("restore", {"mask": b"x"}, {}, 422, "no file 'image' was sent"),
        ("masks", {"image": b"x"}, {}, 422, "no file 'mask' was sent"),
        ("restore", {"image": b"rubbish", "mask": b"x"}, {}, 422, "upload is not an image that bokwon reads"),
        ("restore", {"image": b"", "mask": b"x"}, {}, 422, "upload is empty (0 bytes)"),
        ("restore", {"image": b"x", "mask": b"x"}, {"finish": "shiny"}, 422, "finish cannot be 'shiny'"),
        ("restore", {"image": b"x", "mask": b"x"}, {"colour": "red"}, 422, "there is no parameter 'colour'"),
        ("restore", {"image": b"x", "mask": b"x"}, {"pages": "last"}, 422, "'last' names no pages"),
        ("restore", {"image": b"x", "mask": b"x"}, {"model": "../x"}, 422, "model cannot be '../x'"),
        ("restore", {"image": b"x", "mask": b"x"}, {"model": "none"}, 422, "no model is named 'none'"),
    ],
)
def test_what_cannot_be_done_is_a_problem(
    client: TestClient, path: str, files: dict[str, bytes], data: dict[str, str], status: int, told: str
) -> None:
    answer = client.post(f"{V1}/{path}", files=files, data=data)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["detail"].startswith(told)


def test_too_many_pixels_are_refused_before_they_are_decoded(client: TestClient, mask: bytes) -> None:
    answer = client.post(f"{V1}/restore", files={"image": png_of(np.zeros((200, 200), np.uint8)), "mask": mask})
    assert (answer.status_code, answer.json()["detail"]) == (422, "upload has more than 0.01 megapixels")


def test_without_a_detector_a_mask_is_needed(
    connect: Callable[..., TestClient], no_detector: None, page: bytes
) -> None:
    client = connect()
    for path in ("detect", "restore"):
        answer = client.post(f"{V1}/{path}", content=page)
        assert (answer.status_code, answer.json()["title"]) == (503, "No damage model")
        assert answer.headers["retry-after"] == "86400"
    assert client.get(f"{V1}/version").json()["detector"] is False


def test_health_version_and_document(client: TestClient) -> None:
    assert client.get(f"{V1}/health").json() == {"status": "ok"}
    version = client.get(f"{V1}/version").json()
    assert (version["version"], version["detector"]) == (__version__, True)
    assert version["models"] == list_fillers()
    assert version["limits"]["pixels"] == 10_000
    assert client.get(f"{V1}/openapi.json").json()["openapi"] == "3.1.0"


def test_jobs_are_told_of_and_cancelled(client: TestClient) -> None:
    jobs: Jobs = client.app.state.jobs  # type: ignore[attr-defined]
    go = threading.Event()
    running = jobs.submit("wait", lambda job: go.wait(20))
    waiting = jobs.submit("wait", lambda job: None)
    assert client.get(f"{V1}/jobs/{waiting.id}").json() == waiting.facts()
    assert client.delete(f"{V1}/jobs/{waiting.id}").json()["state"] == "cancelled"
    go.set()
    assert running.future.result(20)
    assert client.get(f"{V1}/jobs/{running.id}").json()["state"] == "done"
    for method in ("GET", "DELETE"):
        assert client.request(method, f"{V1}/jobs/none").status_code == 404


def test_events_are_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokwon.serve.endpoints._ALIVE", 0.05)
    jobs = Jobs(1)

    async def hear() -> list[str]:
        stream = _event_stream(jobs)
        heard = [await anext(stream), await anext(stream)]
        jobs.tell({"type": "page", "id": "낱장"})
        while not heard[-1].startswith("data: "):
            heard.append(await anext(stream))
        threading.Thread(target=jobs.close).start()
        return [*heard, *[text async for text in stream if text.startswith("data")]]

    heard = asyncio.run(asyncio.wait_for(hear(), 20))
    assert heard[:2] == [": bokwon\n\n", ": alive\n\n"]
    assert json.loads(heard[-1].removeprefix("data: ")) == {"type": "page", "id": "낱장"}
    assert heard[-1].isascii()


def test_threads_are_shared_by_the_workers(monkeypatch: pytest.MonkeyPatch, page: bytes) -> None:
    monkeypatch.setattr("bokwon.serve.endpoints.available_cores", lambda: 8)
    for settings, threads in ((Settings(workers=3), 2), (Settings(workers=20), 1), (Settings(threads=5), 5)):
        jobs = Jobs(1)
        exchange = Exchange(settings, jobs, Processes(do_task, limit=1))
        assert Service(settings, jobs, exchange, make_document(settings))._threads == threads
        exchange.folder.rmdir()
        jobs.close(wait=20)
