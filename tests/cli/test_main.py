"""How the program begins and ends, whatever command it is given."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

INTERRUPTED_WHILE_LOADING = """
import sys

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "bokwon.cli.main":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from bokwon.__main__ import main
main()
"""
# Libraries that load their parts in C report an interruption as something of their own.
INTERRUPTED_IN_A_LIBRARY = """
import os, signal, sys
from bokwon.cli import models

signal.signal(signal.SIGINT, signal.default_int_handler)
from bokwon.cli.main import main
import bokwon.inpaint.models

def load():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt as error:
        raise ImportError("a part cannot be loaded") from error

bokwon.inpaint.models.list_models = load
main(["models", "list"])
"""


@pytest.mark.parametrize("program", [INTERRUPTED_WHILE_LOADING, INTERRUPTED_IN_A_LIBRARY])
def test_an_interruption_while_libraries_load_is_130_without_a_traceback(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "bokwon: error: interrupted\n"
