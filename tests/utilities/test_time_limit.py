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

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

WAYS = ["forked", "spawned"]
"""How the child is started; the second is the way of Windows, which has no fork."""
PROGRAM = """
import os, re, signal, sys, time
if sys.argv[3] == "spawned":
    del os.fork
from pathlib import Path
if "BOKWON_SUPERVISOR" not in os.environ:
    Path("parent").write_text(str(os.getpid()))
from bokwon.utilities.time_limit import allow_supervision, leave_child, supervised

allow_supervision()
supervised("page.png", float(sys.argv[1]), lambda: Path("tidied").touch())
Path("child").write_text(str(os.getpid()))
print("at work", flush=True)
exec(sys.argv[2])
"""


def begun(limit: float, work: str, folder: Path, way: str = "forked") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(limit), work, way]
    process = subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    return process


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=60)
    return process.returncode, said


HANGS = "re.match(r'(a+)+b', 'a' * 60)"


@pytest.mark.parametrize(
    ("work", "way", "limit"),
    [
        (HANGS, "forked", 2),
        ("time.sleep(600)", "forked", 2),
        ("while True: pass", "forked", 2),
        # A new interpreter takes its time on a busy machine.
        (HANGS, "spawned", 12),
    ],
)
def test_what_never_ends_is_ended(tmp_path: Path, work: str, way: str, limit: float) -> None:
    code, said = ended(begun(limit, work, tmp_path, way))
    assert code == TimeLimitError.exit_code == 8
    assert said == f"bokwon: error: {overdue('page.png', limit)}\n"
    assert f"page.png was not done in {limit:g} seconds; give it more time (--timeout SECONDS)" in said
    assert (tmp_path / "tidied").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "child").read_text()), 0)


@pytest.mark.parametrize("way", WAYS)
def test_a_child_may_leave_at_once(tmp_path: Path, way: str) -> None:
    work = "import atexit; atexit.register(Path('late').touch); leave_child(4)"
    assert ended(begun(60, work, tmp_path, way))[0] == 4
    assert not (tmp_path / "late").exists()


def test_only_a_child_leaves_at_once() -> None:
    leave_child(3)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("work", "code"), [("pass", 0), ("sys.exit(5)", 5), ("os._exit(15)", 15), ("1 / 0", 1)])
def test_the_exit_code_is_that_of_the_work(tmp_path: Path, work: str, code: int, way: str) -> None:
    assert ended(begun(60, work, tmp_path, way))[0] == code
    assert not (tmp_path / "tidied").exists()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_what_kills_the_work_kills_the_program(tmp_path: Path, number: signal.Signals, way: str) -> None:
    assert ended(begun(60, f"os.kill(os.getpid(), {int(number)})", tmp_path, way))[0] == -number
    assert (tmp_path / "tidied").exists()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_reach_the_work(tmp_path: Path, number: signal.Signals, way: str) -> None:
    # One long sleep would miss a signal that comes just before it begins.
    wait = "[time.sleep(0.05) for _ in range(12_000)]"
    work = f"signal.signal({int(number)}, lambda *_: sys.exit(77)); print(1, flush=True); {wait}"
    process = begun(60, work, tmp_path, way)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    assert ended(process)[0] == 77


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the child of a killed process")
def test_the_work_ends_with_a_killed_program(tmp_path: Path, way: str) -> None:
    process = begun(60, "time.sleep(600)", tmp_path, way)
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


def test_a_child_that_begins_anew_names_its_files_as_its_parent_does(tmp_path: Path) -> None:
    work = "from bokwon.utilities.time_limit import FAMILY; Path('family').write_text(FAMILY); time.sleep(600)"
    tidy = "lambda: Path('tidied').write_text(__import__('bokwon.utilities.time_limit').utilities.time_limit.FAMILY)"
    program = PROGRAM.replace('lambda: Path("tidied").touch()', tidy)
    assert program != PROGRAM
    done = subprocess.run([sys.executable, "-c", program, "12", work, "spawned"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 8
    assert (tmp_path / "family").read_text() == (tmp_path / "tidied").read_text() != ""


def test_a_program_that_the_work_starts_is_supervised_itself(tmp_path: Path) -> None:
    assert ended(begun(60, "sys.exit(any('SUPERVIS' in name for name in os.environ))", tmp_path, "spawned"))[0] == 0


def test_without_leave_nothing_happens() -> None:
    before = os.getpid()
    supervised("page.png", 0.01, lambda: pytest.fail("tidied"))
    assert os.getpid() == before
