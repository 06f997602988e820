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
