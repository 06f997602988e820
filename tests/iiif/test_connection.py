"""Requests one at a time, with pauses; what is tried again and what is not; limits of size and time."""

from __future__ import annotations

import io
import socket
import threading
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from bokwon.errors import InputFileError
from bokwon.iiif import connection
from bokwon.iiif.connection import Connection, RefusedError, UnavailableError, checked_url
from bokwon.version import __version__
from tests.iiif.server import Fault, Handler, Server, cut_off, hang_up, status


def get(server: Server, path: str, most: int = 1000, said: list[str] | None = None) -> bytes:
    stream = io.BytesIO(b"what an earlier answer has left")
    Connection((said if said is not None else []).append).save(server.url + path, stream, most=most)
    return stream.getvalue()


@pytest.fixture
def page(server: Server) -> Server:
    server.documents["/page"] = b"0123456789"
    return server


def test_a_request_says_who_asks(page: Server) -> None:
    assert get(page, "/page#part") == b"0123456789"
    assert page.requests == ["/page"]
    assert page.headers[0]["User-Agent"] == f"bokwon/{__version__}"
    assert "Cookie" not in page.headers[0]


def test_there_is_a_pause_between_two_requests(page: Server, waits: list[float]) -> None:
    line = Connection()
    for _ in range(3):
        line.save(page.url + "/page", io.BytesIO(), most=100)
    assert waits[0] == 0
    assert all(0 < wait <= connection.PAUSE for wait in waits[1:])
    assert len(waits) == 3


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed(page: Server, code: int) -> None:
    page.faults["/moved"] = [status(code, Location="/page")]
    assert get(page, "/moved") == b"0123456789"
    assert page.headers[1]["User-Agent"] == f"bokwon/{__version__}"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/page", "data:,x", "gopher:x"])
def test_redirects_lead_to_no_other_scheme(page: Server, target: str) -> None:
    page.faults["/moved"] = [status(302, Location=target)]
    with pytest.raises(InputFileError, match=r"/moved leads to '.*', which is not a URL that begins with http"):
        get(page, "/moved")
    assert page.requests == ["/moved"]


def test_redirects_in_a_circle_end(page: Server) -> None:
    page.faults["/moved"] = [status(302, Location="/moved")] * 50
    with pytest.raises(RefusedError):
        get(page, "/moved")
    assert len(page.requests) < 10


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "page.json", "ftp://host/page", "http://", "https://[::1/x", "", "http://a:99999/x"]
)
def test_other_urls_are_not_requested(url: str) -> None:
    with pytest.raises(InputFileError, match="is not a URL that begins with http"):
        Connection().save(url, io.BytesIO(), most=100)


def test_host_names_that_cannot_be_are_refused(waits: list[float]) -> None:
    for url in (f"http://{'a' * 70}.example/", "http://some one.example/"):
        with pytest.raises(InputFileError, match="is not a URL"):
            Connection().save(url, io.BytesIO(), most=100)


def test_urls_are_encoded_once() -> None:
    assert checked_url("HTTPS://host/고문서/a b?x=한&y=%20#part") == (
        "https://host/%EA%B3%A0%EB%AC%B8%EC%84%9C/a%20b?x=%ED%95%9C&y=%20"
    )
    assert checked_url("http://münchen.example:8080/a,b/full/!9,9/0/default.jpg") == (
        "http://xn--mnchen-3ya.example:8080/a,b/full/!9,9/0/default.jpg"
    )
    assert checked_url("http://host/a%2Fb") == "http://host/a%2Fb"


def test_the_server_says_when_to_ask_again(page: Server, waits: list[float]) -> None:
    soon = datetime.now(timezone.utc) + timedelta(seconds=100)
    page.faults["/page"] = [
        status(429, Retry_After="17"),
        status(503, Retry_After=format_datetime(soon, usegmt=True)),
        status(429, Retry_After="some time"),
    ]
    said: list[str] = []
    assert get(page, "/page", said=said) == b"0123456789"
    between = [wait for wait in waits if wait > connection.PAUSE]
    assert between[0] == 17
    assert 90 < between[1] <= 100
    assert between[2] == connection.BACKOFF[2]
    assert said[0] == f"{page.url}/page: the server answers 429 Too Many Requests; trying again in 17 seconds"


def test_a_long_wait_is_left_to_the_user(page: Server, waits: list[float]) -> None:
    page.faults["/page"] = [status(503, Retry_After="86400")]
    with pytest.raises(UnavailableError, match="asks to wait for 86,400 seconds; run the same command again later"):
        get(page, "/page")
    assert len(page.requests) == 1
    assert max(waits) == 0


