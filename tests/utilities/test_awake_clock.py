from __future__ import annotations

import pytest

from bokwon.utilities import awake_clock
from bokwon.utilities.awake_clock import AwakeClock


def test_seconds_add_up_but_for_those_of_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter((100.0, 100.0, 100.5, 101.25, 5000.0, 5000.5))
    monkeypatch.setattr(awake_clock, "monotonic", lambda: next(readings))
    clock = AwakeClock()
    assert [clock.read() for _ in range(5)] == [0.0, 0.5, 1.25, 2.25, 2.75]
