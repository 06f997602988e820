"""Work on the whole folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.serve.jobs import JobCancelled, Outcome
from tests.serve.folder.conftest import BLUE, RED, SIZE, Opened, box_hole, noise, scan


def test_all_masks_are_restored_file_by_file(opened: Opened) -> None:
    for name, index in (("a.png", 0), ("c.tif", 0), ("c.tif", 2)):
        opened.draw(opened.page(name, index), (10, 10, 30, 30))
    opened.run("folder/restore")
    states = {(page["name"], page["index"]): page["state"] for page in opened.pages()}
    assert {key for key, state in states.items() if state == "restored"} == {("a.png", 0), ("c.tif", 0), ("c.tif", 2)}
    with Image.open(opened.folder / "restored" / "c.tif") as image:
        for index, seed in enumerate((3, 4, 5)):
            image.seek(index)
            same = np.array(image) == noise(seed, *SIZE)
            assert same[~box_hole((10, 10, 30, 30))].all()
            assert same.all() is np.bool_(index == 1)


def test_only_what_was_approved_is_restored(opened: Opened) -> None:
    for name in ("a.png", "b.jpg"):
        opened.draw(opened.page(name), (10, 10, 30, 30))
    opened.client.post(opened.page("b.jpg") + "/decision", json={"decision": "approve"})
    opened.run("folder/restore", {"only": "approved"})
    told = {page["name"]: (page["state"], page["restored_version"] > 0) for page in opened.pages()[:2]}
    # What was approved is the mask. Nobody has seen the result.
    assert told == {"a.png": ("found", False), "b.jpg": ("restored", True)}
    opened.client.post(opened.page("a.png") + "/decision", json={"decision": "reject"})
    opened.run("folder/restore", {"only": "found"})
    assert not (opened.folder / "restored" / "a.png").exists()


def test_only_what_is_certain_is_restored(
    tmp_path: Path, open_folder: Callable[..., Opened], write_colour_key: Callable[..., Path]
) -> None:
    folder = tmp_path / "scans"
    scan(folder / "page.png", ((10, 10, 30, 30), RED), ((20, 60, 100, 70), BLUE))
    curve = {"scratch": [[0, 0], [1, 0.6]]}
    opened = open_folder(folder, detector=write_colour_key(tmp_path / "key.onnx", calibration=curve))
    opened.run("folder/detect", {"threshold": 0.5})
    address = opened.page("page.png")
    assert opened.mask(address)[65, 50]
    opened.run("folder/restore", {"certain": 0.9})
    restored = opened.restored("page.png")
    assert (restored[60:70, 20:100] == BLUE).all()
    assert (restored[12:28, 12:28] != RED).any(axis=-1).all()


def test_a_file_that_fails_stops_no_other(opened: Opened) -> None:
    for name in ("a.png", "b.jpg"):
        opened.draw(opened.page(name), (10, 10, 30, 30))
    # Not a file: nothing can be written there.
    (opened.folder / "restored" / "a.png").mkdir(parents=True)
    opened.run("folder/restore")
    told = {page["name"]: page["state"] for page in opened.pages()[:2]}
    assert told == {"a.png": "failed", "b.jpg": "restored"}
    assert "is a folder" in opened.facts(opened.page("a.png"))["problem"]["detail"]
    (opened.folder / "restored" / "a.png").rmdir()
    opened.run(opened.page("a.png") + "/restore")
    assert opened.facts(opened.page("a.png"))["state"] == "restored"


def test_work_that_is_cancelled_leaves_nothing_behind(opened: Opened) -> None:
    opened.draw(opened.page("a.png"), (10, 10, 30, 30))
    desk = opened.desk
    told: list[float] = []

    def stop(share: float) -> None:
        told.append(share)
        if share > 0.5:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        desk.restore_all(stop, opened.workspace.settings, only="all", outcome=Outcome())
    assert told == sorted(told)
    assert not (opened.folder / "restored" / "a.png").exists()
    assert list((opened.folder / "restored").glob(".bokwon*")) == []
    assert opened.facts(opened.page("a.png"))["state"] == "found"
