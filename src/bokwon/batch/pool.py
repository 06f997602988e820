"""Work spread over processes that may die: every task comes back, with its result or with the news of its death."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from bokwon.utilities.processes import leave_with_parent

__all__ = ["run_in_processes"]

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

Start = Callable[[], Callable[[TaskT], ResultT]]
"""Makes what works: run once in each process, so that it can load what it needs."""


def run_in_processes(
    start: Start[TaskT, ResultT], tasks: Sequence[TaskT], jobs: int, *, attempts: int = 2
) -> Iterator[tuple[TaskT, ResultT | None]]:
    """Do tasks in processes of their own.

    A process that dies, by a decoder's crash or for want of memory, takes only its task with it; that is tried again in
    a new process. If this process dies, the others do.

    Args:
        start: Makes the worker in each process; must be picklable, and what it makes must not raise.
        tasks: What to do, picklable.
        jobs: How many processes.
        attempts: How often a task is begun at most.

    Yields:
        Tasks with their results as they are done, in any order; None for a task whose process died each time.
    """
    waiting = deque((task, 1) for task in tasks)
    # A fresh interpreter per worker: forking a process that has threads (OpenCV, ONNX Runtime) can lock up.
    context = multiprocessing.get_context("spawn")
    workers = [_Worker[TaskT, ResultT](context, start) for _ in range(min(jobs, len(tasks)))]
    try:
        while waiting or any(worker.task for worker in workers):
            for worker in workers:
                if worker.task is None and waiting:
                    worker.give(*waiting.popleft())
            busy = {worker.connection: worker for worker in workers if worker.task}
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                task, attempt = worker.take_back()
                try:
                    result = worker.connection.recv()
                except (EOFError, OSError):
                    worker.stop()
                    workers[workers.index(worker)] = _Worker(context, start)
                    if attempt < attempts:
                        waiting.append((task, attempt + 1))
                    else:
                        yield task, None
                    continue
                yield task, result
    finally:
        for worker in workers:
            worker.stop()


class _Worker(Generic[TaskT, ResultT]):
    """A process, the pipe to it and the task it has."""

    def __init__(self, context: Any, start: Start[TaskT, ResultT]) -> None:
        self.connection: Connection
        self.connection, far_end = context.Pipe()
        self.task: tuple[TaskT, int] | None = None
        self._process = context.Process(target=_serve, args=(far_end, start), daemon=True)
        self._process.start()
        # Closed here, so that the death of the process ends the pipe.
        far_end.close()

    def give(self, task: TaskT, attempt: int) -> None:
        self.task = task, attempt
        try:
            self.connection.send(task)
        except OSError:
            # It died meanwhile; the end of the pipe is met when its answer is waited for.
            return

    def take_back(self) -> tuple[TaskT, int]:
        if self.task is None:
            raise RuntimeError("the worker has no task")
        task, self.task = self.task, None
        return task

    def stop(self) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()


def _serve(connection: Connection, start: Start[Any, Any]) -> None:
    # Ctrl-C reaches the whole group; the parent says what is to be done about it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=leave_with_parent, daemon=True).start()
    work = start()
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        connection.send(work(task))
