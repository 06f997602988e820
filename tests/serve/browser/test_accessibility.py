"""axe-core finds nothing serious, in both languages and colour schemes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"


def serious(desk: Any) -> list[str]:
    # Through the debugger's door: the page's own policy lets no foreign script in.
    desk.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = desk.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-US"), ("dark", "ko-KR")])
def test_nothing_serious_is_found(open_desk: Callable[..., Any], scheme: Any, locale: str) -> None:
    desk = open_desk(color_scheme=scheme, locale=locale)
    desk.page.locator(".page-card").first.wait_for()
    assert serious(desk) == []
    desk.open("axe.png")
    assert serious(desk) == []
    desk.press("w")
    desk.page.locator(".mask summary").click()
    assert serious(desk) == []
    desk.press("Shift+Slash")
    assert serious(desk) == []


@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-US"), ("dark", "ko-KR")])
def test_questions_and_outcomes_are_accessible(open_desk: Callable[..., Any], scheme: Any, locale: str) -> None:
    desk = open_desk(color_scheme=scheme, locale=locale)
    problem = {"title": "The file cannot be read", "detail": "x.png is damaged", "fix": "get a copy"}
    failures = [{"page": "0", "name": "x.png", "problem": problem}]
    told = {"id": "x", "kind": "restore", "page": None, "background": True, "state": "done", "progress": 1.0}
    outcome = {"done": {"restored": 1}, "skipped": {"approved": 2, "uncertain": 1}, "failed": 1, "failures": failures}
    done = {**told, "problem": None, "outcome": outcome}
    plans = {only: {"pages": 2, "skipped": {"nothing marked": 3}} for only in ("approved", "found", "all")}

    def answer(route: Any) -> None:
        asked = route.request.method == "GET"
        route.fulfill(json=plans if asked else done, status=200 if asked else 202)

    desk.page.route("**/api/v1/folder/restore*", answer)
    desk.page.locator(".page-card").first.wait_for()
    desk.page.locator(".actions button").nth(1).click()
    desk.page.get_by_role("dialog").wait_for()
    assert serious(desk) == []
    desk.page.get_by_role("dialog").locator("button.primary").click()
    desk.page.get_by_role("alert").filter(has_text="x.png").wait_for()
    assert serious(desk) == []
    desk.open("axe.png")
    desk.press("b")
    desk.drag((420, 200), (470, 215))
    desk.saved()
    desk.press("a")
    desk.page.get_by_role("dialog").wait_for()
    assert serious(desk) == []
    desk.press("Escape", "Control+z")
    desk.saved()
