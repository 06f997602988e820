"""Processes that work on uploads and decode pages. A decoder that crashes or hangs ends only its own request."""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import monotonic
from traceback import format_exc
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import BokwonError
from bokwon.serve.jobs import Job, JobCancelled
from bokwon.serve.problems import HttpError
from bokwon.utilities.memory import as_bokwon_error
from bokwon.utilities.processes import leave_with_parent
from bokwon.utilities.time_limit import overdue

__all__ = ["Processes", "Progress", "Work", "WorkLostError"]

Progress = Callable[[float], None]
"""Told the share of the work that is done, in [0, 1]."""

Work = Callable[[Any, Progress], Any]
"""Does one task: picklable, as are the task and what it returns."""

_logger = logging.getLogger(__name__)

_LOOK = 0.1
"""Seconds between two looks at whether the work is cancelled or overdue."""
_START = 300.0
"""Seconds that a process may take to start, beside those of its first task."""
_PIECE = 1 << 16
"""Bytes of a large result that are sent at a time. Each piece is held twice for a moment, so small ones are faster."""


class WorkLostError(HttpError):
    """The process that worked on a file died.

    Args:
        name: Name of the file.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            503,
            "The work was lost",
            f"the process that worked on {name} crashed, because of a damaged file or too little memory",
            "try it again; if it crashes again, get another copy of the file, or a smaller one",
        )


@dataclass(frozen=True)
class _Done:
    """The end of a task.

    Attributes:
        result: What it returned.
        error: Or why there is no result.
        trace: Where that came about, if nobody expected it.
    """

    result: Any = None
    error: BokwonError | None = None
    trace: str = ""


@dataclass(frozen=True)
class _Coming:
    """A result whose arrays follow, in pieces.

    Attributes:
        pickled: The result without the samples of its arrays.
        sizes: Bytes of each of these.
    """

    pickled: bytes
    sizes: tuple[int, ...]


class Processes:
    """A pool of processes that grows as needed. Idle processes are kept for the next task.

    Args:
        work: The function that they run.
        limit: Seconds that a task may take.
    """

    def __init__(self, work: Work, *, limit: float) -> None:
        self._work = work
        self._limit = limit
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._closed = False

    def prepare(self) -> None:
        """Start a process for the next task, without waiting for it."""
        with self._lock:
            if not self._idle and not self._closed:
                self._idle.append(_Process(self._work))

    def run(self, task: Any, job: Job | None, *, name: str) -> Any:
        """Do a task in a process, from any thread.

        Args:
            task: What to do, picklable.
            job: Receives the progress. If it is cancelled, the process is ended at once. None: nobody wants to know.
            name: Name of the file, for messages.

        Returns:
            What the work returned.

        Raises:
            BokwonError: The work raised it, took too long, or its process died.
            JobCancelled: The job is to stop.
        """
        with self._lock:
            process = self._idle.pop() if self._idle else None
        process = process or _Process(self._work)
        try:
            done = process.do(task, job, self._limit, name)
        except BaseException:
            process.stop()
            raise
        with self._lock:
            keep = not self._closed
            if keep:
                process.idle_since = monotonic()
                self._idle.append(process)
        if not keep:
            process.stop()
        if done.trace:
            _logger.error("%s failed unexpectedly\n%s", name, done.trace)
        if done.error is not None:
            raise done.error
        return done.result

    def release(self, idle: float = 0.0, *, keep: int = 0) -> None:
        """End the processes that have been idle for some seconds, to free their memory.

        Args:
            idle: How many seconds.
            keep: How many processes stay all the same.
        """
        with self._lock:
            old = [process for process in self._idle[keep:] if monotonic() - process.idle_since >= idle]
            self._idle = [process for process in self._idle if process not in old]
        for process in old:
            process.stop()

    def close(self) -> None:
        """End all processes. Busy ones finish their task first."""
        with self._lock:
            self._closed = True
        self.release()


class _Process:
    """A process and the pipe to it."""

    def __init__(self, work: Work) -> None:
        # A fresh interpreter: forking a process that has threads can lock up.
        context = multiprocessing.get_context("spawn")
        self._connection: Connection
        self._connection, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(far_end, work), daemon=True)
        self._process.start()
        # Closed here, so that the death of the process ends the pipe.
        far_end.close()
        self._ready = False
        self.idle_since = monotonic()

    def do(self, task: Any, job: Job | None, limit: float, name: str) -> _Done:
        # What it takes to start a process on a busy machine is not the file's fault.
        until = monotonic() + limit + (0 if self._ready else _START)
        try:
            self._connection.send(task)
            while True:
                if self._connection.poll(_LOOK):
                    message = self._connection.recv()
                    if isinstance(message, _Coming):
                        return self._receive(message)
                    if message is None:
                        self._ready, until = True, monotonic() + limit
                    elif job is not None:
                        job.progress(message)
                if job is not None and job.cancelled:
                    raise JobCancelled
                if monotonic() > until:
                    raise overdue(name, limit)
        except (EOFError, OSError) as error:
            raise WorkLostError(name) from error

    def _receive(self, coming: _Coming) -> _Done:
        buffers: list[NDArray[np.uint8]] = []
        for size in coming.sizes:
            buffers.append(np.empty(size, np.uint8))
            for start in range(0, size, _PIECE):
                self._connection.recv_bytes_into(buffers[-1].data, start)
        done: _Done = pickle.loads(coming.pickled, buffers=buffers)
        return done

    def stop(self) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()
        self._connection.close()


def _serve(connection: Connection, work: Work) -> None:
    # Ctrl-C reaches the whole group; the parent says what is to be done about it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=leave_with_parent, daemon=True).start()
    # Nobody waits for results any more where the work was stopped.
    with suppress(EOFError, OSError):
        # It has loaded what the work needs: the time of the task begins.
        connection.send(None)
        while True:
            _send(connection, _do(work, connection.recv(), connection.send))


def _send(connection: Connection, done: _Done) -> None:
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(done, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    connection.send(_Coming(pickled, tuple(view.nbytes for view in views)))
    for view in views:
        for start in range(0, view.nbytes, _PIECE):
            connection.send_bytes(view[start : start + _PIECE])


def _do(work: Work, task: Any, progress: Progress) -> _Done:
    try:
        return _Done(work(task, progress))
    except BokwonError as error:
        return _Done(error=error)
    except Exception as error:
        return _Done(error=as_bokwon_error("the file", error), trace=format_exc())
