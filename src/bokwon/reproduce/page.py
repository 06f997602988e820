"""The page of an experiment: what was done, its tables and pictures, and how it differs from the paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from html import escape
from itertools import count
from pathlib import Path

from bokwon.evaluation.measure.journal import write_text
from bokwon.evaluation.measure.machine import describe_machine, versions
from bokwon.evaluation.report.markdown import table_text
from bokwon.evaluation.report.page import html_page, html_table
from bokwon.evaluation.report.tables import Table
from bokwon.reproduce.networks import Trained
from bokwon.training.config import TrainConfig

__all__ = ["Page", "budget_note", "training_table", "write_page"]


@dataclass
class Page:
    """The content of a page, before it is written.

    Attributes:
        title: Its title.
        about: What was done, one paragraph.
        differences: How it differs from the paper, one sentence each.
        parts: Headings, tables and pieces of HTML, in order.
    """

    title: str
    about: str
    differences: list[str] = field(default_factory=list)
    parts: list[tuple[str, str | Table]] = field(default_factory=list)

    def head(self, text: str) -> None:
        """Add a heading."""
        self.parts.append(("head", text))

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self.parts.append(("text", text))

    def table(self, table: Table) -> None:
        """Add a table."""
        self.parts.append(("table", table))

    def pictures(self, pieces: Sequence[str]) -> None:
        """Add pieces of HTML, such as `bokwon.evaluation.report.page.strip` gives."""
        self.parts += [("html", piece) for piece in pieces]


def write_page(page: Page, out: Path) -> Path:
    """Write `page.html`, and its tables as `tables.md`.

    Args:
        page: The page.
        out: The experiment's folder.

    Returns:
        The HTML file.

    Raises:
        FileAccessError: They cannot be written.
    """
    machine, number = describe_machine(), count(1)
    day = datetime.now(timezone.utc).date().isoformat()
    by = f"{day} · bokwon {versions()['bokwon']} · {machine['processor']}, {machine['system']}"
    parts = [f'<h1>{escape(page.title)}</h1><p class="by">{escape(by)}</p><p class="lead">{escape(page.about)}</p>']
    # A blank line between two blocks: otherwise Markdown takes a table or a sentence for rows of the table above.
    markdown = [f"# {page.title}", page.about]
    for kind, content in page.parts:
        if isinstance(content, Table):
            parts.append(html_table(content, next(number)))
            markdown.append(table_text(content))
        elif kind == "html":
            parts.append(content)
        else:
            mark = "h2" if kind == "head" else "p"
            parts.append(f"<{mark}>{escape(content)}</{mark}>")
            markdown.append(f"{'## ' if kind == 'head' else ''}{content}")
    items = "".join(f"<li>{escape(line)}</li>" for line in page.differences)
    parts.append(f"<h2>What differs from the paper</h2><ul>{items}</ul>")
    markdown += ["## What differs from the paper", "\n".join(f"- {line}" for line in page.differences)]
    path = out / "page.html"
    write_text(out / "tables.md", ["\n\n".join(markdown), "\n"])
    write_text(path, [html_page(page.title, parts)])
    return path


def training_table(networks: Sequence[Trained]) -> Table:
    """Return what was trained, and how long."""
    rows = [(each.name, f"{each.parameters:,}", f"{each.steps:,}", f"{each.seconds / 60:.1f}") for each in networks]
    return Table(("Networks", "parameters", "steps", "minutes"), tuple(rows))


def budget_note(config: TrainConfig) -> str:
    """Say in one sentence how the training differs from the paper's."""
    network, features = config.network, config.loss.features
    terms = "L1 and total variation terms alone" if features == "none" else f"all six terms, features of {features}"
    steps = f"{config.minutes:g} minutes" if config.minutes else f"{config.total_steps:,} steps"
    return (
        f"Trained for {steps} in batches of {config.batch} crops of {config.data.crop} pixels, {network.levels} "
        f"levels, width {network.width}, {terms}. The paper trains 8 levels of width 64 on 512 pixels for about ten "
        "days, with all six terms and features of VGG16."
    )