@pytest.mark.parametrize("fault", [cut_off, hang_up])
def test_an_answer_that_is_cut_off_is_asked_for_again(page: Server, fault: Fault, waits: list[float]) -> None:
    page.faults["/page"] = [fault, fault, fault]
    assert get(page, "/page") == b"0123456789"
    assert [wait for wait in waits if wait > connection.PAUSE] == list(connection.BACKOFF)


def test_it_gives_up_after_the_fourth_try(page: Server) -> None:
    page.faults["/page"] = [cut_off] * 9
    with pytest.raises(UnavailableError, match="cut off after 5 of 10 bytes"):
        get(page, "/page")
    assert len(page.requests) == 4


def test_an_error_of_the_server_may_be_due_to_the_request(page: Server) -> None:
    page.faults["/page"] = [status(500)] * 9
    with pytest.raises(RefusedError, match="answers 500") as caught:
        get(page, "/page")
    assert (caught.value.status, len(page.requests)) == (500, 4)


@pytest.mark.parametrize(
    ("code", "fix"), [(401, "no logins"), (403, "no logins"), (404, "check the address"), (400, "")]
)
def test_a_refusal_is_not_tried_again(page: Server, code: int, fix: str) -> None:
    page.documents["/page"] = code
    with pytest.raises(RefusedError, match=f"the server answers {code}.*{fix}") as caught:
        get(page, "/page")
    assert (caught.value.status, caught.value.exit_code) == (code, 5)
    assert page.requests == ["/page"]


def test_large_answers_are_not_taken(page: Server) -> None:
    with pytest.raises(InputFileError, match="is larger than 9 bytes"):
        get(page, "/page", most=9)
    assert get(page, "/page", most=10) == b"0123456789"


def test_an_answer_that_does_not_say_its_size_is_bounded_too(page: Server) -> None:
    def endless(handler: Handler, body: bytes) -> bool:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        with suppress(OSError):
            for _ in range(1 << 14):
                handler.wfile.write(b"x" * (1 << 16))
        return True

    page.faults["/page"] = [endless]
    stream = io.BytesIO()
    with pytest.raises(InputFileError, match="is larger than 100,000 bytes"):
        Connection().save(page.url + "/page", stream, most=100_000)
    assert len(stream.getvalue()) <= 100_000


def test_a_server_that_says_nothing_is_not_waited_for(page: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SILENCE", 0.2)
    done = threading.Event()

    def silent(handler: Handler, _: bytes) -> bool:
        done.wait(60)
        handler.close_connection = True
        return True

    page.faults["/page"] = [silent] * 4
    try:
        with pytest.raises(UnavailableError, match=r"does not answer for 0\.2 seconds"):
            get(page, "/page")
    finally:
        done.set()
    assert len(page.requests) == 4


def test_an_answer_that_drips_ends(page: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LONGEST_REQUEST", -1.0)
    with pytest.raises(UnavailableError, match="took longer than"):
        get(page, "/page")


def test_a_server_that_is_not_there_is_unavailable(waits: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(UnavailableError, match="the server cannot be reached") as caught:
        Connection().save(f"http://127.0.0.1:{port}/x", io.BytesIO(), most=10)
    assert caught.value.exit_code == 5
    assert len([wait for wait in waits if wait]) >= 3


def test_a_name_that_is_not_there_is_not_tried_again(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(UnavailableError, match=r"http://nowhere\.example/x: there is no such server"):
        Connection().save("http://nowhere.example/x", io.BytesIO(), most=10)
    assert waits == [0]


def test_what_is_no_http_is_said(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for _ in range(4):
                taken = listening.accept()[0]
                with taken:
                    taken.recv(1000)
                    taken.sendall(b"hello\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(UnavailableError, match="the answer is not HTTP"):
            Connection().save(f"http://127.0.0.1:{listening.getsockname()[1]}/", io.BytesIO(), most=10)
        thread.join()


def test_a_full_disk_is_no_fault_of_the_server(page: Server) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        Connection().save(page.url + "/page", Full(), most=1000)
    assert page.requests == ["/page"]


def test_json_is_read_and_nothing_else(page: Server) -> None:
    page.documents["/found"] = {"a": "한"}
    assert Connection().json(page.url + "/found") == {"a": "한"}
    assert "json" in page.headers[0]["Accept"]
    for body in (b"0123 4", b"<html>", b"[" * 100_000, b"\xff\xfe"):
        page.documents["/found"] = body
        with pytest.raises(InputFileError, match="/found is not JSON"):
            Connection().json(page.url + "/found")
