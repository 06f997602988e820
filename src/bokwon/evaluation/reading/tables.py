"""Tables of what was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bokwon.evaluation.report.tables import Table, interval_text
from bokwon.synthesis.masks.bins import BINS

__all__ = ["reading_note", "reading_tables"]


def reading_tables(results: Mapping[str, Any]) -> list[Table]:
    """Return tables of character error rates and of comparisons with the first method; none if nothing was read."""
    reading = results.get("reading")
    if not reading or not reading["pairs"]:
        return []
    first = results["methods"][0]["name"]
    rates, duels = [], []
    for row in reading["rows"]:
        span = _span(row, results)
        for name, figures in row["pictures"].items():
            shares = [f"{100 * figures[key]:.1f}" for key in ("cer", "substituted", "inserted", "missing")]
            won = "" if figures["recovered"] is None else f"{100 * figures['recovered']:.1f}"
            characters = "" if figures["recovered_characters"] is None else str(figures["recovered_characters"])
            rates.append((name, span, str(row["pairs"]), str(figures["characters"]), *shares, won, characters))
        for duel in row["against"]:
            ours, theirs = (row["pictures"][name]["recovered_characters"] for name in (first, duel["other"]))
            invented = (
                row["pictures"][name]["substituted"] + row["pictures"][name]["inserted"]
                for name in (first, duel["other"])
            )
            shares = [f"{100 * share:.1f}" for share in invented]
            times, fewer = _times_text(duel["times_recovered"]), _fewer_text(duel["fewer_invented"])
            crops = f"{duel['crops_with_fewer_errors']}, {duel['crops_with_more_errors']}"
            duels.append((duel["other"], span, crops, str(ours), str(theirs), times, *shares, fewer))
    heads = (
        "Reading: error rate, % of characters",
        "crops",
        "pairs",
        "characters",
        "all errors",
        "substituted (invented)",
        "inserted (invented)",
        "missing",
        "recovered, % of the damage",
        "recovered, characters",
    )
    against = (
        f"Reading: {first} against",
        "crops",
        f"with fewer, with more errors after {first}",
        f"characters recovered, {first}",
        "characters recovered, other",
        "times as many [95 %]",
        f"invented, {first}, %",
        "invented, other, %",
        f"{first} invents less by, % of characters [95 %]",
    )
    return [
        Table(heads, tuple(rates)),
        *_character_table(reading.get("characters", {})),
        *([Table(against, tuple(duels))] if duels else []),
    ]


_GROUPS = {"untouched": "none", "less": "at most 3/4", "more": "more than 3/4"}


def _character_table(characters: Mapping[str, Any]) -> list[Table]:
    """Return what became of single characters, by how much of their ink the hole hides."""
    rows = []
    for name, groups in characters.get("pictures", {}).items():
        for group, counts in groups.items():
            total = counts["characters"]
            if not total:
                continue
            won = f"{100 * counts['won_back'] / counts['lost']:.1f}" if counts["lost"] else ""
            unsafe = counts["wrong"] + counts["invented"]
            shares = [f"{100 * number / total:.1f}" for number in (counts["missing"], unsafe, counts["wrong"])]
            invented = f"{100 * counts['invented'] / total:.1f}"
            rows.append((name, _GROUPS[group], str(total), str(counts["lost"]), won, *shares, invented))
    heads = (
        f"Characters that are read right undamaged, in {characters.get('pairs', 0)} crops",
        "their ink hidden",
        "characters",
        "lost by the damage",
        "won back, % of the lost",
        "safe: missing, %",
        "unsafe: wrong or invented, %",
        "wrong, %",
        "invented, %",
    )
    return [Table(heads, tuple(rows))] if rows else []


def reading_note(results: Mapping[str, Any]) -> str:
    """Return a sentence about what was read; empty if nothing was read."""
    reading = results.get("reading")
    if not reading:
        return ""
    manner = ", told where the lines are" if reading.get("by_line") else ""
    return (
        f"Read by {' and '.join(reading['readers']) or 'no reader'}{manner}: {reading['pairs']} crops, "
        f"{reading['known']} of them with known text. Left out: {reading['unreadable']} that no reader can read "
        f"undamaged, {reading['without_text']} without text."
    )


def _span(row: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    if row["reader"] is not None:
        return str(row["reader"])
    bins = [cell["bin"] for cell in results["cells"]] if row["bin"] is None else [row["bin"]]
    text = f"{100 * BINS[min(bins)][0]:.0f}-{100 * BINS[max(bins)][1]:.0f} % hole"
    return f"all, {text}" if row["bin"] is None else text


def _times_text(times: Mapping[str, float | None]) -> str:
    mean = "∞" if times["mean"] is None else f"{times['mean']:.2f}"
    if times["low"] is None or times["high"] is None:
        return f"{mean} [-]"
    return f"{mean} [{times['low']:.2f}, {times['high']:.2f}]"


def _fewer_text(fewer: Mapping[str, float | None]) -> str:
    low, high = (None if fewer[key] is None else 100 * float(fewer[key] or 0.0) for key in ("low", "high"))
    return f"{100 * float(fewer['mean'] or 0.0):+.1f} {interval_text(low, high, 1)}"
