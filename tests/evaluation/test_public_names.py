"""What `bokwon.evaluation` and its rooms name, and that worker processes load no more than they need."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

ROOMS = ["", ".data", ".measure", ".reading", ".report"]


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_is_there(room: str) -> None:
    module = importlib.import_module(f"bokwon.evaluation{room}")
    assert module.__all__
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []
    with pytest.raises(AttributeError):
        _ = module.no_such_name


def test_the_names_of_the_room() -> None:
    import bokwon.evaluation

    assert bokwon.evaluation.__all__ == ["Folders", "Order", "evaluate", "read_results", "write_pairs"]


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_can_be_imported_first(room: str) -> None:
    program = (
        f"import bokwon.evaluation{room}, sys; print(sorted({{'torch', 'matplotlib', 'scipy'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
