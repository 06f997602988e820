"""What became of each region in the result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bokwon.serve.folder.restoration.outcomes import outcome_of
from tests.serve.conftest import png_of
from tests.serve.folder.conftest import BLUE, RED, Opened, box_hole, scan


def test_outcomes_follow_the_pixels() -> None:
    inside = np.ones((10, 10), bool)
    all_of_it, nothing = inside, ~inside
    part = inside.copy()
    part[:, :2] = False
    edge = inside.copy()
    edge[0, :4] = False
    assert outcome_of(inside, all_of_it, all_of_it) == "restored"
    assert outcome_of(inside, nothing, nothing) == "left"
    assert outcome_of(inside, all_of_it, nothing) == "new"
    assert outcome_of(inside, nothing, all_of_it) == "changed"
    assert outcome_of(inside, all_of_it, part) == outcome_of(inside, part, all_of_it) == "changed"
    assert outcome_of(inside, edge, all_of_it) == "restored"


def outcomes(opened: Opened, address: str) -> dict[Any, tuple[str | None, str | None]]:
    return {one["kind"]: (one["outcome"], one["filled_by"]) for one in opened.facts(address)["regions"]}


def test_what_became_of_regions_is_told(tmp_path: Path, open_searched: Callable[..., tuple[Opened, str]]) -> None:
    scan(tmp_path / "scans" / "page.png", ((10, 10, 40, 30), RED), ((20, 60, 24, 80), BLUE), orientation=6)
    opened, address = open_searched(tmp_path / "scans")
    assert set(outcomes(opened, address).values()) == {(None, None)}
    ids = {one["kind"]: one["id"] for one in opened.facts(address)["regions"]}
    opened.change(address, "PATCH", "/regions", json={"reject": [ids["scratch"]]})
    opened.run(address + "/restore")
    assert outcomes(opened, address) == {"missing paper": ("restored", "telea"), "scratch": ("left", None)}
    # One region is marked after the restoration, and a third of the other one is erased.
    opened.change(address, "PATCH", "/regions", json={"accept": [ids["scratch"]]})
    left, top, right, bottom = next(
        one["box"] for one in opened.facts(address)["regions"] if one["id"] == ids["missing paper"]
    )
    third = png_of(np.zeros((bottom - top, (right - left) // 3), np.uint8))
    opened.change(address, "PATCH", f"/mask?x={left}&y={top}", content=third)
    assert outcomes(opened, address) == {"missing paper": ("changed", "telea"), "scratch": ("new", None)}
    opened.change(address, "POST", "/mask/undo")
    # A part filled by another method counts at once, and still after it was written to the output.
    opened.run(address + "/restore", {"region": ids["scratch"], "method": "ns"})
    assert outcomes(opened, address) == {"missing paper": ("restored", "telea"), "scratch": ("restored", "ns")}
    opened.settle()
    assert outcomes(opened, address) == {"missing paper": ("restored", "telea"), "scratch": ("restored", "ns")}
    opened.change(address, "POST", "/original", json={"region": ids["missing paper"]})
    opened.settle()
    assert outcomes(opened, address)["missing paper"] == ("left", None)


def test_drawn_regions_have_an_outcome_too(scans: Path, open_folder: Callable[..., Opened]) -> None:
    opened = open_folder(scans)
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 30, 30))
    opened.run(address + "/restore")
    opened.draw(address, (60, 10, 70, 30))
    told = [(one["box"], one["outcome"]) for one in opened.facts(address)["regions"]]
    assert told == [([10, 10, 30, 30], "restored"), ([60, 10, 70, 30], "new")]
    assert (opened.mask(address) == box_hole((10, 10, 30, 30), (60, 10, 70, 30))).all()
