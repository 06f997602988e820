"""Restoring pages and parts, and giving originals back."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main
from bokwon.serve.folder.restoration import writer
from bokwon.utilities.locks import lock_folder
from tests.serve.conftest import picture_of
from tests.serve.folder.conftest import SIZE, Opened, box_hole, noise

FIRST, SECOND = (10, 10, 30, 30), (50, 40, 70, 60)


def record_of(opened: Opened, name: str) -> dict[str, Any]:
    return dict(json.loads((opened.folder / "restored" / f"{name}.record" / "record.json").read_text()))


def entries(opened: Opened) -> list[dict[str, Any]]:
    lines = (opened.folder / "restored" / "report.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines if line]


def test_a_page_is_restored_as_the_command_does_it(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST, SECOND)
    opened.run(address + "/restore")
    hole = box_hole(FIRST, SECOND)
    restored = opened.restored("a.png")
    assert (restored[~hole] == noise(1)[~hole]).all()
    assert (restored[hole] != noise(1)[hole]).any(axis=-1).mean() > 0.9
    output = opened.folder.parent / "command.png"
    with pytest.raises(SystemExit) as ended:
        main(["restore", str(opened.folder / "a.png"), str(output), "--method", "telea", "--record", "-q"])
    assert not ended.value.code
    assert output.read_bytes() == (opened.folder / "restored" / "a.png").read_bytes()
    ours = record_of(opened, "a.png")
    theirs = json.loads((opened.folder.parent / "command.png.record" / "record.json").read_text())
    assert ours["pages"][0].pop("mask") == "a_mask.png"
    theirs["pages"][0].pop("mask")
    assert ours["pages"] == theirs["pages"]
    for key in ("method", "model", "model_sha256", "engine", "kernels"):
        assert ours[key] == theirs[key]


def test_a_region_is_restored_alone(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST, SECOND)
    opened.run(address + "/restore", {"box": [0, 0, 40, 90]})
    restored = opened.restored("a.png")
    assert (restored[~box_hole(FIRST)] == noise(1)[~box_hole(FIRST)]).all()
    assert (restored[box_hole(FIRST)] != noise(1)[box_hole(FIRST)]).any()
    # Not all of the mask is filled: the command would do it again.
    assert entries(opened)[-1]["settings"] == ""
    (page,) = record_of(opened, "a.png")["pages"]
    assert page["hole_pixels"] == 400
    opened.run(address + "/restore", {"box": [40, 0, 120, 90]})
    assert (opened.restored("a.png")[box_hole(FIRST)] == restored[box_hole(FIRST)]).all()
    assert entries(opened)[-1]["settings"] != ""


def test_a_region_is_filled_again_by_another_method(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST, SECOND)
    opened.run(address + "/restore")
    before = opened.restored("a.png")
    region = next(one for one in opened.facts(address)["regions"] if one["box"] == list(SECOND))
    opened.run(address + "/restore", {"region": region["id"], "method": "ns"})
    after = opened.restored("a.png")
    changed = (before != after).any(axis=-1)
    assert changed[box_hole(SECOND)].any()
    assert not changed[~box_hole(SECOND)].any()
    # The record says what filled which part.
    (page,) = record_of(opened, "a.png")["pages"]
    assert [(part["box"], part["method"]) for part in page["filled_by"]] == [(None, "telea"), ([50, 40, 20, 20], "ns")]
    # All of it anew by one method is plain again.
    opened.run(address + "/restore")
    assert "filled_by" not in record_of(opened, "a.png")["pages"][0]


def test_originals_are_given_back_in_parts(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST, SECOND)
    opened.run(address + "/restore")
    before = opened.restored("a.png")
    answer = opened.client.post(address + "/original", json={"box": list(FIRST)})
    assert answer.json()["state"] == "restored"
    opened.settle()
    after = opened.restored("a.png")
    assert (after[~box_hole(SECOND)] == noise(1)[~box_hole(SECOND)]).all()
    assert (after[box_hole(SECOND)] == before[box_hole(SECOND)]).all()
    assert (opened.mask(address) == box_hole(SECOND)).all()
    # All of it: the output is the scan, byte for byte, and counts as taken back.
    opened.client.post(address + "/original", json={"box": [0, 0, *SIZE[::-1]]})
    opened.settle()
    assert (opened.folder / "restored" / "a.png").read_bytes() == (opened.folder / "a.png").read_bytes()
    facts = opened.facts(address)
    assert (facts["restored_version"], facts["share"]) == (0, 0.0)
    assert entries(opened)[-1]["status"] == "undone"
    # The mask's part of it can be undone, and restored again.
    opened.change(address, "POST", "/mask/undo")
    opened.run(address + "/restore")
    assert opened.facts(address)["state"] == "restored"


def test_pages_of_a_document_are_restored_one_by_one(opened: Opened) -> None:
    for index in (0, 2):
        address = opened.page("c.tif", index)
        opened.draw(address, FIRST)
        opened.run(address + "/restore")
    opened.run(opened.page("c.tif", 2) + "/restore", {"box": list(FIRST), "method": "ns"})
    record = record_of(opened, "c.tif")
    assert [page["page"] for page in record["pages"]] == [1, 3]
    # What the record says of all is said of the first page's own, which is another.
    assert record["method"] == "ns"
    assert [page["filled_by"][-1]["method"] for page in record["pages"]] == ["telea", "ns"]
    with Image.open(opened.folder / "restored" / "c.tif") as image:
        pages = []
        for index in range(3):
            image.seek(index)
            pages.append(np.array(image))
    for index, seed in enumerate((3, 4, 5)):
        changed = pages[index] != noise(seed, *SIZE)
        assert not changed[~box_hole(FIRST)].any()
        assert changed.any() == (index != 1)
    # Each page is given back by itself.
    opened.client.post(opened.page("c.tif", 0) + "/original", json={"box": list(FIRST)})
    opened.settle()
    states = [page["state"] for page in opened.pages() if page["name"] == "c.tif"]
    assert states == ["found", "new", "restored"]
    with Image.open(opened.folder / "restored" / "c.tif") as image:
        assert (np.array(image) == noise(3, *SIZE)).all()
        image.seek(2)
        assert (np.array(image) == pages[2]).all()
    output = opened.folder / "restored" / "c.tif"
    with pytest.raises(SystemExit) as ended:
        main(["undo", str(output) + ".record", str(output), "-q"])
    assert not ended.value.code
    with Image.open(output) as image:
        image.seek(2)
        assert (np.array(image) == noise(5, *SIZE)).all()


def test_a_jpeg_keeps_its_format(opened: Opened) -> None:
    address = opened.page("b.jpg")
    opened.draw(address, FIRST)
    opened.run(address + "/restore")
    data = opened.client.get(address + "/download").content
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
    scan = np.array(Image.open(opened.folder / "b.jpg")).astype(int)
    # Away from the hole's blocks nothing but JPEG's rounding changes.
    assert np.abs(picture_of(data).astype(int) - scan)[48:].mean() < 8


def test_nothing_marked_is_nothing_to_restore(opened: Opened) -> None:
    address = opened.page("a.png")
    for told in ({}, {"box": [0, 0, 5, 5]}):
        job = opened.run(address + "/restore", told, state="failed")
        assert job["problem"]["status"] == 422
    assert opened.facts(address)["state"] == "new"


def test_another_run_in_the_folder_is_waited_for(opened: Opened, monkeypatch: Any) -> None:
    monkeypatch.setattr(writer, "_PATIENCE", 0.2)
    monkeypatch.setattr(writer, "_PAUSE", 0.01)
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    (opened.folder / "restored").mkdir()
    held = lock_folder(opened.folder / "restored")
    assert held is not None
    job = opened.run(address + "/restore", state="failed")
    assert "another run is writing" in job["problem"]["detail"]
    os.close(held)
    opened.run(address + "/restore")
    assert opened.facts(address)["state"] == "restored"


def test_approval_is_of_one_restoration(scans: Path, open_folder: Callable[..., Opened]) -> None:
    opened = open_folder(scans)
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    opened.client.post(address + "/decision", json={"decision": "approve"})
    assert opened.facts(address)["state"] == "mask approved"
    opened.run(address + "/restore")
    # The mask was approved. Nobody has seen the result.
    assert opened.facts(address)["state"] == "restored"
    opened.client.post(address + "/decision", json={"decision": "approve"})
    assert opened.facts(address)["state"] == "approved"
    opened.run(address + "/restore", {"box": list(FIRST), "method": "ns"})
    assert opened.facts(address)["state"] == "restored"
