"""A request and its answer: places, jobs that are not waited for, connections that end, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from bokwon.serve import exchange as exchange_module
from bokwon.serve.exchange import FACTS, Exchange, _as_header
from bokwon.serve.jobs import Jobs
from bokwon.serve.problems import HttpError
from bokwon.serve.processes import Processes
from bokwon.serve.settings import Settings
from bokwon.serve.work import do_task
from tests.serve.conftest import V1, a_hole, picture_of


def when_done(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    """Wait for a job; returns what is told of it."""
    deadline = time.monotonic() + 60
    while job["state"] in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.02)
        job = client.get(f"{V1}/jobs/{job['id']}").json()
    return job


def test_a_job_is_not_waited_for(client: TestClient, page: bytes, mask: bytes) -> None:
    answer = client.post(f"{V1}/masks?wait=false", files={"image": page, "mask": mask})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"{V1}/jobs/{answer.json()['id']}"
    assert when_done(client, answer.json())["state"] == "done"
    result = client.get(f"{answer.headers['location']}/result")
    assert np.array_equal(picture_of(result.content) > 0, a_hole())
    assert json.loads(result.headers[FACTS])["plain"]
    # It is kept for one answer.
    assert client.get(f"{answer.headers['location']}/result").status_code == 404


def test_a_file_is_sent_whole(client: TestClient, page: bytes, mask: bytes) -> None:
    job = client.post(f"{V1}/masks?wait=false", files={"image": page, "mask": mask}).json()
    when_done(client, job)
    result = client.get(f"{V1}/jobs/{job['id']}/result", headers={"range": "bytes=0-3"})
    assert (result.status_code, result.headers["accept-ranges"]) == (200, "none")
    assert np.array_equal(picture_of(result.content) > 0, a_hole())


def test_a_result_of_facts_alone(client: TestClient, page: bytes, mask: bytes) -> None:
    job = client.post(f"{V1}/masks?wait=false&answer=reading", files={"image": page, "mask": mask}).json()
    when_done(client, job)
    assert client.get(f"{V1}/jobs/{job['id']}/result").json()["reading"] == "white is hole"


def test_a_job_that_fails_has_its_problem_as_result(client: TestClient, mask: bytes) -> None:
    job = client.post(f"{V1}/masks?wait=false", files={"image": b"rubbish", "mask": mask}).json()
    done = when_done(client, job)
    assert (done["state"], done["problem"]["status"]) == ("failed", 422)
    answer = client.get(f"{V1}/jobs/{job['id']}/result")
    assert (answer.status_code, answer.json()["detail"]) == (422, done["problem"]["detail"])


def test_a_result_cannot_be_had_before_its_job_is_done(client: TestClient, page: bytes, mask: bytes) -> None:
    jobs: Jobs = client.app.state.jobs  # type: ignore[attr-defined]
    go = threading.Event()
    running = jobs.submit("wait", lambda job: go.wait(60))
    job = client.post(f"{V1}/masks?wait=false", files={"image": page, "mask": mask}).json()
    early = client.get(f"{V1}/jobs/{job['id']}/result")
    client.delete(f"{V1}/jobs/{job['id']}")
    go.set()
    assert running.future.result(60)
    assert (early.status_code, early.json()["title"]) == (409, "Not done yet")
    assert client.get(f"{V1}/jobs/{job['id']}/result").json()["title"] == "The work was stopped"
    assert client.get(f"{V1}/jobs/none/result").status_code == 404


def test_results_that_nobody_fetches_are_forgotten(
    client: TestClient, page: bytes, mask: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_module, "KEPT", 0.0)
    job = client.post(f"{V1}/masks?wait=false", files={"image": page, "mask": mask}).json()
    when_done(client, job)
    # The next request, or the next look of the server, forgets it.
    client.post(f"{V1}/masks")
    assert client.get(f"{V1}/jobs/{job['id']}/result").status_code == 404


def test_a_full_queue_says_when_to_come_again(connect: Callable[..., TestClient], page: bytes, mask: bytes) -> None:
    client = connect(workers=1, most_waiting=1)
    jobs: Jobs = client.app.state.jobs  # type: ignore[attr-defined]
    go = threading.Event()
    running = jobs.submit("wait", lambda job: go.wait(20))
    while running.state == "queued":
        time.sleep(0.01)
    jobs.submit("wait", lambda job: None)
    answer = client.post(f"{V1}/masks", files={"image": page, "mask": mask})
    go.set()
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_uploads_take_places_too(page: bytes) -> None:
    settings = Settings(workers=1, most_waiting=1)
    jobs = Jobs(1)
    exchange = Exchange(settings, jobs, Processes(do_task, limit=1))
    exchange._places = [exchange_module._Place(Path("a")), exchange_module._Place(Path("b"))]
    with pytest.raises(HttpError, match="2 requests are being processed") as refused:
        asyncio.run(exchange.run(None, "masks", (), None))  # type: ignore[arg-type]
    assert refused.value.status == 429
    exchange.folder.rmdir()
    jobs.close(wait=20)


def scope_of(path: str, body: bytes) -> dict[str, Any]:
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"multipart/form-data; boundary=x")]
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [*headers, (b"content-length", str(len(body)).encode())],
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "root_path": "",
    }


def test_work_ends_when_nobody_waits_for_it(client: TestClient, page: bytes, mask: bytes) -> None:
    """The connection ends while the work is in the queue."""
    jobs: Jobs = client.app.state.jobs  # type: ignore[attr-defined]
    before = set(jobs._known)
    go = threading.Event()
    running = jobs.submit("wait", lambda job: go.wait(20))
    body = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n"
        for name, content in (("image", page), ("mask", mask))
    )
    body += b"--x--\r\n"
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        return None

    asyncio.run(client.app(scope_of(f"{V1}/masks", body), receive, send))  # type: ignore[arg-type]
    go.set()
    assert running.future.result(20)
    assert [job.state for name, job in jobs._known.items() if name not in before] == ["done", "cancelled"]


def test_an_upload_that_breaks_off_leaves_nothing(client: TestClient) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"--x\r\nContent-Disp", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(client.app(scope_of(f"{V1}/masks", b"x" * 99), receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 400


def test_the_facts_of_many_pages_fit_into_a_header() -> None:
    messages = [{"level": "note", "text": f"페이지 {number}"} for number in range(1000)]
    header = _as_header({"pages": 1000, "messages": messages})
    assert header.isascii()
    assert len(header) <= 4096
    facts = json.loads(header)
    assert facts["messages"] == messages[: len(facts["messages"])]
    assert len(facts["messages"]) > 10
