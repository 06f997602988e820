"""Which pages a folder holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.serve.folder.index import page_id
from tests.serve.folder.conftest import SIZE, Opened, noise


def names(opened: Opened) -> list[tuple[str, int]]:
    opened.workspace.index.refresh(force=True)
    return [(page["name"], page["index"]) for page in opened.pages()]


def test_every_page_of_every_file_is_listed(opened: Opened) -> None:
    assert names(opened) == [("a.png", 0), ("b.jpg", 0), ("c.tif", 0), ("c.tif", 1), ("c.tif", 2)]
    height, width = SIZE
    assert {(page["width"], page["height"], page["count"]) for page in opened.pages()} == {
        (width, height, 1),
        (width, height, 3),
    }
    ids = [page["id"] for page in opened.pages()]
    assert ids[0] == page_id("a.png", 1)
    assert len(set(ids)) == 5


def test_ids_stay_after_a_restart(scans: Path, open_folder: Callable[..., Opened]) -> None:
    before = [page["id"] for page in open_folder(scans).pages()]
    assert [page["id"] for page in open_folder(scans).pages()] == before


def test_masks_outputs_and_state_are_no_pages(scans: Path, open_folder: Callable[..., Opened]) -> None:
    (scans / "restored").mkdir()
    for name in ("a_mask.png", "c_mask_p002.png", "restored/a.png", "a.png.detected.png"):
        Image.fromarray(np.zeros(SIZE, np.uint8)).save(scans / name)
    opened = open_folder(scans, recursive=True)
    assert len(names(opened)) == 5
    masks = [page["mask"] for page in opened.pages()]
    assert masks == ["given", "none", "none", "given", "none"]


def test_files_that_come_and_go_are_noticed(opened: Opened) -> None:
    Image.fromarray(noise(9)).save(opened.folder / "d.png")
    (opened.folder / "b.jpg").unlink()
    assert [name for name, _ in names(opened)] == ["a.png", "c.tif", "c.tif", "c.tif", "d.png"]


def test_a_scan_that_is_replaced_has_its_new_size(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.facts(address)
    Image.fromarray(noise(9, 50, 40, 3)).save(opened.folder / "a.png")
    opened.workspace.index.refresh(force=True)
    facts = opened.facts(address)
    assert (facts["width"], facts["height"]) == (40, 50)


def test_folders_below_are_gone_through_if_asked(scans: Path, open_folder: Callable[..., Opened]) -> None:
    (scans / "box").mkdir()
    Image.fromarray(noise(9)).save(scans / "box" / "a.png")
    assert ("box/a.png", 0) not in names(open_folder(scans))
    opened = open_folder(scans, recursive=True)
    assert ("box/a.png", 0) in names(opened)
    opened.draw(opened.page("box/a.png"), (1, 1, 5, 5))
    assert (scans / "box" / "a_mask.png").is_file()


def test_a_single_file_is_opened_alone(scans: Path, open_folder: Callable[..., Opened]) -> None:
    assert names(open_folder(scans / "c.tif")) == [("c.tif", 0), ("c.tif", 1), ("c.tif", 2)]


def test_pages_lie_as_viewers_show_them(scans: Path, open_folder: Callable[..., Opened]) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(noise(7)).save(scans / "turned.jpg", exif=exif)
    opened = open_folder(scans)
    page = next(page for page in opened.pages() if page["name"] == "turned.jpg")
    assert (page["width"], page["height"]) == SIZE
    assert opened.facts(f"pages/{page['id']}")["width"] == SIZE[0]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: (folder / "x.png").write_bytes(b""), "empty"),
        (lambda folder: (folder / "x.png").symlink_to(folder.parent / "out.png"), "leads out of the opened folder"),
        (
            lambda folder: [
                Image.fromarray(np.zeros(SIZE, np.uint8)).save(folder / f"x{end}.png") for end in ("", "-mask", "_mask")
            ],
            "has two masks",
        ),
    ],
    ids=["empty", "link", "two masks"],
)
def test_what_cannot_be_worked_on_says_why(
    scans: Path, open_folder: Callable[..., Opened], make: Callable[[Path], object], told: str
) -> None:
    Image.fromarray(noise(8)).save(scans.parent / "out.png")
    make(scans)
    opened = open_folder(scans)
    address = opened.page("x.png")
    facts = opened.facts(address)
    assert facts["state"] == "failed"
    assert told in facts["problem"]["detail"]
    assert facts["problem"].get("fix") or told == "empty"
    for path in ("/thumbnail", "/tiles/original/0/0_0", "/mask"):
        assert opened.client.get(address + path).status_code == 422
    # The others are not touched by it.
    assert opened.facts(opened.page("a.png"))["state"] == "new"


def test_files_of_one_stem_have_masks_of_their_own(scans: Path, open_folder: Callable[..., Opened]) -> None:
    Image.fromarray(noise(8)).save(scans / "a.tif")
    opened = open_folder(scans)
    opened.draw(opened.page("a.tif"), (1, 1, 5, 5))
    assert (scans / "a.tif_mask.png").is_file()
    again = open_folder(scans)
    assert {page["name"]: page["mask"] for page in again.pages() if page["index"] == 0} == {
        "a.png": "none",
        "a.tif": "drawn",
        "b.jpg": "none",
        "c.tif": "none",
    }


def test_names_that_are_no_utf8_are_shown_and_worked_on(scans: Path, open_folder: Callable[..., Opened]) -> None:
    name = os.fsdecode(b"a\xffb.png")
    Image.fromarray(noise(8)).save(scans / name)
    opened = open_folder(scans)
    address = opened.page("a\ufffdb.png") if any(page["name"] == "a\ufffdb.png" for page in opened.pages()) else ""
    assert address, [page["name"] for page in opened.pages()]
    opened.draw(address, (1, 1, 5, 5))
    opened.run(address + "/restore")
    assert (scans / "restored" / name).is_file()
    assert opened.facts(address)["state"] == "restored"
    assert opened.client.get("folder/download").status_code == 200
