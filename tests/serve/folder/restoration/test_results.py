"""Whether the result of a page is what its mask marks: after every kind of change, a restart, and from files alone."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.serve.conftest import png_of
from tests.serve.folder.conftest import SIZE, Opened, box_hole, delete_database, noise
from tests.serve.folder.test_outputs import restore_folder

FIRST, SECOND, THIRD = (10, 10, 30, 30), (50, 40, 70, 60), (80, 10, 90, 20)


def state(opened: Opened, address: str) -> tuple[str, str]:
    facts = opened.facts(address)
    (listed,) = [page for page in opened.pages() if address.endswith(page["id"])]
    assert (listed["state"], listed["fill"]) == (facts["state"], facts["fill"])
    return facts["state"], facts["fill"]


def decide(opened: Opened, address: str, decision: str = "approve") -> Any:
    return opened.client.post(address + "/decision", json={"decision": decision})


def add(opened: Opened, address: str) -> None:
    opened.draw(address, THIRD)


def erase(opened: Opened, address: str) -> None:
    opened.change(address, "PATCH", "/mask?x=12&y=12", content=png_of(np.zeros((4, 4), np.uint8)))


def drop_in(opened: Opened, address: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(box_hole(SECOND)).save(buffer, "PNG")
    opened.change(address, "PUT", "/mask", content=buffer.getvalue())


def reject(opened: Opened, address: str) -> None:
    opened.change(address, "PATCH", "/regions", json={"reject": [1]})


def grow(opened: Opened, address: str) -> None:
    opened.change(address, "POST", "/mask/morph", json={"how": "grow", "by": 1})


@pytest.mark.parametrize("change", [add, erase, drop_in, reject, grow])
def test_a_result_of_another_mask_is_told_and_never_approved(
    scans: Path, open_folder: Callable[..., Opened], change: Callable[[Opened, str], None]
) -> None:
    opened = open_folder(scans)
    address = opened.page("a.png")
    opened.draw(address, FIRST, SECOND)
    opened.run(address + "/restore")
    assert decide(opened, address).json()["state"] == "approved"
    change(opened, address)
    assert state(opened, address) == ("changed", "changed")
    # An approval is of the mask only.
    told = decide(opened, address).json()
    assert (told["state"], told["decision"]) == ("mask approved", "approve")
    # The result is of the former mask. It needs a new approval.
    opened.change(address, "POST", "/mask/undo")
    assert state(opened, address) == ("restored", "whole")
    opened.change(address, "POST", "/mask/redo")
    assert state(opened, address) == ("changed", "changed")
    # After a restart, and from the files alone.
    opened.close()
    again = open_folder(scans)
    again.settle()
    assert state(again, address) == ("changed", "changed")
    again.close()
    delete_database(scans)
    rebuilt = open_folder(scans)
    rebuilt.settle()
    assert state(rebuilt, address) == ("changed", "changed")
    rebuilt.run(address + "/restore")
    assert state(rebuilt, address) == ("restored", "whole")


def test_a_mask_that_another_program_exchanges_is_seen_in_the_list(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    opened.run(address + "/restore")
    decide(opened, address)
    Image.fromarray(box_hole(SECOND)).save(opened.folder / "a_mask.png")
    # At once, and still after the mask was read. Nobody has to open the page for that.
    listed = opened.pages()[0]
    assert (listed["state"], listed["decision"]) == ("changed", None)
    assert opened.client.get("folder").json()["counts"]["changed"] == 1
    opened.settle()
    listed = opened.pages()[0]
    assert (listed["state"], listed["share"]) == ("changed", round(400 / (90 * 120), 6))
    Image.fromarray(box_hole(FIRST)).save(opened.folder / "a_mask.png")
    opened.client.get("folder")
    opened.settle()
    assert opened.pages()[0]["state"] == "restored"


def test_what_the_command_does_meanwhile_is_compared_too(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    opened.run(address + "/restore")
    opened.draw(address, SECOND)
    restore_folder(opened.folder, "--method", "telea", "--record", "--resume")
    opened.client.get("folder")
    opened.settle()
    assert opened.pages()[0]["state"] == "restored"


@pytest.mark.parametrize("name", ["a.png", "b.jpg"])
def test_an_approval_is_of_the_very_pixels(scans: Path, open_folder: Callable[..., Opened], name: str) -> None:
    opened = open_folder(scans)
    address = opened.page(name)
    opened.draw(address, FIRST, SECOND)
    opened.run(address + "/restore")
    # A part was filled just before the approval. It is written to the output first.
    opened.client.post(address + "/restore", json={"box": list(FIRST), "method": "ns"})
    until = time.monotonic() + 60
    while opened.facts(address)["fill"] != "whole" or any(job.kind == "restore" for job in opened.jobs.unfinished()):
        assert time.monotonic() < until
    assert decide(opened, address).json()["state"] == "approved"
    opened.settle()
    assert state(opened, address)[0] == "approved"
    # A copy of the folder keeps the approval.
    opened.close()
    copied = open_folder(Path(shutil.copytree(scans, scans.with_name("copy"))))
    copied.settle()
    assert state(copied, address)[0] == "approved"
    # The command restores it again with the same mask, but other pixels result.
    (copied.folder / "restored" / name).unlink()
    restore_folder(copied.folder, "--method", "telea", "--record", "--resume")
    assert next(page for page in copied.pages() if page["name"] == name)["state"] == "restored"
    copied.client.get("folder")
    copied.settle()
    assert state(copied, address) == ("restored", "whole")


def test_an_approval_of_one_page_outlives_work_on_another(opened: Opened) -> None:
    first, third = opened.page("c.tif", 0), opened.page("c.tif", 2)
    for page in (first, third):
        opened.draw(page, FIRST)
        opened.run(page + "/restore")
    decide(opened, first)
    opened.draw(third, SECOND)
    opened.run(third + "/restore")
    listed = {page["index"]: page["state"] for page in opened.pages() if page["name"] == "c.tif"}
    assert listed == {0: "approved", 1: "new", 2: "restored"}
    opened.run(third + "/undo")
    listed = {page["index"]: page["state"] for page in opened.pages() if page["name"] == "c.tif"}
    assert listed == {0: "approved", 1: "new", 2: "found"}
    assert state(opened, first)[0] == "approved"


def test_a_decision_is_kept_without_the_database(scans: Path, open_folder: Callable[..., Opened]) -> None:
    opened = open_folder(scans)
    addresses = {name: opened.page(name) for name in ("a.png", "b.jpg")}
    for address in addresses.values():
        opened.draw(address, FIRST)
    opened.run(addresses["a.png"] + "/restore")
    for address in addresses.values():
        decide(opened, address)
    opened.close()
    shutil.rmtree(scans / ".bokwon")
    # Another program replaces the approved mask.
    Image.fromarray(box_hole(SECOND)).save(scans / "b_mask.png")
    again = open_folder(scans)
    again.settle()
    assert state(again, addresses["a.png"])[0] == "approved"
    assert again.facts(addresses["a.png"])["decided"].endswith("+00:00")
    assert state(again, addresses["b.jpg"])[0] == "found"


def test_a_page_of_which_a_part_is_restored_says_so(scans: Path, open_folder: Callable[..., Opened]) -> None:
    opened = open_folder(scans)
    address = opened.page("a.png")
    opened.draw(address, FIRST, SECOND)
    opened.run(address + "/restore", {"box": list(FIRST)})
    assert state(opened, address) == ("in part", "in part")
    assert decide(opened, address).json()["state"] == "mask approved"
    opened.run(address + "/restore", {"box": list(SECOND)})
    assert state(opened, address) == ("restored", "whole")
    # The original of a region is given back. Only the rest was to be restored.
    opened.client.post(address + "/original", json={"box": list(FIRST)})
    assert state(opened, address) == ("restored", "whole")
    opened.settle()
    assert state(opened, address) == ("restored", "whole")


def test_pages_of_a_file_keep_what_is_known_of_them(opened: Opened) -> None:
    first, third = opened.page("c.tif", 0), opened.page("c.tif", 2)
    opened.draw(first, FIRST)
    opened.run(first + "/restore")
    opened.draw(first, SECOND)
    opened.draw(third, FIRST)
    opened.run(third + "/restore")
    # In the list, before the page is opened again.
    listed = {page["index"]: page["state"] for page in opened.pages() if page["name"] == "c.tif"}
    assert listed == {0: "changed", 1: "new", 2: "restored"}
    assert state(opened, first) == ("changed", "changed")


@pytest.mark.parametrize("more", [["--record"], [], ["--record", "--grow", "2"]], ids=["record", "none", "grown"])
def test_results_of_the_command_are_compared_too(
    scans: Path, open_folder: Callable[..., Opened], more: list[str]
) -> None:
    Image.fromarray(box_hole(FIRST)).save(scans / "a-mask.png")
    restore_folder(scans, "--method", "telea", *more)
    opened = open_folder(scans)
    opened.settle()
    address = opened.page("a.png")
    assert state(opened, address) == ("restored", "whole")
    Image.fromarray(box_hole(SECOND)).save(scans / "a-mask.png")
    opened.workspace.index.refresh(force=True)
    assert state(opened, address) == ("changed", "changed")


def test_damage_that_the_command_found_needs_no_mask_file(
    tmp_path: Path, open_folder: Callable[..., Opened], detector: Path
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    pixels = noise(1)
    pixels[10:30, 10:30] = (255, 0, 0)
    Image.fromarray(pixels).save(folder / "a.png")
    restore_folder(folder, "--method", "telea", "--record")
    opened = open_folder(folder)
    opened.settle()
    address = opened.page("a.png")
    assert opened.facts(address)["restored_version"], "the command has found nothing"
    assert state(opened, address) == ("restored", "whole")
    opened.draw(address, SECOND)
    assert state(opened, address) == ("changed", "changed")


def test_a_whole_page_is_taken_back_and_keeps_its_mask(opened: Opened) -> None:
    address, other = opened.page("c.tif", 0), opened.page("c.tif", 2)
    assert opened.client.post(address + "/undo").status_code == 409
    for page in (address, other):
        opened.draw(page, FIRST)
        opened.run(page + "/restore")
    decide(opened, address)
    assert opened.run(address + "/undo")["kind"] == "undo"
    assert state(opened, address) == ("found", "none")
    assert (opened.mask(address) == box_hole(FIRST)).all()
    assert state(opened, other) == ("restored", "whole")
    with Image.open(opened.folder / "restored" / "c.tif") as image:
        assert (np.array(image) == noise(3, *SIZE)).all()
        image.seek(2)
        assert (np.array(image) != noise(5, *SIZE)).any()
    # After the last page is taken back, the output is the scan.
    opened.run(other + "/undo")
    assert (opened.folder / "restored" / "c.tif").read_bytes() == (opened.folder / "c.tif").read_bytes()
    opened.run(address + "/restore")
    assert state(opened, address) == ("restored", "whole")


def test_what_waits_to_be_written_is_taken_back_too(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    opened.run(address + "/restore")
    opened.client.post(address + "/original", json={"box": [10, 10, 20, 20]})
    opened.run(address + "/undo")
    assert opened.facts(address)["restored_version"] == 0
    assert (opened.restored("a.png") == noise(1)).all()


def test_decisions_that_contradict_the_page_are_refused(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    opened.run(address + "/restore")
    refused = decide(opened, address, "undamaged")
    assert (refused.status_code, refused.json()["title"]) == (409, "The page is restored")
    opened.change(address, "PATCH", "/mask?x=10&y=10", content=png_of(np.zeros((20, 20), np.uint8)))
    refused = decide(opened, address)
    assert (refused.status_code, "give the original back" in refused.json()["fix"]) == (409, True)
    opened.run(address + "/undo")
    assert decide(opened, address).json()["state"] == "approved as it is"
    (opened.folder / "0.png").write_bytes(b"no picture")
    opened.workspace.index.refresh(force=True)
    assert decide(opened, opened.page("0.png")).status_code == 409
    assert decide(opened, opened.page("0.png"), "reject").status_code == 200
