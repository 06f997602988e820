"""How the program begins and ends, whatever command it is given."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

TOO_LITTLE = "bokwon: error: there is too little memory; close other programs, or lower --tile, -j or --threads\n"
FAILING_TO_LOAD = """
import sys

class Failing:
    def find_spec(self, name, path, target=None):
        if name == "bokwon.cli.main":
            raise {error}

sys.meta_path.insert(0, Failing())
from bokwon.__main__ import main
main()
"""
INTERRUPTED_WHILE_LOADING = FAILING_TO_LOAD.format(error="KeyboardInterrupt")
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


# While the command loads, an exception would be lost where nobody can catch it, and the command would go on.
INTERRUPTED_WHERE_NOBODY_CATCHES_IT = """
import os, signal, sys, weakref

signal.signal(signal.SIGINT, signal.default_int_handler)

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "bokwon.cli.main":
            def interrupt(_):
                os.kill(os.getpid(), signal.SIGINT)

            loaded = {1}
            watched = weakref.ref(loaded, interrupt)
            del loaded

sys.meta_path.insert(0, Interrupting())
from bokwon.__main__ import main
main()
"""


# The command is put together when it is run, by code that evaluates annotations. Python ends with SIGINT by itself once
# an interruption has gone through such code.
INTERRUPTED_WHILE_PUT_TOGETHER = """
import os, signal
from bokwon.cli import main as command

signal.signal(signal.SIGINT, signal.default_int_handler)
end = lambda _: eval("os.kill(os.getpid(), signal.SIGINT)")
command.typer.main.get_command = end
command.main(alone=True)
"""
INTERRUPTED_WHILE_AN_ERROR_IS_TOLD = """
import os, signal
from bokwon.cli import main as command

signal.signal(signal.SIGINT, signal.default_int_handler)
fail = command._fail

def interrupted(*arguments):
    command._fail = fail
    os.kill(os.getpid(), signal.SIGINT)

command._fail = interrupted
command.main(["models", "show", "none"], alone=True)
"""


@pytest.mark.parametrize(
    "program",
    [
        INTERRUPTED_WHILE_LOADING,
        INTERRUPTED_WHERE_NOBODY_CATCHES_IT,
        INTERRUPTED_IN_A_LIBRARY,
        INTERRUPTED_WHILE_PUT_TOGETHER,
        INTERRUPTED_WHILE_AN_ERROR_IS_TOLD,
    ],
)
def test_an_interruption_while_libraries_load_is_130_without_a_traceback(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "bokwon: error: interrupted\n"


def test_a_request_to_end_is_143_wherever_it_comes() -> None:
    program = INTERRUPTED_WHILE_PUT_TOGETHER.replace("SIGINT)", "SIGTERM)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (143, "bokwon: error: interrupted\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("MemoryError", 7),
        ("SystemError('error return without exception set')", 7),
        ("ImportError('_posixsubprocess.so: failed to map segment from shared object')", 7),
        ("ImportError('No module named typer')", 1),
    ],
)
def test_too_little_memory_to_load_the_command_is_seven(error: str, code: int) -> None:
    program = FAILING_TO_LOAD.format(error=error)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert (done.stderr == TOO_LITTLE) is (code == 7)


def test_too_little_memory_to_tell_of_it_is_seven() -> None:
    program = """
from bokwon import __main__
from bokwon.cli import main as command

def fail(*_):
    raise MemoryError

command._fail = fail
__main__.sys.argv = ["bokwon", "models", "show", "none"]
__main__.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (7, TOO_LITTLE)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_too_little_memory_for_numpy_is_seven() -> None:
    """OpenBLAS would print its own message and end with 1."""
    megabytes = 100 << 20
    program = f"""
import resource
resource.setrlimit(resource.RLIMIT_AS, ({megabytes}, {megabytes}))
from bokwon.__main__ import main
main()
"""
    command = [sys.executable, "-c", program, "models", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr.startswith("bokwon: error: the command needs more memory than there is; close other programs")
