"""The summary of each page: its state, how damaged it is, and which actions are possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from bokwon.batch.treatment.decisions import Decided
from bokwon.image_io.reader import Source
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.outputs import FileOutput
from bokwon.serve.folder.review import Subject
from bokwon.serve.folder.state import PageRow

__all__ = ["STATES", "FillState", "Summary", "count", "state_of"]

PageState = Literal[
    "new",
    "found",
    "uncertain",
    "needs a look",
    "mask approved",
    "restored",
    "in part",
    "changed",
    "approved",
    "approved as it is",
    "undamaged",
    "failed",
]

STATES: tuple[PageState, ...] = get_args(PageState)

FillState = Literal["none", "whole", "in part", "changed"]
"""What of a page's mask is filled: nothing; exactly all of it; only a part of it; or what another mask marked."""


@dataclass(frozen=True)
class Summary:
    """What is known of a page without decoding it.

    Attributes:
        entry: The page.
        row: Its stored state.
        output: State of the output of its file.
        decided: What a person decided.
        steps: Whether a change of its mask can be undone, and whether one can be redone.
        filled: Time of the last fill that is not in the output yet, in microseconds; 0 for none.
    """

    entry: Entry
    row: PageRow
    output: FileOutput
    decided: Decided | None
    steps: tuple[bool, bool]
    filled: int = 0

    @property
    def problem(self) -> dict[str, Any] | None:
        """What is wrong with it; None for a sound page."""
        return self.entry.problem or self.row.problem or self.output.problem

    @property
    def restored_version(self) -> int:
        """A number that changes with its output; 0 if the page is not filled."""
        return max(self.output.version if self.entry.number in self.output.pages else 0, self.filled)

    @property
    def result_stamp(self) -> str:
        """A text that changes with what is filled on the page."""
        return f"{self.output.stamp}|{self.filled}"

    @cached_property
    def _mask_source(self) -> Source | None:
        return self.entry.mask_source()

    @cached_property
    def is_mask_known(self) -> bool:
        """Whether the mask is the one that was read last. Another program may have changed it."""
        return not self.row.version or self.row.mask_stamp == self.entry.stamp_of_mask(self._mask_source)

    @property
    def mask_kind(self) -> str:
        """`none`, `found`, `drawn` or `given`."""
        if self._mask_source is None:
            return "none"
        return self.row.kind if self.row.version and self.row.kind != "none" else "given"

    @property
    def is_marked(self) -> bool:
        """Whether something is in its mask, as far as the mask was read."""
        return self.mask_kind != "none" and (self.row.share > 0 or not self.row.version)

    @cached_property
    def fill(self) -> FillState:
        """What of its mask is filled.

        The filled pixels are compared with the mask. Until they are read for the first time, the times of the files
        decide.
        """
        row = self.row
        if not self.restored_version:
            return "none"
        if self.mask_kind == "none" and self.entry.number in self.output.maskless and not self.filled:
            return "whole"
        if not self.is_mask_known:
            return "changed"
        if not row.filled_in:
            return "changed" if self.output.is_stale(self.entry) else "whole"
        if row.filled == row.digest:
            return "whole"
        return "in part" if row.digest and row.filled_of == row.digest else "changed"

    @property
    def is_pending(self) -> bool:
        """Whether its mask has to be restored, for the first time or again."""
        return self.fill != "whole" and (self.is_marked or self.fill != "none")

    @property
    def subject(self) -> Subject:
        """What an approval of the page would approve now."""
        return "mask" if self.is_pending else "result" if self.fill == "whole" else "scan"

    @cached_property
    def decision(self) -> str | None:
        """The decision of a person, if it is about the page as it is now."""
        decided = self.decided
        if decided is None:
            return None
        if decided.decision == "approve" and decided.of:
            # An approval counts only for the mask and the result that were approved.
            same = self.is_mask_known and (not self.row.version or decided.mask == self.row.digest)
            return "approve" if decided.of == self.subject and same and self._is_result_of(decided) else None
        return decided.decision

    def _is_result_of(self, decided: Decided) -> bool:
        """Return whether the result is the one that was approved. The command may have restored the page again."""
        return not decided.result or (self.is_result_known and self.row.result == decided.result)

    @property
    def is_result_known(self) -> bool:
        """False if an approved result has another stamp now, and its pixels were not read since."""
        approved = self.decided is not None and bool(self.decided.result) and bool(self.restored_version)
        return not approved or self.row.result_in == self.result_stamp

    @property
    def state(self) -> PageState:
        """See `state_of`."""
        return state_of(
            failed=self.problem is not None,
            decision=self.decision,
            fill=self.fill,
            marked=self.is_marked,
            mask=self.mask_kind,
            searched=self.row.searched or self.output.status == "undamaged",
            uncertain=self.row.uncertain > 0 or self._left_by_the_command,
        )

    @property
    def _left_by_the_command(self) -> bool:
        """Whether the command found damage in its file and filled none, and nobody has worked on the page since."""
        return self.output.status == "uncertain" and self.mask_kind == "none" and not self.row.searched

    @property
    def score(self) -> float:
        """How damaged the page is, in [0, 1]: the share in the mask or in uncertain regions; 1 if the page failed."""
        return 1.0 if self.problem is not None else min(1.0, self.row.share + self.row.left)

    def facts(self) -> dict[str, Any]:
        """Return the page in the JSON form of the interface."""
        entry, problem, decision = self.entry, self.problem, self.decision
        return {
            "id": entry.id,
            "name": entry.title,
            "index": entry.number - 1,
            "count": entry.count,
            "width": entry.size[0],
            "height": entry.size[1],
            "state": self.state,
            "fill": self.fill,
            "share": round(self.row.share, 6),
            "score": round(self.score, 6),
            "mask": self.mask_kind,
            "mask_version": self.row.version,
            "restored_version": self.restored_version,
            "decision": decision,
            "decided": (self.decided.time or None) if self.decided and decision else None,
            "problem": None if problem is None else {"title": problem["title"], **_told(problem)},
            "can_undo": self.steps[0],
            "can_redo": self.steps[1],
        }


def count(summaries: Iterable[Summary]) -> dict[str, int]:
    """Return the number of pages in each state."""
    counted = Counter(summary.state for summary in summaries)
    return {state: counted[state] for state in STATES}


def state_of(
    *, failed: bool, decision: str | None, fill: FillState, marked: bool, mask: str, searched: bool, uncertain: bool
) -> PageState:
    """Return the state of a page. A person's decision takes precedence over results of a program.

    Args:
        failed: Whether it cannot be read, or its last restoration failed.
        decision: `approve`, `reject`, `undamaged` or None.
        fill: What of its mask is filled.
        marked: Whether its mask has a hole.
        mask: `none`, `found`, `drawn` or `given`.
        searched: Whether the detector has looked at it.
        uncertain: Whether damage was found with too little confidence to be filled.
    """
    if failed:
        return "failed"
    if decision == "undamaged":
        return "undamaged"
    if decision == "reject":
        return "needs a look"
    if decision == "approve":
        if fill == "whole":
            return "approved"
        return "mask approved" if marked else "approved as it is"
    if fill != "none":
        return "restored" if fill == "whole" else fill
    if uncertain and not marked:
        return "uncertain"
    if searched and not marked:
        return "undamaged"
    return "new" if mask == "none" else "found"


def _told(problem: dict[str, Any]) -> dict[str, str]:
    detail, fix = str(problem.get("detail", "")), str(problem.get("fix", ""))
    return {"detail": detail, **({"fix": fix} if fix else {})}
