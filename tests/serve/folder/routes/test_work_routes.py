"""Addresses of tools and work."""

from __future__ import annotations

import numpy as np

from tests.serve.conftest import picture_of
from tests.serve.folder.conftest import Opened, box_hole, noise


def test_the_wand_shows_an_area_and_leaves_the_mask(opened: Opened) -> None:
    address = opened.page("a.png")
    answer = opened.client.post(address + "/mask/wand", json={"x": 5, "y": 6, "tolerance": 255, "radius_max": 4})
    assert answer.headers["x-box"] == "1,2,10,11"
    assert (picture_of(answer.content) == 255).all()
    assert not opened.mask(address).any()
    for told in (
        {},
        {"x": 120, "y": 0},
        {"x": 0, "y": 90},
        {"x": 0, "y": 0, "tolerance": 300},
        {"x": 0, "y": 0, "radius_max": 0},
    ):
        assert opened.client.post(address + "/mask/wand", json=told).status_code == 422


def test_a_mask_is_reshaped_in_one_step(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 30, 30))
    told = opened.change(address, "POST", "/mask/morph", json={"how": "grow", "by": 2})
    assert told["box"] == [8, 8, 32, 32]
    opened.change(address, "POST", "/mask/morph", json={"how": "shrink", "by": 2})
    assert (opened.mask(address) == box_hole((10, 10, 30, 30))).all()
    opened.change(address, "POST", "/mask/undo")
    assert opened.mask(address)[20, 8]
    version = {"If-Match": f'"{opened.facts(address)["mask_version"]}"'}
    for wrong in ({}, {"how": "turn"}, {"how": "grow", "by": 0}, {"how": "grow", "by": 65}):
        assert opened.client.post(address + "/mask/morph", json=wrong, headers=version).status_code == 422
    assert opened.client.post(address + "/mask/morph", json={"how": "grow"}).status_code == 428


def test_work_is_answered_with_its_job(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 30, 30))
    answer = opened.client.post(address + "/restore", json={})
    told = answer.json()
    assert (answer.status_code, told["kind"], told["page"]) == (202, "restore", address.removeprefix("pages/"))
    assert answer.headers["location"] == f"/api/v1/jobs/{told['id']}"
    opened.settle()
    assert opened.jobs.get(told["id"]).state == "done"  # type: ignore[union-attr]


def test_work_that_makes_no_sense_is_refused_at_once(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 30, 30))
    for path, told, status in (
        ("/restore", {"region": 7}, 404),
        ("/restore", {"region": 1, "box": [0, 0, 5, 5]}, 422),
        ("/restore", {"box": [0, 0]}, 422),
        ("/restore", {"model": "../x.onnx"}, 422),
        ("/restore", {"method": "magic"}, 422),
        ("/original", {}, 422),
        ("/original", {"region": 0}, 422),
    ):
        assert opened.client.post(address + path, json=told).status_code == status, told
    for told in ({"only": "some"}, {"certain": 2}):
        assert opened.client.post("folder/restore", json=told).status_code == 422
    assert not (opened.folder / "restored").exists()


def test_a_region_is_given_back_by_its_number(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 30, 30), (50, 50, 60, 60))
    opened.run(address + "/restore")
    region = next(one for one in opened.facts(address)["regions"] if one["box"] == [50, 50, 60, 60])
    assert opened.client.post(address + "/original", json={"region": region["id"]}).status_code == 200
    opened.settle()
    assert (opened.restored("a.png")[50:60, 50:60] == noise(1)[50:60, 50:60]).all()
    assert (opened.restored("a.png")[10:30, 10:30] != noise(1)[10:30, 10:30]).any()
    assert np.count_nonzero(opened.mask(address)) == 400
