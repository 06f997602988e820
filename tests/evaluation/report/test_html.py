from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


def test_the_report_is_one_file_that_needs_nothing_else(
    evaluate_few: Callable[..., dict[str, Any]], material: Any, tmp_path: Path
) -> None:
    results = evaluate_few(material, tmp_path / "r", "telea,identity", per_cell=2)
    html = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    opened: list[str] = []

    class Check(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            for key, value in attrs:
                if key in ("src", "href"):
                    assert (value or "").startswith("data:image/")
            if tag not in ("meta", "img", "li"):
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag != "li":
                assert opened.pop() == tag

    Check().feed(html)
    assert opened == []
    # Three plots; four pairs, each with two pictures of damage, two methods and truth.
    assert html.count("data:image/png") == 3
    assert html.count("data:image/jpeg") == 4 * 2 * 4
    assert f"{results['all']['methods']['telea']['hole_psnr']['mean']:.2f} dB in the hole over 4 pairs" in html
    assert "measured elsewhere" in html
    assert "LPIPS: empty, not asked for" in html
    assert "processor" in html
    assert str(material.images.parent.parent) not in html
    assert re.search(r"2 notes|10 notes", html)
