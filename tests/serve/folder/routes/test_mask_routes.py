"""Addresses of masks."""

from __future__ import annotations

import numpy as np

from tests.serve.conftest import picture_of, png_of
from tests.serve.folder.conftest import SIZE, Opened, box_hole, noise


def test_a_mask_is_read_whole_or_in_part(opened: Opened) -> None:
    address = opened.page("a.png")
    empty = opened.client.get(address + "/mask")
    assert (empty.headers["etag"], picture_of(empty.content).shape) == ('"0"', SIZE)
    opened.draw(address, (10, 10, 30, 30))
    part = opened.client.get(address + "/mask?box=5,8,15,400")
    assert part.headers["x-box"] == "5,8,15,90"
    assert (picture_of(part.content) == box_hole((10, 10, 30, 30))[8:90, 5:15] * 255).all()
    whole = opened.client.get(address + "/mask")
    again = opened.client.get(address + "/mask", headers={"If-None-Match": whole.headers["etag"]})
    assert again.status_code == 304
    assert opened.client.get(address + "/mask?box=x").status_code == 422


def test_a_patch_is_the_new_content_of_its_box(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 30, 30))
    told = opened.change(address, "PATCH", "/mask?x=20&y=20", content=png_of(np.zeros((20, 20), np.uint8)))
    wanted = box_hole((10, 10, 30, 30))
    wanted[20:40, 20:40] = False
    assert (opened.mask(address) == wanted).all()
    assert (told["box"], told["share"]) == ([20, 20, 30, 30], round(300 / wanted.size, 6))
    # What hangs over the border is cut off.
    opened.change(address, "PATCH", "/mask?x=-5&y=85", content=png_of(np.full((10, 10), 255, np.uint8)))
    wanted[85:90, 0:5] = True
    assert (opened.mask(address) == wanted).all()


def test_a_patch_that_cannot_be_is_refused(opened: Opened) -> None:
    address = opened.page("a.png")
    patch = png_of(np.full((5, 5), 255, np.uint8))
    tag = {"If-Match": '"0"'}
    for path, content, headers, status in (
        ("/mask?x=0&y=0", patch, {}, 428),
        ("/mask?x=0&y=0", patch, {"If-Match": '"7"'}, 412),
        ("/mask?x=0", patch, tag, 422),
        ("/mask?x=a&y=0", patch, tag, 422),
        ("/mask?x=120&y=0", patch, tag, 422),
        ("/mask?x=0&y=0", b"x", tag, 422),
        ("/mask?x=0&y=0", b"", tag, 422),
    ):
        assert opened.client.patch(address + path, content=content, headers=headers).status_code == status, path
    assert not (opened.folder / "a_mask.png").exists()


def test_masks_of_any_kind_are_taken(opened: Opened) -> None:
    address = opened.page("a.png")
    painted = noise(1)
    painted[10:30, 10:30] = (255, 0, 255)
    told = opened.change(address, "PUT", "/mask", content=png_of(painted))
    assert "painted" in told["reading"]
    assert (opened.mask(address) == box_hole((10, 10, 30, 30))).all()
    black = png_of(~box_hole((50, 50, 60, 60)))
    version = {"If-Match": f'"{told["mask_version"]}"'}
    refused = opened.client.put(address + "/mask", content=black, headers=version)
    assert (refused.status_code, "holes=black" in refused.json()["fix"]) == (422, True)
    told = opened.change(address, "PUT", "/mask?holes=black", content=black)
    assert told["share"] == round(100 / (SIZE[0] * SIZE[1]), 6)
    opened.change(address, "PUT", "/mask?allow_large=true", content=black)
    assert opened.mask(address).mean() > 0.9
    opened.change(address, "POST", "/mask/undo")
    assert (opened.mask(address) == box_hole((50, 50, 60, 60))).all()
    for content in (b"", b"no picture", png_of(np.zeros((5, 5), bool))):
        version = {"If-Match": f'"{opened.facts(address)["mask_version"]}"'}
        assert opened.client.put(address + "/mask", content=content, headers=version).status_code == 422


def test_a_mask_of_our_own_is_taken_at_any_share(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, (0, 0, 120, 80))
    data = opened.client.get(address + "/download?what=mask").content
    told = opened.change(opened.page("b.jpg"), "PUT", "/mask", content=data)
    assert told["share"] == round(80 / 90, 6)
