"""The mask of a page: its file counts, and every change is a step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.serve.folder.state import MOST_STEPS
from bokwon.serve.problems import HttpError
from bokwon.types import Hole
from tests.serve.conftest import png_of
from tests.serve.folder.conftest import Opened, box_hole

FIRST, SECOND = (10, 10, 30, 30), (50, 40, 70, 60)


def invert_first_pixel(hole: Hole) -> Hole:
    hole[0, 0] = ~hole[0, 0]
    return hole


def test_strokes_are_undone_and_done_again(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST, SECOND)
    assert (opened.mask(address) == box_hole(FIRST, SECOND)).all()
    with Image.open(opened.folder / "a_mask.png") as image:
        assert (np.array(image) == box_hole(FIRST, SECOND)).all()
    told = opened.change(address, "POST", "/mask/undo")
    assert (told["box"], told["can_undo"], told["can_redo"]) == (list(SECOND), True, True)
    assert (opened.mask(address) == box_hole(FIRST)).all()
    told = opened.change(address, "POST", "/mask/undo")
    assert (told["share"], told["can_undo"]) == (0.0, False)
    # As before the first stroke: there is no mask.
    assert not (opened.folder / "a_mask.png").exists()
    assert opened.facts(address)["mask"] == "none"
    for _ in range(2):
        told = opened.change(address, "POST", "/mask/redo")
    assert not told["can_redo"]
    assert (opened.mask(address) == box_hole(FIRST, SECOND)).all()
    # A stroke after an undo ends what could be done again.
    opened.change(address, "POST", "/mask/undo")
    opened.draw(address, (0, 0, 5, 5))
    assert not opened.facts(address)["can_redo"]
    answer = opened.client.post(
        address + "/mask/redo", headers={"If-Match": f'"{opened.facts(address)["mask_version"]}"'}
    )
    assert answer.status_code == 409


def test_a_stroke_that_changes_nothing_is_no_step(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    version = opened.facts(address)["mask_version"]
    opened.draw(address, (12, 12, 20, 20))
    assert opened.facts(address)["mask_version"] == version


def test_two_hundred_steps_can_be_undone_after_a_restart(scans: Path, open_folder: Callable[..., Opened]) -> None:
    opened = open_folder(scans)
    masks, entry = opened.workspace.masks, opened.entry("a.png")
    for _ in range(MOST_STEPS + 3):
        masks.change(entry, None, invert_first_pixel, "drawn")
    again = open_folder(scans)
    masks, entry = again.workspace.masks, again.entry("a.png")
    for _ in range(MOST_STEPS):
        masks.walk(entry, None, back=True)
    with pytest.raises(HttpError) as caught:
        masks.walk(entry, None, back=True)
    assert caught.value.status == 409
    assert masks.current(entry).hole[0, 0]


def test_a_mask_that_another_program_changed_is_a_step(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    version = opened.facts(address)["mask_version"]
    Image.fromarray(box_hole(SECOND)).save(opened.folder / "a_mask.png")
    stale = opened.client.post(address + "/mask/undo", headers={"If-Match": f'"{version}"'})
    assert stale.status_code == 412
    assert (opened.mask(address) == box_hole(SECOND)).all()
    facts = opened.facts(address)
    assert facts["mask_version"] > version
    assert facts["mask"] == "given"
    opened.change(address, "POST", "/mask/undo")
    assert (opened.mask(address) == box_hole(FIRST)).all()


def test_a_mask_that_is_deleted_is_a_step(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    (opened.folder / "a_mask.png").unlink()
    assert not opened.mask(address).any()
    assert opened.facts(address)["mask"] == "none"
    opened.change(address, "POST", "/mask/undo")
    assert (opened.mask(address) == box_hole(FIRST)).all()
    assert (opened.folder / "a_mask.png").is_file()


def test_a_scan_of_another_size_has_no_steps(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    Image.fromarray(np.zeros((40, 50, 3), np.uint8)).save(opened.folder / "a.png")
    opened.workspace.index.refresh(force=True)
    facts = opened.facts(address)
    assert facts["state"] == "failed"
    assert "120x90" in facts["problem"]["detail"]
    # A new mask mends it.
    version = facts["mask_version"]
    hole = np.zeros((40, 50), bool)
    hole[3:9, 3:9] = True
    answer = opened.client.put(address + "/mask", content=png_of(hole), headers={"If-Match": f'"{version}"'})
    assert answer.status_code == 200, answer.text
    facts = opened.facts(address)
    assert (facts["state"], facts["problem"]) == ("found", None)
    assert (opened.mask(address) == hole).all()


def test_a_change_takes_a_decision_back(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, FIRST)
    opened.client.post(address + "/decision", json={"decision": "approve"})
    assert opened.facts(address)["state"] == "mask approved"
    opened.draw(address, SECOND)
    assert (opened.facts(address)["state"], opened.facts(address)["decision"]) == ("found", None)
