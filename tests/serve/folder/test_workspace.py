"""An opened folder as a whole: what comes back, and what others do to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.serve.folder import places
from tests.serve.conftest import png_of
from tests.serve.folder.conftest import Opened, box_hole, delete_database, noise

VOLATILE = ("mask_version", "can_undo", "can_redo")


def told(opened: Opened) -> list[dict[str, Any]]:
    opened.settle()
    return [{key: value for key, value in page.items() if key not in VOLATILE} for page in opened.pages()]


def work_on(opened: Opened) -> None:
    opened.draw(opened.page("a.png"), (10, 10, 30, 30))
    opened.draw(opened.page("b.jpg"), (50, 50, 60, 60))
    opened.draw(opened.page("c.tif", 1), (5, 5, 9, 9))
    opened.run(opened.page("a.png") + "/restore")
    opened.run(opened.page("c.tif", 1) + "/restore")
    for page, decision in (("a.png", "approve"), ("c.tif", "undamaged")):
        assert opened.client.post(opened.page(page) + "/decision", json={"decision": decision}).status_code == 200


def test_everything_comes_back_after_a_restart(scans: Path, open_folder: Callable[..., Opened]) -> None:
    opened = open_folder(scans)
    work_on(opened)
    before = opened.pages()
    again = open_folder(scans)
    assert again.pages() == before
    assert again.facts(again.page("a.png"))["can_undo"]


def test_everything_comes_back_without_the_database(scans: Path, open_folder: Callable[..., Opened]) -> None:
    opened = open_folder(scans)
    work_on(opened)
    before = told(opened)
    opened.close()
    delete_database(scans)
    again = open_folder(scans)
    assert told(again) == before
    assert [page["state"] for page in again.pages()] == ["approved", "found", "undamaged", "restored", "new"]
    shutil.rmtree(scans / ".bokwon")
    assert told(open_folder(scans)) == before


def test_a_read_only_folder_is_worked_on_elsewhere(
    scans: Path, open_folder: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(box_hole((10, 10, 30, 30))).save(scans / "a-mask.png")
    files = sorted(path.name for path in scans.iterdir())
    monkeypatch.setattr(places, "may_write", lambda path: path != scans.resolve())
    opened = open_folder(scans)
    opened.settle()
    folder = opened.client.get("folder").json()
    assert folder["readonly"]
    assert folder["notices"]
    address = opened.page("a.png")
    assert opened.mask(address).sum() == 400
    opened.draw(address, (50, 50, 60, 60))
    opened.run(address + "/restore")
    assert sorted(path.name for path in scans.iterdir()) == files
    restored = opened.client.get(address + "/download?what=restored").content
    (opened.workspace.places.output / "a.png").read_bytes()
    assert restored == (opened.workspace.places.output / "a.png").read_bytes()
    assert opened.facts(address)["state"] == "restored"


def test_two_servers_do_not_overwrite_each_other(scans: Path, open_folder: Callable[..., Opened]) -> None:
    one, other = open_folder(scans), open_folder(scans)
    address = one.page("a.png")
    patch = np.full((10, 10), 255, np.uint8)
    for server in (one, other):
        server.facts(address)
    first = one.client.patch(address + "/mask?x=0&y=0", content=png_of(patch), headers={"If-Match": '"0"'})
    assert first.status_code == 200
    second = other.client.patch(address + "/mask?x=50&y=0", content=png_of(patch), headers={"If-Match": '"0"'})
    assert second.status_code == 412
    assert second.headers["etag"] == f'"{first.json()["mask_version"]}"'
    assert (other.mask(address) == box_hole((0, 0, 10, 10))).all()
    other.draw(address, (50, 0, 60, 10))
    assert (one.mask(address) == box_hole((0, 0, 10, 10), (50, 0, 60, 10))).all()
    # Both know the steps of both.
    one.change(address, "POST", "/mask/undo")
    assert (other.mask(address) == box_hole((0, 0, 10, 10))).all()


def test_events_tell_what_changed(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 30, 30))
    opened.run(address + "/restore")
    pages = [event for event in opened.events if event["type"] == "page"]
    assert {event["id"] for event in pages} == {address.removeprefix("pages/")}
    assert pages[-1]["state"] == "restored"
    assert pages[-1]["restored_version"] == opened.facts(address)["restored_version"]


def test_unknown_pages_are_told(opened: Opened) -> None:
    answer = opened.client.get("pages/0123456789abcdef")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_the_original_files_never_change(scans: Path, open_folder: Callable[..., Opened]) -> None:
    before = {path.name: path.read_bytes() for path in scans.iterdir()}
    opened = open_folder(scans)
    work_on(opened)
    opened.client.post(opened.page("a.png") + "/original", json={"box": [0, 0, 120, 90]})
    opened.settle()
    assert {name: (scans / name).read_bytes() for name in before} == before
    assert (opened.restored("a.png") == noise(1)).all()
