"""Figures in the docs for users are those on the model's card."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_model_has_the_figures_of_its_card() -> None:
    text = (ROOT / "docs" / "user" / "model-document.md").read_text(encoding="utf-8")
    card = json.loads((ROOT / "src" / "bokwon" / "weights" / "document.json").read_text(encoding="utf-8"))
    (rendered,) = (figures for what, figures in card["figures"].items() if "rendered" in what)
    assert len(rendered) > 4
    for row in rendered.values():
        assert f"| {row['pages']} | {row['telea']:.2f} | {row['ns']:.2f} | {row['model']:.2f} |" in text
