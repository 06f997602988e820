from __future__ import annotations

import pytest

from bokwon.utilities import awake_clock
from bokwon.utilities.awake_clock import AwakeClock


def test_seconds_add_up_but_for_those_of_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(awake_clock, "monotonic", lambda: now)
    clock = AwakeClock()
    assert clock.read() == 0.0
    for now, seconds in ((100.5, 0.5), (101.25, 1.25), (5000.0, 2.25), (5000.5, 2.75)):
        assert clock.read() == seconds
