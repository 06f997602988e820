"""The application as a whole: the page, what lies outside it, and what is left when it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bokwon.serve import app as app_module
from bokwon.serve.app import make_app
from bokwon.serve.folder import Workspace
from bokwon.serve.jobs import Jobs
from bokwon.serve.settings import Settings
from tests.serve.conftest import BASE, a_page, png_of

SETTINGS = Settings(workers=1, threads=1)


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of a page, and one that lies outside."""
    (tmp_path / "secret.txt").write_text("secret")
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text("<!doctype html>page")
    (static / "page.js").write_text("1")
    monkeypatch.setattr(app_module, "STATIC", static)
    return static


@pytest.fixture
def client(static: Path) -> Iterator[TestClient]:
    """A client of a server that shows a folder."""
    scans = static.parent / "scans"
    scans.mkdir()
    (scans / "leaf.png").write_bytes(png_of(a_page()))
    jobs = Jobs(1)
    app = make_app(SETTINGS, jobs=jobs, workspace=Workspace.open(scans, jobs))
    with TestClient(app, base_url=BASE) as found:
        yield found


def test_the_page_is_shown_with_a_folder(client: TestClient) -> None:
    page, script = client.get("/"), client.get("/page.js")
    assert page.text == "<!doctype html>page"
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    # Kept, but asked for anew each time.
    assert script.headers["cache-control"] == "no-cache"
    again = client.get("/page.js", headers={"if-none-match": script.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/api/v1/folder").json()["name"] == "scans"
    assert "/api/v1/folder" in client.get("/api/v1/openapi.json").json()["paths"]


@pytest.mark.usefixtures("static")
def test_without_a_folder_there_is_no_page() -> None:
    with TestClient(make_app(SETTINGS), base_url=BASE) as client:
        assert client.get("/").status_code == client.get("/api/v1/folder").status_code == 404
        assert "/api/v1/folder" not in client.get("/api/v1/openapi.json").json()["paths"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/static/../../secret.txt",
        "/%00",
        "/\\..\\secret.txt",
    ],
)
def test_nothing_outside_the_page_is_read(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["title"] == "Not Found"


def test_links_out_of_the_page_are_not_followed(client: TestClient, static: Path) -> None:
    (static / "link.txt").symlink_to(static.parent / "secret.txt")
    assert client.get("/link.txt").status_code == 404


def test_uploads_lie_where_only_their_owner_reads_and_are_gone_at_the_end() -> None:
    app = make_app(SETTINGS)
    folder = app.state.folder
    with TestClient(app, base_url=BASE):
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_processes_without_work_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "_LOOK", 0.05)
    released: list[float] = []
    monkeypatch.setattr(app_module.Processes, "release", lambda self, idle=0.0: released.append(idle))
    with TestClient(make_app(SETTINGS), base_url=BASE):
        deadline = time.monotonic() + 20
        while not released and time.monotonic() < deadline:
            time.sleep(0.01)
    assert released[0] == app_module._IDLE


def test_an_unexpected_error_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise KeyError("x")

    monkeypatch.setattr("bokwon.serve.endpoints.list_fillers", fail)
    with TestClient(make_app(SETTINGS), base_url=BASE, raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/version")
    assert (answer.status_code, answer.json()["detail"]) == (500, "unexpected KeyError: 'x'")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE"])
def test_other_methods_are_refused(method: str) -> None:
    with TestClient(make_app(SETTINGS), base_url=BASE) as client:
        answer = client.request(method, "/api/v1/restore")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
