"""Which pages a job on the whole folder handles, and why it skips the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from bokwon.serve.folder.summary import Summary

__all__ = ["ONLY", "SKIPPED", "Only", "Skipped", "not_restored", "not_searched", "plan"]

Only = Literal["approved", "found", "all"]
"""Which pages are restored: those with an approved mask; those whose mask is not fully restored; or all."""

ONLY: tuple[Only, ...] = get_args(Only)

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
    """Return why a page is skipped when the pages of the folder are restored; None if it is restored.

    Args:
        summary: The page.
        only: Which pages are restored.
        certain: Returns whether anything remains to restore on a page after found damage was filtered by confidence;
            None if masks are restored as they are.
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
    """Return why a page is skipped when damage is looked for in the folder; None if it is searched."""
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
