"""`bokwon serve`: the real command, asked over HTTP, and ended by signals."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from bokwon.cli.main import main
from bokwon.serve.settings import Settings
from tests.serve.conftest import a_hole, a_page, png_of

TOKEN = "a-token-of-some-length"
SOON = 60

Start = Callable[..., tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `bokwon serve` with some arguments; returns the process and its address."""
    begun: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "bokwon", "serve", "--port", "0", "-j", "1", "--threads", "1", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        begun.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield run
    for process in begun:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_end_it_in_good_order(start: Start, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("tmp")
    process, address = start(TMPDIR=str(folder))
    files = {"image": png_of(a_page()), "mask": png_of(a_hole())}
    answer = requests.post(f"{address}api/v1/restore", files=files, data={"method": "telea"}, timeout=SOON)
    assert answer.status_code == 200, answer.text
    assert [path.name.startswith("bokwon-") for path in folder.iterdir()] == [True]
    number = getattr(signal, name)
    process.send_signal(number)
    _, said = process.communicate(timeout=SOON)
    assert process.returncode == 128 + number
    assert said.splitlines()[-1] == "bokwon: error: interrupted"
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_work_that_is_under_way_is_stopped(start: Start, tmp_path: Path) -> None:
    process, address = start(TMPDIR=str(tmp_path))
    hole = np.zeros((3000, 3000), bool)
    hole[10:, ::2] = True
    # Telea's method takes far longer on this than the test.
    files = {"image": png_of(np.full((3000, 3000), 200, np.uint8)), "mask": png_of(hole)}
    with requests.get(f"{address}api/v1/events", stream=True, timeout=SOON) as events, ThreadPoolExecutor() as pool:
        sent = pool.submit(
            requests.post, f"{address}api/v1/restore", files=files, data={"method": "telea"}, timeout=SOON
        )
        assert any(b'"state": "running"' in line for line in events.iter_lines())
        process.send_signal(signal.SIGTERM)
        answer = sent.result(SOON)
    assert (answer.status_code, answer.json()["title"]) == (503, "The work was stopped")
    process.communicate(timeout=SOON)
    assert process.returncode == 143
    assert list(tmp_path.iterdir()) == []


def test_a_token_is_asked_for_and_may_come_from_the_environment(start: Start) -> None:
    _, address = start(BOKWON_TOKEN=TOKEN)
    version = f"{address}api/v1/version"
    assert requests.get(version, timeout=SOON).status_code == 401
    assert requests.get(version, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=SOON).status_code == 200


def test_the_limits_are_those_of_the_command_line(start: Start) -> None:
    _, address = start("--max-upload", "0.25", "--max-mpixels", "0.5", "--timeout", "7", "--queue", "3")
    limits = requests.get(f"{address}api/v1/version", timeout=SOON).json()["limits"]
    assert limits == {"upload_bytes": 1 << 18, "pixels": 500_000, "seconds": 7, "waiting": 3}


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str]:
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])
    return ended.value.code, capsys.readouterr().err


def test_another_address_needs_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = fails(capsys, "--host", "0.0.0.0")
    assert (code, "there is no token" in said) == (1, True)
    code, said = fails(capsys, "--host", "0.0.0.0", "--token", "short")
    assert (code, "easily guessed" in said) == (1, True)


def test_a_port_in_use_is_told(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    _, address = start()
    code, said = fails(capsys, "--port", address.rstrip("/").rpartition(":")[2])
    assert (code, "name another one with --port" in said) == (5, True)


def test_packages_that_are_missing_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    code, said = fails(capsys)
    assert code == 3
    assert "the server needs the package uvicorn; pip install 'bokwon[page]'" in said


def test_the_defaults_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Settings] = []
    monkeypatch.setattr("bokwon.cli.serve.start", lambda settings, *_, **__: given.append(settings))
    monkeypatch.setattr("bokwon.cli.serve.worker_count", lambda jobs: 2)
    with pytest.raises(SystemExit):
        main(["serve"])
    assert given == [Settings()]


def test_two_at_least_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from bokwon.cli.serve import worker_count

    for cores, wanted in ((1, 2), (8, 8)):
        monkeypatch.setattr("bokwon.cli.serve.workers", lambda jobs, cores=cores: cores)
        assert worker_count(None) == wanted
    assert worker_count(1) == 1


@pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")
def test_without_standard_streams_it_serves_at_the_port_that_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "bokwon", "serve", "--port", str(port), "-j", "1", "--threads", "1"]
    process = subprocess.Popen(command, preexec_fn=lambda: os.closerange(0, 3))
    try:
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline:
            with suppress(requests.ConnectionError):
                assert requests.get(f"http://127.0.0.1:{port}/api/v1/openapi.json", timeout=SOON).ok
                break
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 143
    finally:
        process.kill()


@pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")
@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["open", ".", "--no-browser"]])
def test_an_address_that_nobody_learns_ends_it_in_good_order(command: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bokwon", *command, "--threads", "1"],
        preexec_fn=lambda: os.close(1),
        stderr=subprocess.PIPE,
        text=True,
        timeout=SOON,
        cwd=tmp_path,
        check=False,
    )
    lost = "bokwon: error: standard output is closed; name an output file\n"
    assert (done.returncode, done.stderr) == (5, lost)
