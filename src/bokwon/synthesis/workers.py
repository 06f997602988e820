"""Spreads pure work over processes, results in the order of the tasks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

import cv2

__all__ = ["map_in_processes"]

Task = TypeVar("Task")
Result = TypeVar("Result")


def map_in_processes(function: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """Apply a function to every task, in this process or in several.

    Args:
        function: Importable by name; must depend on its argument only.
        tasks: Arguments.
        jobs: Number of processes; 1 works in this one.

    Yields:
        The results in the order of the tasks.
    """
    if jobs == 1 or len(tasks) < 2:
        yield from map(function, tasks)
        return
    # A fresh interpreter per worker: forking a process that has threads (OpenCV, the progress bar) can lock up.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context, initializer=_start_worker)
    try:
        waiting = iter(tasks)
        # Few tasks are queued at a time, so that an interrupt has little to wait for.
        running: list[Future[Result]] = [pool.submit(function, task) for task in islice(waiting, 2 * jobs)]
        while running:
            yield running.pop(0).result()
            running.extend(pool.submit(function, task) for task in islice(waiting, 1))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    # The processes share the cores already; OpenCV's own threads would only get in each other's way.
    cv2.setNumThreads(1)
