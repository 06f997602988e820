"""Processes for uploads: results, errors, progress, and how they end."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any

import numpy as np
import pytest

from bokwon.errors import BokwonError, InputFileError, TimeLimitError
from bokwon.serve.jobs import Job, Jobs
from bokwon.serve.problems import HttpError
from bokwon.serve.processes import Processes, Progress

SOON = 60
"""Seconds that nothing here takes."""


def work(task: Any, progress: Progress) -> Any:
    what, value = task
    if what == "pid":
        return os.getpid()
    if what == "progress":
        progress(value)
        return value
    if what == "arrays":
        return {
            "large": np.arange(value, dtype=np.uint16).reshape(-1, 2),
            "empty": np.zeros((0, 3), bool),
            "name": "leaf",
        }
    if what == "refuse":
        raise InputFileError(f"{value} is damaged", "get a copy")
    if what == "fail":
        raise KeyError(value)
    if what == "die":
        os._exit(3)
    time.sleep(value)
    return value


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    queue = Jobs(2)
    yield queue
    queue.close(wait=SOON)


@pytest.fixture
def processes() -> Iterator[Processes]:
    found = Processes(work, limit=SOON)
    yield found
    found.close()


def do(jobs: Jobs, processes: Processes, what: str, value: Any = None) -> Job:
    return jobs.submit(what, lambda job: processes.run((what, value), job, name="leaf.png"))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_is_used_again_and_ends_when_idle(jobs: Jobs, processes: Processes) -> None:
    pids = [do(jobs, processes, "pid").future.result(SOON) for _ in range(3)]
    assert len(set(pids)) == 1
    assert pids[0] != os.getpid()
    processes.release(idle=SOON)
    assert is_alive(pids[0])
    processes.release()
    assert not is_alive(pids[0])
    assert do(jobs, processes, "pid").future.result(SOON) != pids[0]


def test_large_results_come_back_and_can_be_changed(processes: Processes) -> None:
    # More than one piece, the last of them not full.
    count = 1_300_000
    told = processes.run(("arrays", count), None, name="leaf.png")
    assert (told["large"] == np.arange(count, dtype=np.uint16).reshape(-1, 2)).all()
    told["large"][0] = 9
    assert (told["empty"].shape, told["empty"].dtype, told["name"]) == ((0, 3), bool, "leaf")


def test_one_process_may_wait_for_the_next_task(processes: Processes) -> None:
    processes.prepare()
    (waiting,) = processes._idle
    processes.prepare()
    assert processes._idle == [waiting]
    pid = processes.run(("pid", None), None, name="leaf.png")
    processes.release(keep=1)
    assert is_alive(pid)
    assert processes.run(("pid", None), None, name="leaf.png") == pid


def test_progress_is_told(jobs: Jobs, processes: Processes) -> None:
    shares = []

    class Listening(Job):
        def progress(self, share: float) -> None:
            shares.append(share)

    job = Listening("progress", None, background=False, tell=lambda job: None)
    assert processes.run(("progress", 0.5), job, name="leaf.png") == 0.5
    assert shares == [0.5]


def test_errors_come_back_and_the_process_stays(
    jobs: Jobs, processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    pid = do(jobs, processes, "pid").future.result(SOON)
    with pytest.raises(InputFileError, match="leaf is damaged; get a copy"):
        do(jobs, processes, "refuse", "leaf").future.result(SOON)
    assert caplog.records == []
    with caplog.at_level(logging.ERROR), pytest.raises(BokwonError, match="unexpected KeyError: 'leaf'"):
        do(jobs, processes, "fail", "leaf").future.result(SOON)
    # Whoever runs the server sees where it came about.
    assert "raise KeyError(value)" in caplog.text
    assert do(jobs, processes, "pid").future.result(SOON) == pid


def test_a_process_that_dies_takes_only_its_task(jobs: Jobs, processes: Processes) -> None:
    with pytest.raises(HttpError, match=r"worked on leaf\.png crashed") as died:
        do(jobs, processes, "die").future.result(SOON)
    assert died.value.status == 503
    assert do(jobs, processes, "pid").future.result(SOON)


def test_what_takes_too_long_is_ended(jobs: Jobs) -> None:
    processes = Processes(work, limit=5)
    pid = do(jobs, processes, "pid").future.result(SOON)
    with pytest.raises(TimeLimitError, match=r"leaf\.png was not done in 5 seconds"):
        do(jobs, processes, "sleep", 3600).future.result(SOON)
    assert not is_alive(pid)
    processes.close()


class SlowlyLoaded:
    """Work that takes longer to load than it may take."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        time.sleep(6)

    def __getstate__(self) -> dict[str, Any]:
        return {"any": "state"}

    def __call__(self, task: Any, progress: Progress) -> Any:
        return task


def test_the_start_of_a_process_takes_none_of_the_time(jobs: Jobs) -> None:
    processes = Processes(SlowlyLoaded(), limit=5)
    job = jobs.submit("slow", lambda job: processes.run(7, job, name="leaf.png"))
    assert job.future.result(SOON) == 7
    processes.close()


def test_a_cancelled_job_ends_its_process(jobs: Jobs, processes: Processes) -> None:
    pid = do(jobs, processes, "pid").future.result(SOON)
    job = do(jobs, processes, "sleep", 3600)
    threading.Timer(0.2, jobs.cancel, (job.id,)).start()
    with pytest.raises(CancelledError):
        job.future.result(SOON)
    assert job.state == "cancelled"
    assert not is_alive(pid)


def test_closing_ends_processes_when_their_task_is_done(jobs: Jobs) -> None:
    processes = Processes(work, limit=SOON)
    pid = do(jobs, processes, "pid").future.result(SOON)
    job = do(jobs, processes, "sleep", 1)
    while job.state == "queued":
        time.sleep(0.01)
    processes.close()
    assert job.future.result(SOON) == 1
    deadline = time.monotonic() + SOON
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)
