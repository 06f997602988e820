"""`bokwon open`: the address that it prints or opens, and the folder behind it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from bokwon.cli.main import main
from bokwon.settings import RestoreSettings
from tests.serve.conftest import a_hole, a_page, png_of

SOON = 60


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder with one scan and its mask, in the user's own folder."""
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "leaf.png").write_bytes(png_of(a_page()))
    (folder / "leaf-mask.png").write_bytes(png_of(a_hole()))
    return folder


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_printed_address_opens_the_folder_once(scans: Path) -> None:
    command = [sys.executable, "-m", "bokwon", "open", str(scans), "--no-browser", "--threads", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        opened = process.stdout.readline().strip()
        address, _, token = opened.partition("?token=")
        assert len(token) >= 32
        folder = f"{address}api/v1/folder"
        assert requests.get(folder, timeout=SOON).status_code == 401
        archivist, stranger = requests.Session(), requests.Session()
        assert archivist.get(opened, timeout=SOON, allow_redirects=False).headers["location"] == "/"
        found = archivist.get(folder, timeout=SOON).json()
        assert (found["name"], found["total"]) == ("scans", 1)
        # Whoever reads the address later, in the history or on the screen, is not let in.
        assert stranger.get(opened, timeout=SOON).status_code == 401
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=SOON)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert "open this address in a browser" in said


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Runs the command without a server; returns the addresses that the browser is given."""
    opened: list[str] = []
    monkeypatch.setattr("bokwon.serve.server.open_browser", opened.append)
    monkeypatch.delenv("SSH_CONNECTION", raising=False)

    def run(*arguments: str) -> list[str]:
        monkeypatch.setattr("bokwon.cli.open.start", lambda _, __, announce, **___: announce("http://127.0.0.1:8765/"))
        with pytest.raises(SystemExit) as ended:
            main(["open", *arguments])
        assert ended.value.code == 0
        return opened

    return run


def test_the_browser_is_given_the_address_with_its_token(
    started: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bokwon.serve.server.has_browser", lambda: True)
    (address,) = started()
    said = capsys.readouterr()
    assert said.out.strip() == address
    assert address.startswith("http://127.0.0.1:8765/?token=")
    assert "the page is opened in the browser" in said.err


def test_no_browser_is_opened_where_there_is_none_or_none_is_wanted(
    started: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bokwon.serve.server.has_browser", lambda: False)
    assert started() == []
    monkeypatch.setattr("bokwon.serve.server.has_browser", lambda: True)
    assert started("--no-browser") == []
    said = capsys.readouterr()
    addresses = said.out.split()
    # Each start has a token of its own.
    assert len(set(addresses)) == len(addresses) == 2
    assert said.err.count("open this address in a browser; Ctrl-C ends it") == 2


def test_over_ssh_the_tunnel_is_named(
    started: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.2 22")
    assert started() == []
    assert "after `ssh -L 8765:127.0.0.1:8765 THIS_MACHINE` there" in capsys.readouterr().err


def test_the_folder_is_opened_with_what_the_options_say(monkeypatch: pytest.MonkeyPatch, scans: Path) -> None:
    given = []

    def start(settings, port, announce, *, usual, open_folder, verbose):  # type: ignore[no-untyped-def]
        given.append((settings, port, verbose))
        open_folder("jobs")

    opened = []
    monkeypatch.setattr("bokwon.cli.open.start", start)
    monkeypatch.setattr("bokwon.serve.folder.Workspace.open", lambda *given, **more: opened.append((given, more)))
    with pytest.raises(SystemExit):
        main(["open", str(scans), "-r", "--port", "81", "-j", "3", "--threads", "2", "--max-mpixels", "5", "-v"])
    ((settings, port, verbose),) = given
    assert (port, verbose, settings.workers, settings.threads, settings.max_pixels) == (81, True, 3, 2, 5_000_000)
    assert settings.host == "127.0.0.1"
    assert settings.is_guarded
    (((path, jobs), more),) = opened
    assert (path, jobs, more["recursive"], more["settings"]) == (scans, "jobs", True, RestoreSettings(threads=2))
    assert more["options"].max_pixels == 5_000_000


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["open", str(tmp_path / "none"), "--no-browser"])
    said = capsys.readouterr()
    assert ended.value.code == 5
    assert "does not exist" in said.err
    assert said.out == ""
