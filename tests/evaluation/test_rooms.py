"""Worker processes of an evaluation load no more than they need."""

from __future__ import annotations

import subprocess
import sys

import pytest

ROOMS = ["", ".data", ".measure", ".reading", ".report"]


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_can_be_imported_first(room: str) -> None:
    program = (
        f"import bokwon.evaluation{room}, sys; print(sorted({{'torch', 'matplotlib', 'scipy'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
