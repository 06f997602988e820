"""Work in processes of their own: one thread each, and never more work waiting than they can take."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

from bokwon.errors import BokwonError

__all__ = ["available_cores", "in_processes", "leave_with_parent", "map_in_processes"]

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def available_cores() -> int:
    """Return how many processor cores this process may use: in a container fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(function: Callable[[Item], Outcome], tasks: Sequence[Item], jobs: int) -> Iterator[Outcome]:
    """Apply a function to every task: in this process for one job or one task, else as `in_processes`.

    Args:
        function: Importable by name; must depend on its argument only.
        tasks: Arguments.
        jobs: Number of processes.

    Yields:
        The results in the order of the tasks.

    Raises:
        BokwonError: A process died; or what `function` raises.
    """
    if jobs == 1 or len(tasks) < 2:
        yield from map(function, tasks)
    else:
        yield from in_processes(function, tasks, min(jobs, len(tasks)), "this command")


def in_processes(work: Callable[[Item], Outcome], items: Iterable[Item], jobs: int, name: str) -> Iterator[Outcome]:
    """Do something with every item in fresh processes, even with one job: nothing of the caller's is in their memory.

    Args:
        work: A function of a module.
        items: What it is given; taken as it is needed.
        jobs: Number of processes.
        name: What an error calls the work.

    Yields:
        What `work` returns, in the order of the items.

    Raises:
        BokwonError: A process died; or what `work` raises.
    """
    # A fresh interpreter per worker: forking a process that has threads (OpenCV, the progress bar) can lock up.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker)
    try:
        waiting = iter(items)
        running: list[Future[Outcome]] = [pool.submit(work, item) for item in islice(waiting, 2 * jobs)]
        while running:
            yield running.pop(0).result()
            running.extend(pool.submit(work, item) for item in islice(waiting, 1))
    except BrokenExecutor as error:
        fix = "probably memory ran out: run the same command again with a smaller -j"
        raise BokwonError(f"a worker process of {name} died", fix) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    import cv2

    # One thread each; OpenCV's own would get in the way of the other processes and of the clock.
    cv2.setNumThreads(1)
    # Ctrl-C reaches every process of a terminal; the first one ends the others in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=leave_with_parent, daemon=True).start()


def leave_with_parent() -> None:
    """End this process when the one that began it ends; run in a thread.

    A process that is killed cannot shut its workers down: they would wait for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
