"""The summary of each page: its state, how damaged it is, and which actions are possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.outputs import FileOutput
from bokwon.serve.folder.state import PageRow

__all__ = ["STATES", "Summary", "state_of"]

PageState = Literal["new", "found", "needs a look", "approved", "restored", "failed", "undamaged"]

STATES: tuple[str, ...] = get_args(PageState)


@dataclass(frozen=True)
class Summary:
    """What is known of a page without decoding it.

    Attributes:
        entry: The page.
        row: Its stored state.
        output: State of the output of its file.
        decision: The decision of a person.
        steps: Whether a change of its mask can be undone, and whether one can be redone.
        filled: Time of the last fill that is not in the output yet, in microseconds; 0 for none.
    """

    entry: Entry
    row: PageRow
    output: FileOutput
    decision: str | None
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
    def mask_kind(self) -> str:
        """`none`, `found`, `drawn` or `given`."""
        if self.entry.mask_source() is None:
            return "none"
        return self.row.kind if self.row.version and self.row.kind != "none" else "given"

    @property
    def state(self) -> PageState:
        """See `state_of`."""
        return state_of(
            failed=self.problem is not None,
            decision=self.decision,
            restored=self.restored_version > 0,
            mask=self.mask_kind,
            searched=self.row.searched or self.output.status == "undamaged",
            empty=self.row.share == 0,
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
        entry, problem = self.entry, self.problem
        return {
            "id": entry.id,
            "name": entry.title,
            "index": entry.number - 1,
            "count": entry.count,
            "width": entry.size[0],
            "height": entry.size[1],
            "state": self.state,
            "share": round(self.row.share, 6),
            "score": round(self.score, 6),
            "mask": self.mask_kind,
            "mask_version": self.row.version,
            "restored_version": self.restored_version,
            "decision": self.decision,
            "problem": None if problem is None else {"title": problem["title"], **_told(problem)},
            "can_undo": self.steps[0],
            "can_redo": self.steps[1],
        }


def state_of(
    *, failed: bool, decision: str | None, restored: bool, mask: str, searched: bool, empty: bool, uncertain: bool
) -> PageState:
    """Return the state of a page. A person's decision takes precedence over results of a program.

    Args:
        failed: Whether it cannot be read, or its last restoration failed.
        decision: `approve`, `reject`, `undamaged` or None.
        restored: Whether it is filled in the output.
        mask: `none`, `found`, `drawn` or `given`.
        searched: Whether the detector has looked at it.
        empty: Whether its mask has no hole.
        uncertain: Whether damage was found with too little confidence to be filled.
    """
    if failed:
        return "failed"
    if decision == "undamaged":
        return "undamaged"
    if decision == "approve":
        return "approved"
    if decision == "reject":
        return "needs a look"
    if restored:
        return "restored"
    if uncertain:
        return "needs a look"
    if searched and empty:
        return "undamaged"
    return "new" if mask == "none" else "found"


def _told(problem: dict[str, Any]) -> dict[str, str]:
    detail, fix = str(problem.get("detail", "")), str(problem.get("fix", ""))
    return {"detail": detail, **({"fix": fix} if fix else {})}
