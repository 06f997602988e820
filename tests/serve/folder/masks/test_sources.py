"""Masks of others: read as the command reads them, kept when the page's own takes their place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.serve.conftest import png_of
from tests.serve.folder.conftest import SIZE, Opened, box_hole, noise

BOX = (10, 10, 30, 30)


def test_masks_are_read_as_the_command_reads_them(scans: Path, open_folder: Callable[..., Opened]) -> None:
    painted = noise(1)
    painted[10:30, 10:30] = (255, 0, 255)
    Image.fromarray(painted).save(scans / "a-mask.png")
    erased = np.dstack([np.array(Image.open(scans / "b.jpg")), np.full(SIZE, 255, np.uint8)])
    erased[10:30, 10:30, 3] = 0
    Image.fromarray(erased).save(scans / "b_mask.png")
    masks = [Image.fromarray(box_hole(BOX) if page == 1 else np.zeros(SIZE, bool)) for page in range(3)]
    masks[0].save(scans / "c_mask.tif", save_all=True, append_images=masks[1:])
    opened = open_folder(scans)
    for name, index in (("a.png", 0), ("b.jpg", 0), ("c.tif", 1)):
        address = opened.page(name, index)
        assert opened.facts(address)["mask"] == "given"
        assert (opened.mask(address) == box_hole(BOX)).all(), name
        assert opened.facts(address)["regions"][0]["source"] == "given"
    assert not opened.mask(opened.page("c.tif", 0)).any()


def test_a_mask_of_somebody_is_kept_when_it_is_drawn_on(scans: Path, open_folder: Callable[..., Opened]) -> None:
    given = scans / "a-mask.bmp"
    Image.fromarray(box_hole(BOX).astype(np.uint8) * 255).save(given)
    content = given.read_bytes()
    opened = open_folder(scans)
    address = opened.page("a.png")
    opened.draw(address, (50, 50, 60, 60))
    # Two masks of one image would be refused by the command.
    assert not given.exists()
    assert (scans / ".bokwon" / "given" / "a-mask.bmp").read_bytes() == content
    opened.change(address, "POST", "/mask/undo")
    assert (opened.mask(address) == box_hole(BOX)).all()
    again = open_folder(scans)
    assert (again.mask(address) == box_hole(BOX)).all()


def test_one_of_the_name_of_our_own_is_kept_too(scans: Path, open_folder: Callable[..., Opened]) -> None:
    painted = noise(1)
    painted[10:30, 10:30] = (255, 0, 255)
    Image.fromarray(painted).save(scans / "a_mask.png")
    content = (scans / "a_mask.png").read_bytes()
    opened = open_folder(scans)
    address = opened.page("a.png")
    opened.draw(address, (50, 50, 60, 60))
    assert (opened.mask(address) == box_hole(BOX, (50, 50, 60, 60))).all()
    assert (scans / ".bokwon" / "given" / "a_mask.png").read_bytes() == content
    # And another one of this name later.
    Image.fromarray(noise(1)).save(scans / "a_mask.png")
    opened.draw(address, (0, 0, 5, 5))
    assert len(list((scans / ".bokwon" / "given").iterdir())) == 2


def test_masks_of_turned_scans_lie_as_viewers_show_them(scans: Path, open_folder: Callable[..., Opened]) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(noise(7)).save(scans / "turned.png", exif=exif)
    upright = np.zeros(SIZE[::-1], bool)
    upright[5:25, 30:80] = True
    Image.fromarray(upright).save(scans / "turned-mask.png")
    opened = open_folder(scans)
    address = opened.page("turned.png")
    assert (opened.mask(address) == upright).all()
    opened.draw(address, (0, 0, 3, 3))
    opened.run(address + "/restore")
    upright[:3, :3] = True
    stored = np.rot90(upright)
    changed = (opened.restored("turned.png") != noise(7)).any(axis=-1)
    assert not changed[~stored].any()
    assert changed[stored].mean() > 0.9


def test_a_mask_that_could_mean_two_things_says_how_to_read_it(scans: Path, open_folder: Callable[..., Opened]) -> None:
    labels = np.zeros(SIZE, np.uint8)
    labels[10:30, 10:30], labels[50:60, 50:60] = 1, 2
    Image.fromarray(labels).save(scans / "a-mask.png")
    opened = open_folder(scans)
    address = opened.page("a.png")
    facts = opened.facts(address)
    assert facts["state"] == "failed"
    assert "mask_as" in opened.client.get(address + "/mask").json()["fix"]
    version = {"If-Match": f'"{facts["mask_version"]}"'}
    refused = opened.client.put(address + "/mask", content=png_of(labels), headers=version)
    assert refused.status_code == 422
    taken = opened.client.put(address + "/mask?mask_as=labels", content=png_of(labels), headers=version)
    assert taken.status_code == 200
    assert "is hole" in taken.json()["reading"]
    assert (opened.mask(address) == (labels > 0)).all()
    assert opened.facts(address)["state"] == "found"
