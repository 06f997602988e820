"""Tables as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bokwon.evaluation.reading.tables import reading_note, reading_tables
from bokwon.evaluation.report.tables import Table, tables

__all__ = ["table_text", "to_markdown"]


def to_markdown(results: Mapping[str, Any]) -> str:
    """Return the tables as Markdown, with the reasons why columns are missing."""
    parts = [table_text(table) for table in (*tables(results), *reading_tables(results))]
    parts += [reading_note(results)] if reading_note(results) else []
    parts += [f"{column}: empty, {reason}." for column, reason in results["empty"].items()]
    return "\n\n".join(parts) + "\n"


def table_text(table: Table) -> str:
    """Return a table as Markdown."""
    lines = [table.heads, ("---",) * len(table.heads), *table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
