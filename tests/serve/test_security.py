"""Who may ask: names of the server (DNS rebinding), foreign pages (CSRF), tokens and sessions, headers of answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from bokwon.serve.problems import MEDIA_TYPE

Connect = Callable[..., TestClient]
VERSION, HEALTH, MASKS = "/api/v1/version", "/api/v1/health", "/api/v1/masks"
TOKEN = "a-token-of-some-length"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "localhost:9", "[::1]:8000", "LOCALHOST", "192.168.0.7:8000", "10.0.0.1"]
)
def test_addresses_and_localhost_are_names_of_the_server(connect: Connect, host: str) -> None:
    # The port may be that of a tunnel.
    assert connect().get(HEALTH, headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example@127.0.0.1:80:80",
        "",
        "[::1",
        "127.0.0.1 evil.example",
        "0x7f000001",
    ],
)
def test_foreign_names_are_refused_even_for_health(connect: Connect, host: str) -> None:
    answer = connect().get(HEALTH, headers={"host": host})
    assert (answer.status_code, answer.json()["title"]) == (403, "Wrong host")
    assert answer.headers["content-type"] == MEDIA_TYPE


def test_a_name_may_be_allowed(connect: Connect) -> None:
    client = connect(names=("Archive.example",))
    assert client.get(HEALTH, headers={"host": "archive.example:443"}).status_code == 200
    assert client.get(HEALTH, headers={"host": "other.example"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "https://127.0.0.1:9999"},
        {"origin": "http://localhost"},
        {"origin": "null"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
    ],
)
def test_foreign_pages_change_nothing(connect: Connect, headers: dict[str, str]) -> None:
    client = connect()
    answer = client.post(MASKS, headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (403, "Foreign web page")
    # Reading is harmless: no page may see the answer.
    assert client.get(VERSION, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://127.0.0.1"}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}],
)
def test_programs_and_the_servers_own_page_may_ask(connect: Connect, headers: dict[str, str]) -> None:
    # Nothing is sent, which is refused by what comes after the guard.
    assert connect().post(MASKS, headers=headers).status_code == 422


def test_a_token_is_asked_for(connect: Connect) -> None:
    client = connect(token=TOKEN)
    assert client.get(HEALTH).status_code == 200
    answer = client.get(VERSION)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert client.post(MASKS).status_code == 401
    assert client.get("/api/v1/nothing").status_code == 401
    for right in (f"Bearer {TOKEN}", f"bearer  {TOKEN}"):
        assert client.get(VERSION, headers={"authorization": right}).status_code == 200
    for wrong in (TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer x", f"Bearer {TOKEN}x", "Bearer \u00e9"):
        assert client.get(VERSION, headers={"authorization": wrong.encode("latin-1")}).status_code == 401


def test_the_opened_address_begins_one_session(connect: Connect) -> None:
    client = connect(opening_token="once")
    assert client.get("/?token=other").status_code == 401
    opened = client.get("/?token=once&lang=ko")
    # The token stands neither in the address nor in the history of the browser.
    assert (opened.status_code, opened.headers["location"]) == (303, "/?lang=ko")
    cookie = opened.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/", "max-age="))
    assert "secure" not in cookie
    assert client.get(VERSION).status_code == 200

    client.cookies.clear()
    again = client.get("/?token=once", headers={"accept": "text/html"})
    assert again.status_code == 401
    assert "set-cookie" not in again.headers
    assert "bokwon open" in again.text
    assert client.get(VERSION).status_code == 401


def test_the_token_of_a_session_opens_it_again(connect: Connect) -> None:
    client = connect(opening_token="once")
    client.get("/?token=once")
    # A reload of the address that was opened.
    assert client.get("/?token=once").status_code == 303


def test_the_servers_token_opens_sessions_as_often_as_wanted(connect: Connect) -> None:
    client = connect(token=TOKEN)
    for _ in range(2):
        client.cookies.clear()
        assert client.get(f"/?token={TOKEN}").status_code == 303
        assert client.get(VERSION).status_code == 200


def test_only_addresses_of_the_page_take_a_token(connect: Connect) -> None:
    client = connect(token=TOKEN, opening_token="once")
    for token in (TOKEN, "once"):
        assert client.get(f"{VERSION}?token={token}").status_code == 401
        assert client.post(f"/?token={token}").status_code == 401


def test_an_opened_address_leads_to_no_other_server(connect: Connect) -> None:
    client = connect(token=TOKEN)
    assert client.get(f"//evil.example/page?token={TOKEN}").headers["location"] in ("/evil.example/page", "/page")


def test_a_session_alone_changes_nothing(connect: Connect) -> None:
    client = connect(opening_token="once")
    client.get("/?token=once")
    # A browser says where a request comes from; this one does not, and the cookie is all that speaks for it.
    assert client.post(MASKS).status_code == 403
    assert client.post(MASKS, headers={"origin": "http://127.0.0.1"}).status_code == 422
    assert client.post(MASKS, headers={"origin": "http://127.0.0.1:1234"}).status_code == 403


@pytest.mark.parametrize("cookie", ["bokwon-80=guess", "bokwon-80", "=;=", 'bokwon-80="', "bokwon-80=\u00e9"])
def test_cookies_that_are_not_ours_open_nothing(connect: Connect, cookie: str) -> None:
    client = connect(opening_token="once")
    assert client.get(VERSION, headers={"cookie": cookie.encode("latin-1")}).status_code == 401


def test_servers_on_other_ports_have_other_cookies(connect: Connect) -> None:
    one, two = connect("http://127.0.0.1:8001", opening_token="a"), connect("http://127.0.0.1:8002", opening_token="b")
    cookies = [client.get(f"/?token={token}").headers["set-cookie"] for client, token in ((one, "a"), (two, "b"))]
    assert [cookie.partition("=")[0] for cookie in cookies] == ["bokwon-8001", "bokwon-8002"]


def test_the_cookie_is_secure_where_the_page_is(connect: Connect) -> None:
    client = connect("https://127.0.0.1", opening_token="once")
    assert "secure" in client.get("/?token=once").headers["set-cookie"].lower()


def test_every_answer_has_the_headers(connect: Connect) -> None:
    client = connect(token=TOKEN)
    for answer in (client.get(HEALTH), client.get(VERSION), client.get("/", headers={"host": "evil.example"})):
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert not any(name.startswith("access-control") for name in answer.headers)
