"""The state of a page: what somebody decided goes before what a program did."""

from __future__ import annotations

from typing import Any

import pytest

from bokwon.serve.folder.summary import STATES, state_of
from tests.serve.folder.conftest import Opened

PLAIN: dict[str, Any] = {
    "failed": False,
    "decision": None,
    "fill": "none",
    "marked": False,
    "mask": "none",
    "searched": False,
    "uncertain": False,
}


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({}, "new"),
        ({"mask": "drawn", "marked": True}, "found"),
        ({"mask": "given"}, "found"),
        ({"searched": True}, "undamaged"),
        ({"searched": True, "mask": "found", "marked": True}, "found"),
        # A doubt of the program and a rejection by a person are different states.
        ({"searched": True, "uncertain": True}, "uncertain"),
        ({"searched": True, "uncertain": True, "mask": "found", "marked": True}, "found"),
        ({"fill": "whole", "decision": "reject"}, "needs a look"),
        ({"mask": "drawn", "marked": True, "fill": "whole"}, "restored"),
        ({"mask": "drawn", "marked": True, "fill": "whole", "uncertain": True}, "restored"),
        ({"mask": "drawn", "marked": True, "fill": "changed"}, "changed"),
        ({"mask": "drawn", "marked": True, "fill": "in part"}, "in part"),
        ({"fill": "whole", "decision": "approve"}, "approved"),
        ({"decision": "approve"}, "approved as it is"),
        ({"mask": "drawn", "marked": True, "decision": "approve"}, "mask approved"),
        ({"mask": "drawn", "marked": True, "fill": "changed", "decision": "approve"}, "mask approved"),
        ({"mask": "drawn", "decision": "undamaged"}, "undamaged"),
        ({"failed": True, "decision": "approve"}, "failed"),
    ],
)
def test_states(told: dict[str, Any], state: str) -> None:
    assert state_of(**{**PLAIN, **told}) == state
    assert state in STATES


def test_the_worst_pages_come_first(opened: Opened) -> None:
    opened.draw(opened.page("b.jpg"), (0, 0, 60, 45))
    opened.draw(opened.page("c.tif", 1), (0, 0, 10, 10))
    (opened.folder / "0.png").write_bytes(b"no picture")
    opened.workspace.index.refresh(force=True)
    opened.facts(opened.page("0.png"))
    pages = opened.client.get("pages?order=worst").json()["pages"]
    assert [(page["name"], page["index"]) for page in pages[:3]] == [("0.png", 0), ("b.jpg", 0), ("c.tif", 1)]
    assert [page["score"] for page in pages[:4]] == [1.0, 0.25, round(100 / (90 * 120), 6), 0.0]
    found = opened.client.get("pages?order=worst&offset=1&limit=1&state=found").json()
    assert (found["total"], [page["name"] for page in found["pages"]]) == (2, ["c.tif"])
    counts = opened.client.get("folder").json()["counts"]
    assert counts == {**dict.fromkeys(STATES, 0), "failed": 1, "found": 2, "new": 3}
