"""Work in worker processes. If one of them dies, the others go on."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from multiprocessing.connection import Connection, wait
from traceback import format_exc
from typing import Any, Generic, TypeVar, cast

from bokwon.errors import BokwonError
from bokwon.utilities.awake_clock import AwakeClock
from bokwon.utilities.memory import as_bokwon_error, is_out_of_memory
from bokwon.utilities.time_limit import die_with

__all__ = ["Lost", "available_cores", "in_processes", "leave_with_parent", "map_in_processes", "run_in_processes"]

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

_LOOK = 0.2
"""Seconds between two looks at the clock where there is a limit of time."""
_START_FIX = "use a smaller -j if memory ran out, or run it with BOKWON_DEBUG=1 for the details"

_Outcome = tuple[ResultT | None, tuple[Exception, str] | None]
"""The result of a call; or its exception and the traceback."""


class Lost(Enum):
    """Why a task has no result."""

    DIED = "its process died each time"
    OVERDUE = "it took longer than allowed"


Start = Callable[[], Callable[[TaskT], ResultT]]
"""Makes the function that does the work. It runs once in each process, and may load what the function needs."""


def available_cores() -> int:
    """Return the number of processor cores that this process may use: in a container fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(
    function: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], jobs: int, *, chunk: int = 1
) -> Iterator[ResultT]:
    """Apply a function to every task: in this process if there is one job or one task, otherwise in worker processes.

    Args:
        function: Picklable. Its result must depend only on its argument.
        tasks: Arguments.
        jobs: Number of processes.
        chunk: Tasks that a process is given at once: more than one if a task takes a few milliseconds.

    Yields:
        The results in the order of the tasks.

    Raises:
        BokwonError: A process died; or what `function` raises.
    """
    if jobs == 1 or len(tasks) < 2:
        yield from map(function, tasks)
    else:
        chunks = (tasks[start : start + chunk] for start in range(0, len(tasks), chunk))
        for results in in_processes(partial(_call_each, function), chunks, jobs, "this command"):
            yield from results


def _call_each(function: Callable[[TaskT], ResultT], tasks: Sequence[TaskT]) -> list[ResultT]:
    return [function(task) for task in tasks]


_EARLY = 8
"""Results that may wait for an earlier one, for each process. It limits memory while one item is slow."""


def in_processes(work: Callable[[TaskT], ResultT], items: Iterable[TaskT], jobs: int, name: str) -> Iterator[ResultT]:
    """Apply a function to every item in fresh processes, even with one job. They share no memory with the caller.

    Args:
        work: The function, picklable. Each process gets it once, and runs it on one thread.
        items: Its arguments; each is taken when a process is free.
        jobs: Largest number of processes.
        name: Name of the work in error messages.

    Yields:
        The results, in the order of the items.

    Raises:
        BokwonError: A process died; or what `work` raises.
    """
    early: dict[int, _Outcome[ResultT]] = {}
    due = 0
    # Processes finish their task when the work is stopped. Otherwise a half-written file could remain.
    pairs = run_in_processes(
        partial(_caught, work),
        enumerate(items),
        jobs,
        attempts=1,
        kill=False,
        may_take=lambda: len(early) < _EARLY * jobs,
    )
    with closing(pairs):
        for (number, _), outcome in pairs:
            if isinstance(outcome, Lost):
                fix = "probably memory ran out: run the same command again with a smaller -j"
                raise BokwonError(f"a worker process of {name} died", fix)
            early[number] = outcome
            while due in early:
                result, failure = early.pop(due)
                if failure is not None:
                    raise failure[0] from RuntimeError(f"in a worker process:\n{failure[1]}")
                yield cast(ResultT, result)
                due += 1


def _caught(work: Callable[[TaskT], ResultT]) -> Callable[[tuple[int, TaskT]], _Outcome[ResultT]]:
    import cv2

    # One thread each: OpenCV's threads would slow the other processes down and spoil measured times.
    cv2.setNumThreads(1)

    def call(item: tuple[int, TaskT]) -> _Outcome[ResultT]:
        try:
            return work(item[1]), None
        except Exception as error:
            return None, (_portable(error), format_exc())

    return call


