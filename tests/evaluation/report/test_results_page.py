"""The page of results shows what was measured."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def make_page(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / "results_page.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_published_page_holds_the_published_figures(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    published = (ROOT / "docs" / "research" / "results.md").read_text(encoding="utf-8")
    # Plots take long to draw, and are drawn from the same figures.
    published = re.sub(r"<!-- plot .*?<!-- end -->\n", "", published, flags=re.DOTALL)
    page.write_text(published, encoding="utf-8")

    made = make_page(page, "--plots", tmp_path)

    assert made.returncode == 0, made.stderr
    assert page.read_text(encoding="utf-8") == published


def test_a_changed_figure_reaches_the_page(tmp_path: Path) -> None:
    results = json.loads((ROOT / "benchmarks" / "results" / "evaluate_pages.json").read_text(encoding="utf-8"))
    results["all"]["methods"]["document"]["hole_psnr"]["mean"] = 77.25
    (tmp_path / "other.json").write_text(json.dumps(results), encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- overview other -->\nold\n<!-- end -->\n\nafter\n", encoding="utf-8")

    made = make_page(page, "--results", tmp_path, "--plots", tmp_path)

    text = page.read_text(encoding="utf-8")
    assert made.returncode == 0, made.stderr
    assert "77.25" in text
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")


@pytest.mark.parametrize("what", ["overview missing", "table evaluate_pages lpips mean", "dance evaluate_pages"])
def test_a_block_that_cannot_be_made_stays_and_is_named(what: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = f"<!-- {what} -->\nas it was\n<!-- end -->\n"
    page.write_text(text, encoding="utf-8")

    made = make_page(page, "--plots", tmp_path)

    assert made.returncode == 1
    assert what in made.stderr
    assert page.read_text(encoding="utf-8") == text
