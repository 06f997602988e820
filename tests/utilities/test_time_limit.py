from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bokwon.errors import TimeLimitError
from bokwon.utilities.time_limit import leave_child, overdue, supervised

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks")

PROGRAM = """
import os, re, signal, sys, time
from pathlib import Path
from bokwon.utilities.time_limit import allow_supervision, leave_child, supervised

allow_supervision()
Path("parent").write_text(str(os.getpid()))
supervised("page.png", float(sys.argv[1]), lambda: Path("tidied").touch())
Path("child").write_text(str(os.getpid()))
print("at work", flush=True)
exec(sys.argv[2])
"""


def begun(limit: float, work: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(limit), work]
    process = subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    return process


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize("work", ["re.match(r'(a+)+b', 'a' * 60)", "time.sleep(600)", "while True: pass"])
def test_what_never_ends_is_ended(tmp_path: Path, work: str) -> None:
    code, said = ended(begun(0.3, work, tmp_path))
    assert code == TimeLimitError.exit_code == 8
    assert said == f"bokwon: error: {overdue('page.png', 0.3)}\n"
    assert "page.png was not done in 0.3 seconds; give it more time (--timeout SECONDS)" in said
    assert (tmp_path / "tidied").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "child").read_text()), 0)


def test_a_child_may_leave_at_once(tmp_path: Path) -> None:
    work = "import atexit; atexit.register(Path('late').touch); leave_child(4)"
    assert ended(begun(60, work, tmp_path))[0] == 4
    assert not (tmp_path / "late").exists()


def test_only_a_child_leaves_at_once() -> None:
    leave_child(3)


@pytest.mark.parametrize(("work", "code"), [("pass", 0), ("sys.exit(5)", 5), ("os._exit(15)", 15), ("1 / 0", 1)])
def test_the_exit_code_is_that_of_the_work(tmp_path: Path, work: str, code: int) -> None:
    assert ended(begun(60, work, tmp_path))[0] == code
    assert not (tmp_path / "tidied").exists()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_what_kills_the_work_kills_the_program(tmp_path: Path, number: signal.Signals) -> None:
    assert ended(begun(60, f"os.kill(os.getpid(), {int(number)})", tmp_path))[0] == -number
    assert (tmp_path / "tidied").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_reach_the_work(tmp_path: Path, number: signal.Signals) -> None:
    work = f"signal.signal({int(number)}, lambda *_: sys.exit(77)); print(1, flush=True); time.sleep(600)"
    process = begun(60, work, tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    assert ended(process)[0] == 77


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the child of a killed process")
def test_the_work_ends_with_a_killed_program(tmp_path: Path) -> None:
    process = begun(60, "time.sleep(600)", tmp_path)
    process.kill()
    # The child holds the pipes open as long as it lives.
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL


def test_time_in_which_a_program_is_stopped_does_not_count(tmp_path: Path) -> None:
    process = begun(4, "time.sleep(1.5)", tmp_path)
    for number, seconds in ((signal.SIGSTOP, 4.5), (signal.SIGCONT, 0.0)):
        for name in ("parent", "child"):
            os.kill(int((tmp_path / name).read_text()), number)
        time.sleep(seconds)
    assert ended(process)[0] == 0


def test_without_leave_nothing_happens() -> None:
    before = os.getpid()
    supervised("page.png", 0.01, lambda: pytest.fail("tidied"))
    assert os.getpid() == before
