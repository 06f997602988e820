"""Which pages work on the whole folder is about, and why the others are skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from bokwon.serve.folder.summary import Summary

__all__ = ["ONLY", "SKIPPED", "Only", "Skipped", "not_restored", "not_searched", "plan"]

Only = Literal["approved", "found", "all"]
"""Which pages are restored: those with an approved mask; those whose mask is not restored, or not all of it; or all."""

ONLY: tuple[str, ...] = get_args(Only)

Skipped = Literal[
    "nothing marked",
    "uncertain",
    "nothing certain",
    "restored",
    "approved",
    "mask not approved",
    "needs a look",
    "undamaged",
    "unreadable",
    "marked",
    "searched",
    "decided",
]
"""Why a page is skipped."""

SKIPPED: tuple[str, ...] = get_args(Skipped)


def not_restored(summary: Summary, only: Only, certain: Callable[[Summary], bool] | None = None) -> Skipped | None:
    """Return why a page is not restored with others; None if it is.

    Args:
        summary: The page.
        only: Which pages are restored.
        certain: Returns whether anything will be marked on a page once only certain damage is; None if masks stay.
    """
    if summary.entry.problem is not None:
        return "unreadable"
    decision = summary.decision
    if decision == "undamaged" or (summary.state == "undamaged" and not summary.is_marked):
        return "undamaged"
    if decision == "reject":
        return "needs a look"
    if decision == "approve" and summary.subject != "mask":
        return "approved"
    if certain is not None and not certain(summary):
        return "nothing certain"
    if certain is None and not summary.is_marked:
        if summary.problem is not None:
            return "unreadable"
        return "uncertain" if summary.state == "uncertain" else "nothing marked"
    if only == "approved":
        return None if decision == "approve" else "mask not approved"
    return "restored" if only == "found" and summary.fill == "whole" else None


def not_searched(summary: Summary) -> Skipped | None:
    """Return why the damage of a page is not looked for with that of others; None if it is."""
    if summary.entry.problem is not None:
        return "unreadable"
    if summary.decision is not None:
        return "decided"
    if summary.mask_kind != "none":
        return "marked"
    return "searched" if summary.row.searched else None


def plan(summaries: Sequence[Summary], only: Only, certain: Callable[[Summary], bool] | None = None) -> dict[str, Any]:
    """Return how many pages would be restored, and how many skipped for each reason, in the interface's JSON form.

    Args:
        summaries: All pages.
        only: Which pages are restored.
        certain: See `not_restored`.
    """
    reasons = Counter(not_restored(summary, only, certain) for summary in summaries)
    pages = reasons.pop(None, 0)
    return {"pages": pages, "skipped": dict(reasons)}