def run_in_processes(
    start: Start[TaskT, ResultT],
    tasks: Iterable[TaskT],
    jobs: int,
    *,
    attempts: int = 2,
    kill: bool = True,
    limit: float | None = None,
    may_take: Callable[[], bool] = lambda: True,
) -> Generator[tuple[TaskT, ResultT | Lost], None, None]:
    """Do tasks in worker processes.

    If a process dies (a decoder crashed, or memory ran out), only its task is affected. It is tried again in a new
    process. If this process dies, the workers die too.

    Args:
        start: Makes the worker in each process; must be picklable. What it makes must not raise.
        tasks: What to do, picklable; taken as a process is free for it.
        jobs: How many processes at most.
        attempts: How often a task is begun at most.
        kill: Whether processes end at once when the work is stopped early, else when they have done their task.
        may_take: Asked before a further task is taken. It may say no only while tasks are being done.
        limit: Seconds that a task may take, without those in which this process is stopped. Then the task's process is
            killed, whatever it is doing, and the task is lost.

    Yields:
        Each task with its result, or with the reason why it has none, in the order in which they finish.

    Raises:
        BokwonError: A process could not start. The error says why.
    """
    # A fresh interpreter per worker: forking a process that has threads (OpenCV, ONNX Runtime) can deadlock.
    context = multiprocessing.get_context("spawn")
    fresh = ((task, 1) for task in tasks)
    again: deque[tuple[TaskT, int]] = deque()
    clock = AwakeClock()
    idle: list[_Worker[TaskT, ResultT]] = []
    busy: dict[Any, _Worker[TaskT, ResultT]] = {}
    try:
        while True:
            while (
                len(busy) < jobs and may_take() and (job := next(fresh, None) or (again.popleft() if again else None))
            ):
                worker = idle.pop() if idle else _Worker(context, start, clock)
                busy[worker.connection] = worker
                worker.give(*job)
            if not busy:
                return
            for connection in wait(list(busy), None if limit is None else min(limit, _LOOK)):
                worker = busy[connection]
                try:
                    message = worker.connection.recv()
                except (EOFError, OSError):
                    del busy[connection]
                    task, attempt = worker.job
                    worker.stop(kill=True)
                    if attempt < attempts:
                        again.append((task, attempt + 1))
                    elif not worker.ready:
                        raise BokwonError(f"a worker process could not start: {worker.ending}", _START_FIX) from None
                    else:
                        yield task, Lost.DIED
                    continue
                if isinstance(message, _Ready):
                    worker.begin(message)
                    continue
                del busy[connection]
                idle.append(worker)
                yield worker.job[0], message
            for connection, worker in list(busy.items()):
                if limit is not None and clock.read() - worker.begun > limit:
                    del busy[connection]
                    worker.stop(kill=True)
                    yield worker.job[0], Lost.OVERDUE
    finally:
        workers = [*idle, *busy.values()]
        for worker in workers:
            worker.dismiss()
        for worker in workers:
            worker.stop(kill=kill)


@dataclass(frozen=True)
class _Ready:
    """The first message of a worker: it has started, or could not start."""

    error: Exception | None = None
    trace: str = ""


class _Worker(Generic[TaskT, ResultT]):
    """A process, the pipe to it and the task it has: with the number of the attempt, and when it was begun."""

    job: tuple[TaskT, int]
    begun: float

    def __init__(self, context: Any, start: Start[TaskT, ResultT], clock: AwakeClock) -> None:
        self._clock = clock
        self.connection: Connection
        self.connection, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(far_end, start), daemon=True)
        self._process.start()
        # Closed here, so that the pipe ends when the process dies.
        far_end.close()
        self.ready = False
        self.ending = ""

    def give(self, task: TaskT, attempt: int) -> None:
        self.job = task, attempt
        self.begun = self._clock.read()
        try:
            self.connection.send(task)
        except OSError:
            # It died meanwhile. The end of the pipe is noticed when its answer is read.
            return

    def begin(self, message: _Ready) -> None:
        """Note that the process has started.

        Raises:
            Exception: It could not.
        """
        self.ready = True
        self.begun = self._clock.read()
        if message.error is None:
            return
        cause = RuntimeError(f"in a worker process:\n{message.trace}")
        if isinstance(message.error, BokwonError):
            raise message.error from cause
        name = type(message.error).__name__
        raise BokwonError(f"a worker process could not start: {name}: {message.error}", _START_FIX) from cause

    def dismiss(self) -> None:
        # The process ends when it next waits for a task or sends a result.
        self.connection.close()

    def stop(self, *, kill: bool) -> None:
        if kill:
            self._process.kill()
        self._process.join()
        code = self._process.exitcode
        self.ending = f"it ended with code {code}" if code >= 0 else f"signal {-code} ended it"
        self._process.close()
        self.connection.close()


def _serve(connection: Connection, start: Start[Any, Any]) -> None:
    # Ctrl-C reaches the whole process group. Only the parent decides what to do about it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        # A decoder that hangs holds Python's lock: the thread below would not run.
        die_with(parent.pid)
    threading.Thread(target=leave_with_parent, daemon=True).start()
    try:
        work = start()
    except Exception as error:
        _send(connection, _Ready(_portable(error), format_exc()))
        return
    _send(connection, _Ready())
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        _send(connection, work(task))


def _send(connection: Connection, message: Any) -> None:
    # If the work was stopped, nobody reads the pipe any more.
    with suppress(BrokenPipeError):
        connection.send(message)


def _portable(error: Exception) -> Exception:
    """Return the error if it can be pickled, else a `RuntimeError` with its text.

    Pickling drops the cause of an error. If it is too little memory, the error returned is that.
    """
    if is_out_of_memory(error):
        return as_bokwon_error("a worker process", error)
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def leave_with_parent() -> None:
    """End this process when its parent ends. Runs in a thread.

    A parent that is killed cannot stop its workers; they would wait forever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
