from __future__ import annotations

from pathlib import Path

from bokwon.evaluation.report.tables import Table
from bokwon.reproduce.networks import Trained
from bokwon.reproduce.page import Page, budget_note, training_table, write_page
from bokwon.training.config import TrainConfig


def test_a_page_has_everything_in_order_and_says_what_differs(tmp_path: Path) -> None:
    page = Page("A & B", "What was done.", ["Fewer images.", "Smaller <networks>."])
    page.head("Figures")
    page.text("A sentence.")
    page.table(Table(("Means", "L1"), (("one", "**1.0**"),)))
    page.table(Table(("Means", "PSNR"), (("one", "20"),)))
    page.text("After the tables.")
    page.pictures(["<p id=picture></p>"])
    path = write_page(page, tmp_path)
    html, markdown = path.read_text(encoding="utf-8"), (tmp_path / "tables.md").read_text(encoding="utf-8")
    order = [
        "A &amp; B",
        "What was done.",
        "Figures",
        "A sentence.",
        "Table 1.",
        "id=picture",
        "differs from the paper",
    ]
    assert sorted(order, key=lambda part: html.index(part, html.index("<main>"))) == order
    assert "<li>Smaller &lt;networks&gt;.</li>" in html
    # Tables and sentences are not rows of the table above them.
    assert (
        markdown
        == """# A & B

What was done.

## Figures

A sentence.

| Means | L1 |
| --- | --- |
| one | **1.0** |

| Means | PSNR |
| --- | --- |
| one | 20 |

After the tables.

## What differs from the paper

- Fewer images.
- Smaller <networks>.
"""
    )


def test_the_budget_is_told(tmp_path: Path) -> None:
    note = budget_note(TrainConfig(steps=12))
    assert "12 steps in batches of 8 crops of 256 pixels, 7 levels, width 32, L1" in note
    assert "for 3 minutes" in budget_note(TrainConfig(minutes=3))
    table = training_table([Trained("one", tmp_path / "one.onnx", 1234567, 1000, 90.0)])
    assert table.rows == (("one", "1,234,567", "1,000", "1.5"),)
