"""Running the server: addresses, browsers, and an end in good order."""

from __future__ import annotations

import socket
import threading
import time
import webbrowser
from pathlib import Path

import pytest
import requests

from bokwon.errors import ArgumentError, FileAccessError
from bokwon.serve.server import address_of, bind, has_browser, new_token, open_browser, usual_port
from tests.serve.conftest import serving

SOON = 20


def test_tokens_are_long_and_differ() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 32 for token in tokens)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:{}/"),
        ("localhost", "http://localhost:{}/"),
        ("0.0.0.0", "http://127.0.0.1:{}/"),
        ("::", "http://[::1]:{}/"),
        ("::1", "http://[::1]:{}/"),
    ],
)
def test_the_address_that_a_browser_opens(host: str, expected: str) -> None:
    with bind("127.0.0.1", 0) as listener:
        assert address_of(listener, host) == expected.format(listener.getsockname()[1])


def test_a_port_in_use_is_named() -> None:
    with bind("127.0.0.1", 0) as listener:
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(FileAccessError, match=rf"cannot listen on 127\.0\.0\.1 port {port}.*--port"):
            bind("127.0.0.1", port)


def test_each_folder_has_a_port_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [usual_port(tmp_path / str(number)) for number in range(50)]
    assert len(set(ports)) > 45
    assert all(1024 < port < 32768 for port in ports)
    monkeypatch.chdir(tmp_path)
    assert usual_port(Path("7")) == ports[7]


@pytest.mark.parametrize("host", ["no such host", "999.1.1.1", "a" * 300])
def test_what_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(ArgumentError, match="is no address"):
        bind(host, 0)


def test_an_address_of_another_machine_cannot_be_used() -> None:
    with pytest.raises(FileAccessError, match="cannot listen on 192"):
        bind("192.0.2.1", 0)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A desktop of Linux with a browser."""
    for name in ("SSH_CONNECTION", "SSH_TTY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.BackgroundBrowser("true"))
    return monkeypatch


def test_a_browser_is_opened_on_a_desktop(screen: pytest.MonkeyPatch) -> None:
    assert has_browser()
    screen.delenv("DISPLAY")
    assert not has_browser()
    screen.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert has_browser()


def test_no_browser_is_opened_over_ssh(screen: pytest.MonkeyPatch) -> None:
    screen.setenv("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.2 22")
    assert not has_browser()


def test_no_browser_is_opened_where_there_is_none(screen: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise webbrowser.Error("none")

    screen.setattr(webbrowser, "get", fail)
    assert not has_browser()


def test_the_browser_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = threading.Event()
    go = threading.Event()

    def open_slowly(address: str) -> None:
        assert go.wait(SOON)
        assert address == "http://127.0.0.1:1/"
        opened.set()

    monkeypatch.setattr(webbrowser, "open", open_slowly)
    open_browser("http://127.0.0.1:1/")
    go.set()
    assert opened.wait(SOON)


def test_who_listens_to_events_does_not_keep_the_server_from_ending() -> None:
    with serving(workers=1) as address:
        stream = requests.get(f"{address}/api/v1/events", stream=True, timeout=SOON)
        lines = stream.iter_lines()
        assert next(lines) == b": bokwon"
        begun = time.monotonic()
    # Its end is the end of the stream; the patience with slow answers is 10 seconds.
    assert list(lines) in ([], [b""])
    assert time.monotonic() - begun < 8
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/api/v1/health", timeout=SOON)


def test_a_request_that_is_no_http_ends_no_server() -> None:
    with serving(workers=1) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=SOON) as connection:
            connection.sendall(b"\x16\x03\x01rubbish\r\n\r\n")
            assert b"400" in connection.recv(1000)
        assert requests.get(f"{address}/api/v1/health", timeout=SOON).status_code == 200
