"""Settings of the server: nobody is let in by mistake."""

from __future__ import annotations

import pytest

from bokwon.errors import ArgumentError
from bokwon.serve.settings import Settings, is_loopback


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.7", False),
        ("archive.example", False),
        ("localhost.example", False),
    ],
)
def test_which_addresses_only_this_machine_reaches(host: str, ours: bool) -> None:
    assert is_loopback(host) is ours


def test_an_address_that_others_reach_needs_a_token_of_some_length() -> None:
    with pytest.raises(ArgumentError, match="there is no token"):
        Settings(host="0.0.0.0")
    with pytest.raises(ArgumentError, match="shorter than 16"):
        Settings(host="0.0.0.0", token="a" * 15)
    assert Settings(host="0.0.0.0", token="a" * 16).is_guarded


@pytest.mark.parametrize("token", ["", "two words", "비밀번호비밀번호비밀번호비밀번호", "line\nbreak"])
def test_tokens_that_no_header_can_hold_are_refused(token: str) -> None:
    with pytest.raises(ArgumentError, match="the token is empty or has other characters"):
        Settings(token=token)


def test_a_token_of_either_kind_guards() -> None:
    assert not Settings().is_guarded
    assert Settings(token="short").is_guarded
    assert Settings(opening_token="once").is_guarded
