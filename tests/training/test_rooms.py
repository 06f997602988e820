"""Reading checkpoints and configurations does not need what only a run needs."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["bokwon.training", "bokwon.training.data", "bokwon.training.checkpoint"])
def test_rooms_can_be_imported_first_and_without_accelerate(module):
    program = f"import sys; sys.modules['accelerate'] = None; import {module}; print('loaded')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "loaded\n", done.stderr
