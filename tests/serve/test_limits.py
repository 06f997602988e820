"""Bodies that are too large or stop coming."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from bokwon.serve.limits import UploadLimits
from bokwon.serve.problems import HttpError

Connect = Callable[..., TestClient]


def test_what_says_that_it_is_too_large_is_not_read(connect: Connect) -> None:
    answer = connect(max_upload=1000).post("/api/v1/masks", content=b"a" * 1001)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "this server takes up to 0.0009537 MiB for a request"


def test_what_does_not_say_so_is_read_up_to_the_limit(connect: Connect) -> None:
    def chunks(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield b"a" * 100

    client = connect(max_upload=1000)
    # What fits is refused for what it is: no image.
    assert client.post("/api/v1/masks", content=chunks(10)).status_code == 422
    assert client.post("/api/v1/masks", content=chunks(11)).status_code == 413


def test_a_form_is_read_up_to_the_limit_too(connect: Connect) -> None:
    client = connect(max_upload=1000)
    form = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n' + b"a" * 2000 + b"\r\n--x--\r\n"

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(form), 64):
            yield form[start : start + 64]

    answer = client.post("/api/v1/masks", content=chunks(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 413


def run(bodies: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Send parts of a body, and nothing more, to an application that reads all of it."""
    monkeypatch.setattr("bokwon.serve.limits._PATIENCE", 0.05)
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        # The end of the connection may take its time.
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(receive(), 0.2)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> dict[str, Any]:
        if not bodies:
            await asyncio.sleep(3600)
        return bodies.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": []}
    asyncio.run(UploadLimits(app, 1000)(scope, receive, send))  # type: ignore[arg-type]
    return sent


def test_an_upload_that_stops_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HttpError, match="nothing arrived for") as ended:
        run([{"type": "http.request", "body": b"a", "more_body": True}], monkeypatch)
    assert ended.value.status == 408


def test_only_the_body_has_to_come_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run([{"type": "http.request", "body": b"a", "more_body": False}], monkeypatch)[0]["status"] == 200
