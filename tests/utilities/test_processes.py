from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

from bokwon.errors import ArgumentError, BokwonError, MemoryLimitError
from bokwon.utilities.processes import Lost, available_cores, in_processes, map_in_processes, run_in_processes


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that spawned processes can import too: they are given this path."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return importlib.import_module("pool_work")


def test_results_come_in_the_order_of_the_tasks(work: ModuleType) -> None:
    assert list(in_processes(work.late, range(5), 2, "the test")) == [0, 1, 2, 3, 4]
    for chunk in (1, 2, 9):
        assert list(map_in_processes(work.square, [3, 1, 2], 2, chunk=chunk)) == [9, 1, 4]
    assert list(in_processes(work.square, [], 2, "the test")) == []


def test_one_job_or_one_task_stays_in_this_process(work: ModuleType) -> None:
    assert list(map_in_processes(work.process, [1, 2], 1)) == [os.getpid()] * 2
    assert list(map_in_processes(work.process, [1], 4)) == [os.getpid()]
    assert os.getpid() not in list(in_processes(work.process, [1], 1, "the test"))


def test_items_are_taken_as_they_are_needed(work: ModuleType) -> None:
    numbers = count()
    results = in_processes(work.square, numbers, 2, "the test")
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    results.close()  # type: ignore[attr-defined]
    # Without an end, and yet only so many as processes were free for.
    assert 3 <= next(numbers) < 1000


def test_what_the_work_raises_comes_through_with_the_place_it_was_raised_at(work: ModuleType) -> None:
    results = in_processes(work.fail, range(9), 2, "the test")
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ArgumentError, match="3 is too many") as error:
        next(results)
    assert error.value.fix == "take less"
    assert "in fail" in str(error.value.__cause__)


def test_a_death_is_an_error_with_a_fix(work: ModuleType) -> None:
    with pytest.raises(BokwonError, match="a worker process of the test died; probably memory ran out"):
        list(in_processes(work.die, range(5), 2, "the test"))


def test_a_task_that_kills_its_process_is_tried_again_and_given_up(work: ModuleType, tmp_path: Path) -> None:
    tasks = ["a", "bad", "once", "b"]
    results = dict(run_in_processes(partial(work.start_counting_deaths, tmp_path), tasks, 2))
    assert results == {"a": "A", "bad": Lost.DIED, "once": "ONCE", "b": "B"}
    assert (tmp_path / "bad").read_text() == "xx"
    (tmp_path / "bad").unlink()
    assert list(run_in_processes(partial(work.start_counting_deaths, tmp_path), ["bad"], 1, attempts=1)) == [
        ("bad", Lost.DIED)
    ]
    assert (tmp_path / "bad").read_text() == "x"


def test_a_task_that_takes_too_long_loses_its_process(work: ModuleType) -> None:
    results = dict(run_in_processes(work.start_hanging, range(5), 2, limit=1.0))
    assert results == {0: 0, 1: Lost.OVERDUE, 2: Lost.OVERDUE, 3: 3, 4: 4}


@pytest.mark.skipif(os.name != "posix", reason="stops processes")
def test_time_in_which_all_processes_are_stopped_does_not_count(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import time\nfrom bokwon.utilities.processes import run_in_processes\n"
        "def work(number):\n    print('at work', flush=True)\n    time.sleep(1.5)\n    return number\n"
        "def start():\n    return work\n"
        "if __name__ == '__main__':\n    print(list(run_in_processes(start, [7], 1, limit=4.0)))\n"
    )
    command = [sys.executable, str(program)]
    # A group of its own, as a shell gives it: Ctrl-Z stops all of it.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "at work\n"
        os.killpg(parent.pid, signal.SIGSTOP)
        time.sleep(4.5)
        os.killpg(parent.pid, signal.SIGCONT)
        assert parent.communicate(timeout=60)[0] == "[(7, 7)]\n"


def test_a_worker_that_cannot_start_says_why(work: ModuleType) -> None:
    with pytest.raises(ArgumentError, match="no model; name one") as error:
        list(run_in_processes(work.start_wrongly, range(5), 2))
    assert "in start_wrongly" in str(error.value.__cause__)
    for start, said in (
        (work.start_unexpectedly, "could not start: KeyError: 'no room'; use a smaller -j"),
        (work.start_and_die, "could not start: it ended with code 9; use a smaller -j"),
        (work.start_unportably, "could not start: RuntimeError: UnportableError: this and that"),
    ):
        with pytest.raises(BokwonError, match=said):
            list(run_in_processes(start, range(5), 2))


def test_too_little_memory_in_a_worker_is_called_so(work: ModuleType) -> None:
    for results in (
        run_in_processes(work.start_without_memory, [1], 1),
        in_processes(work.run_out, [1], 1, "the test"),
    ):
        with pytest.raises(MemoryLimitError, match=r"a worker process needs more memory than there is; .*-j"):
            list(results)


def test_no_more_processes_than_tasks(work: ModuleType) -> None:
    assert sorted(run_in_processes(work.start_squaring, [2, 3], 16)) == [(2, 4), (3, 9)]


@pytest.mark.parametrize("kill", [True, False])
def test_work_that_is_stopped_early_is_killed_or_finished(work: ModuleType, tmp_path: Path, kill: bool) -> None:
    results = run_in_processes(partial(work.start_writing, tmp_path), range(4), 2, kill=kill)
    next(results)
    while len(list(tmp_path.glob("begun*"))) < 2:
        time.sleep(0.01)
    results.close()
    begun, done = (len(list(tmp_path.glob(f"{state}*"))) for state in ("begun", "done"))
    assert (done == begun) if not kill else (done <= begun)
    time.sleep(0.7)
    assert len(list(tmp_path.glob("done*"))) == done


HANGS = pytest.param(
    "__import__('re').match('(a+)+b', 'a' * 60)",
    marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process that holds Python's lock"),
)


@pytest.mark.parametrize("task", ["time.sleep(600)", HANGS], ids=["sleeps", "hangs"])
def test_workers_leave_when_their_parent_is_killed(tmp_path: Path, task: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import os, time\nfrom bokwon.utilities.processes import run_in_processes\n"
        "def work(path):\n    open(path, 'w').write(str(os.getpid()))\n    " + task + "\n"
        "def start():\n    return work\n"
        f"if __name__ == '__main__':\n    list(run_in_processes(start, [{str(tmp_path / 'worker')!r}], 1))\n"
    )
    parent = subprocess.Popen([sys.executable, str(program)])
    try:
        while not (tmp_path / "worker").exists() or not (tmp_path / "worker").read_text():
            assert parent.poll() is None
            time.sleep(0.05)
    finally:
        parent.kill()
        parent.wait()
    worker = int((tmp_path / "worker").read_text())
    for _ in range(400):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the worker is still there")


def test_cores_are_those_this_process_may_use() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
