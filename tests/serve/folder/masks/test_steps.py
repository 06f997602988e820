"""Steps between masks."""

from __future__ import annotations

from bokwon.serve.folder.masks.files import apply_change
from bokwon.serve.folder.masks.steps import forgotten, step_between
from bokwon.serve.folder.state import PageRow
from tests.serve.folder.conftest import box_hole


def test_a_step_leads_to_the_next_mask_and_back() -> None:
    before, after = box_hole((10, 10, 30, 30)), box_hole((20, 10, 40, 30))
    step = step_between(before, after, (10, 10, 40, 30), ("found", "drawn"), ({}, {"certain": 0.5}))
    hole = before.copy()
    apply_change(hole, step.box, step.change)
    assert (hole == after).all()
    apply_change(hole, step.box, step.change)
    assert (hole == before).all()
    assert (step.before, step.after, step.judged) == ("found", "drawn", ({}, {"certain": 0.5}))


def test_another_mask_forgets_decisions_but_not_the_certainty() -> None:
    assert forgotten(PageRow(judged={"certain": 0.5, "kept": [1], "refused": [2]})) == {"certain": 0.5}
    assert forgotten(PageRow()) == {}
