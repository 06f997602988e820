"""Finding damage, and deciding which of it is filled; by a detector that takes red for missing paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.serve.conftest import picture_of, png_of
from tests.serve.folder.conftest import BLUE, GREEN, RED, SIZE, Opened, box_hole, delete_database, scan


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A folder with one page: two pieces of missing paper, one of them small, and a readable stain."""
    folder = tmp_path / "scans"
    scan(folder / "page.png", ((10, 10, 40, 30), RED), ((60, 50, 70, 60), RED), ((90, 60, 110, 80), GREEN))
    return folder


def regions(opened: Opened, address: str) -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = {}
    for region in opened.facts(address)["regions"]:
        told.setdefault(region["decision"], []).append(region)
    return told


def test_without_a_model_all_else_works(opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bokwon.inpaint.models.WEIGHTS", tmp_path)
    assert opened.client.get("folder").json()["detector"] is False
    for address in (opened.page("a.png") + "/detect", "folder/detect"):
        answer = opened.client.post(address, json={})
        assert (answer.status_code, answer.json()["title"]) == (503, "No damage model")


def test_damage_is_found_accepted_and_rejected(damaged: Path, open_searched: Callable[..., tuple[Opened, str]]) -> None:
    opened, address = open_searched(damaged)
    assert opened.client.get("folder").json()["detector"] is True
    told = regions(opened, address)
    assert [(one["kind"], one["box"], one["source"]) for one in told["accepted"]] == [
        ("missing paper", [10, 10, 40, 30], "found"),
        ("missing paper", [60, 50, 70, 60], "found"),
    ]
    assert [one["kind"] for one in told["rejected"]] == ["readable stain"]
    facts = opened.facts(address)
    assert (facts["mask"], facts["state"], facts["can_undo"]) == ("found", "found", True)
    mask = opened.mask(address)
    # Grown by two pixels, to cover the soft rim.
    assert mask[8, 25]
    assert not mask[7].any()
    first, second = told["accepted"]
    opened.change(address, "PATCH", "/regions", json={"reject": [first["id"]]})
    mask = opened.mask(address)
    assert not mask[:40].any()
    assert mask[55, 65]
    opened.change(address, "PATCH", "/regions", json={"accept": [told["rejected"][0]["id"]], "reject": [second["id"]]})
    assert opened.mask(address)[70, 100]
    assert opened.facts(address)["mask"] == "found"
    opened.change(address, "POST", "/mask/undo")
    opened.change(address, "POST", "/mask/undo")
    assert len(regions(opened, address)["accepted"]) == 2


def test_what_was_drawn_and_erased_stays(damaged: Path, open_folder: Callable[..., Opened], colour_key: Path) -> None:
    opened = open_folder(damaged, detector=colour_key)
    address = opened.page("page.png")
    opened.draw(address, (100, 5, 110, 15))
    opened.run(address + "/detect")
    assert opened.mask(address)[10, 105]
    assert opened.facts(address)["mask"] == "drawn"
    # Half of the first region is erased by hand.
    opened.change(address, "PATCH", "/mask?x=0&y=0", content=png_of(np.zeros((90, 20), np.uint8)))
    ids = {tuple(one["box"]): one["id"] for one in opened.facts(address)["regions"]}
    opened.change(address, "PATCH", "/regions", json={"reject": [ids[60, 50, 70, 60]]})
    mask = opened.mask(address)
    assert not mask[:, :20].any()
    assert mask[20, 30]
    assert mask[10, 105]
    assert not mask[55, 65]
    drawn = next(one for one in opened.facts(address)["regions"] if one["source"] == "drawn")
    assert (drawn["box"], drawn["area"], drawn["confidence"]) == ([100, 5, 110, 15], 100, None)
    opened.change(address, "PATCH", "/regions", json={"reject": [drawn["id"]]})
    assert not opened.mask(address)[:, 100:].any()


def test_a_second_search_keeps_what_was_judged(damaged: Path, open_searched: Callable[..., tuple[Opened, str]]) -> None:
    opened, address = open_searched(damaged)
    all_of_it = opened.mask(address)
    ids = {tuple(one["box"]): one["id"] for one in opened.facts(address)["regions"]}
    opened.change(address, "PATCH", "/regions", json={"reject": [ids[60, 50, 70, 60]]})
    judged = opened.mask(address)
    assert not judged[55, 65]
    opened.run(address + "/detect")
    assert (opened.mask(address) == judged).all()
    # Another certainty is another question, and an empty mask has nothing to lose.
    opened.run(address + "/detect", {"threshold": 0.9})
    assert (opened.mask(address) == all_of_it).all()
    opened.change(address, "PATCH", "/mask?x=0&y=0", content=png_of(np.zeros(SIZE, np.uint8)))
    opened.run(address + "/detect")
    assert (opened.mask(address) == all_of_it).all()


def test_a_threshold_takes_what_is_sure_enough(
    damaged: Path,
    open_searched: Callable[..., tuple[Opened, str]],
    write_colour_key: Callable[..., Path],
    tmp_path: Path,
) -> None:
    curve = {"missing paper": [[0, 0], [1, 0.6]]}
    opened, address = open_searched(damaged, write_colour_key(tmp_path / "unsure.onnx", calibration=curve))
    facts = opened.facts(address)
    assert (facts["state"], facts["share"], facts["mask"]) == ("uncertain", 0.0, "none")
    assert facts["score"] == round(700 / (SIZE[0] * SIZE[1]), 6)
    assert not (damaged / "page_mask.png").exists()
    opened.change(address, "PATCH", "/regions", json={"threshold": 0.5})
    facts = opened.facts(address)
    # Somebody has looked.
    assert (facts["state"], len(regions(opened, address)["accepted"])) == ("found", 2)
    opened.change(address, "PATCH", "/regions", json={"threshold": 0.7})
    assert not opened.mask(address).any()
    # A page is not undamaged while nobody has decided about some of its regions.
    first, second = (one["id"] for one in opened.facts(address)["regions"] if one["kind"] == "missing paper")
    opened.change(address, "PATCH", "/regions", json={"reject": [first]})
    assert opened.facts(address)["state"] == "uncertain"
    opened.change(address, "PATCH", "/regions", json={"reject": [second]})
    assert opened.facts(address)["state"] == "undamaged"
    assert opened.run(address + "/detect", {"threshold": 0.5, "kinds": ["readable stain"]})
    assert [one["kind"] for one in regions(opened, address)["accepted"]] == ["readable stain"]


def test_the_slider_leaves_what_was_decided_by_hand(
    damaged: Path, open_folder: Callable[..., Opened], write_colour_key: Callable[..., Path], tmp_path: Path
) -> None:
    curve = {"missing paper": [[0, 0], [1, 0.6]], "readable stain": [[0, 0], [1, 0.95]]}
    opened = open_folder(damaged, detector=write_colour_key(tmp_path / "unsure.onnx", calibration=curve))
    address = opened.page("page.png")
    opened.run(address + "/detect")

    def told() -> list[tuple[str, str]]:
        regions = sorted(
            opened.facts(address)["regions"], key=lambda one: (one["source"] != "found", str(one["kind"]), one["id"])
        )
        return [(one["decision"], one["decided_by"]) for one in regions]

    first, second = (one["id"] for one in opened.facts(address)["regions"] if one["kind"] == "missing paper")
    assert opened.facts(address)["certain"] == 0.9
    # The stain is certain enough, but its kind is not filled.
    assert told() == [("rejected", "certainty")] * 2 + [("rejected", "kind")]
    opened.change(address, "PATCH", "/regions", json={"accept": [first]})
    opened.change(address, "PATCH", "/regions", json={"threshold": 0.5})
    opened.change(address, "PATCH", "/regions", json={"reject": [second]})
    by_hand = [("accepted", "hand"), ("rejected", "hand"), ("rejected", "kind")]
    for threshold in (0.7, 0.3):
        opened.change(address, "PATCH", "/regions", json={"threshold": threshold})
        assert (told(), opened.facts(address)["certain"]) == (by_hand, threshold)
    # Undo takes the decision back, and the certainty of that time.
    opened.change(address, "POST", "/mask/undo")
    assert told()[:2] == [("accepted", "hand"), ("accepted", "certainty")]
    opened.change(address, "POST", "/mask/redo")
    assert told() == by_hand
    opened.change(address, "PATCH", "/regions", json={"threshold": 0.3, "forget": True})
    assert told()[:2] == [("accepted", "certainty")] * 2
    # Painting over a region is a decision by hand, and stays.
    opened.change(address, "PATCH", "/regions", json={"threshold": 0.8})
    opened.draw(address, (60, 50, 70, 60))
    opened.change(address, "PATCH", "/regions", json={"threshold": 0.7})
    assert told()[:2] == [("rejected", "certainty"), ("accepted", "hand")]
    # Removing the drawing removes that decision.
    drawn = next(one["id"] for one in opened.facts(address)["regions"] if one["source"] == "drawn")
    opened.change(address, "PATCH", "/regions", json={"reject": [drawn]})
    assert told()[:2] == [("rejected", "certainty")] * 2
    opened.change(address, "POST", "/mask/undo")
    # All decisions are kept after the server ends. Without the database they are read from the mask.
    opened.close()
    again = open_folder(damaged, detector=tmp_path / "unsure.onnx")
    assert again.facts(address)["certain"] == 0.7
    again.close()
    delete_database(damaged)
    opened = open_folder(damaged, detector=tmp_path / "unsure.onnx")
    assert told()[:2] == [("rejected", "certainty"), ("accepted", "hand")]


def test_a_region_is_left_alone_beside_one_that_it_touches(
    tmp_path: Path, open_searched: Callable[..., tuple[Opened, str]]
) -> None:
    # A thin scratch along a hole: the margin of the hole covers it.
    scan(tmp_path / "scans" / "page.png", ((10, 10, 40, 30), RED), ((40, 10, 42, 60), BLUE))
    opened, address = open_searched(tmp_path / "scans")
    before = opened.mask(address)
    ids = {one["kind"]: one["id"] for one in opened.facts(address)["regions"]}
    for kind, gone, stays in (
        ("scratch", (40, 10, 42, 60), (10, 10, 40, 30)),
        ("missing paper", (10, 10, 40, 30), (40, 10, 42, 60)),
    ):
        opened.change(address, "PATCH", "/regions", json={"reject": [ids[kind]]})
        told = {one["kind"]: one["decision"] for one in opened.facts(address)["regions"]}
        assert [name for name, decision in told.items() if decision == "rejected"] == [kind]
        mask = opened.mask(address)
        assert not mask[box_hole(gone)].any()
        assert mask[box_hole(stays)].all()
        opened.change(address, "PATCH", "/regions", json={"accept": [ids[kind]]})
        assert (opened.mask(address) == before).all()
    # The same holds beside a drawing.
    opened.draw(address, (44, 20, 60, 30))
    opened.change(address, "PATCH", "/regions", json={"reject": [ids["scratch"]]})
    mask = opened.mask(address)
    assert mask[20:30, 44:60].all()
    assert not mask[10:60, 40:42].any()


def test_a_sound_page_is_undamaged_and_stays_so(
    tmp_path: Path, open_folder: Callable[..., Opened], colour_key: Path
) -> None:
    folder = tmp_path / "scans"
    scan(folder / "page.png")
    opened = open_folder(folder, detector=colour_key)
    address = opened.page("page.png")
    opened.run("folder/detect")
    assert opened.facts(address)["state"] == "undamaged"
    opened.close()
    delete_database(folder)
    again = open_folder(folder, detector=colour_key)
    again.settle()
    assert again.pages()[0]["state"] == "undamaged"


def test_where_nearly_all_looks_damaged_somebody_has_to_look(
    tmp_path: Path, open_folder: Callable[..., Opened], colour_key: Path
) -> None:
    folder = tmp_path / "scans"
    scan(folder / "page.png", ((0, 0, 120, 70), RED))
    opened = open_folder(folder, detector=colour_key)
    opened.run("folder/detect")
    (page,) = opened.pages()
    assert (page["state"], page["share"]) == ("uncertain", 0.0)


def test_the_picture_of_regions_has_their_numbers(
    damaged: Path, open_searched: Callable[..., tuple[Opened, str]]
) -> None:
    opened, address = open_searched(damaged)
    opened.draw(address, (100, 5, 110, 15))
    numbers = picture_of(opened.client.get(address + "/regions").content)
    part = opened.client.get(address + "/regions?box=20,10,60,50")
    assert part.headers["X-Box"] == "20,10,60,50"
    assert (picture_of(part.content) == numbers[10:50, 20:60]).all()
    assert numbers.shape == SIZE
    for region in opened.facts(address)["regions"]:
        left, top, right, bottom = region["box"]
        assert (numbers[top:bottom, left:right] == region["id"]).sum() == region["area"]
    assert numbers[0, 0] == 0


def test_what_makes_no_sense_is_refused(damaged: Path, open_searched: Callable[..., tuple[Opened, str]]) -> None:
    opened, address = open_searched(damaged)
    version = opened.facts(address)["mask_version"]
    wrong = ({}, {"accept": [1], "reject": [1]}, {"accept": [99]}, {"threshold": 2}, {"accept": "x"})
    for told in (*wrong, {"accept": [1], "threshold": 0.5}):
        answer = opened.client.patch(address + "/regions", json=told, headers={"If-Match": f'"{version}"'})
        assert answer.status_code == 422, told
    assert opened.client.post(address + "/detect", json={"kinds": ["rust"]}).status_code == 422
    assert opened.client.patch(address + "/regions", json={"accept": [1]}).status_code == 428
    stale = opened.client.patch(address + "/regions", json={"reject": [1]}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


def test_a_turned_page_is_searched_as_viewers_show_it(
    tmp_path: Path, open_searched: Callable[..., tuple[Opened, str]]
) -> None:
    pixels = scan(tmp_path / "scans" / "page.png", ((10, 10, 40, 30), RED), orientation=6)
    opened, address = open_searched(tmp_path / "scans")
    facts = opened.facts(address)
    assert (facts["width"], facts["height"]) == SIZE
    assert facts["regions"][0]["box"] == [SIZE[0] - 30, 10, SIZE[0] - 10, 40]
    opened.run(address + "/restore")
    restored = opened.restored("page.png")
    hole = box_hole((8, 8, 42, 32))
    assert (restored[~hole] == pixels[~hole]).all()
    assert (restored[10:30, 10:40] != np.array(RED)).any()
