"""Long work outside of requests: a bounded queue, a few threads, progress and cancelling."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from time import monotonic
from typing import Any, Literal

from bokwon.errors import BokwonError
from bokwon.serve.problems import HttpError, facts_of
from bokwon.utilities.memory import as_bokwon_error

__all__ = ["Job", "JobCancelled", "Jobs", "Outcome", "State"]

_logger = logging.getLogger(__name__)

State = Literal["queued", "running", "done", "failed", "cancelled"]

_MOST_FAILURES = 100
"""How many failures of a job are told one by one; all are counted."""
_KEPT = 1000
"""How many finished jobs can still be asked for."""
_UNREAD = 1000
"""How many events wait for a listener. One that reads no more is let go; it may listen again."""
_BETWEEN = 0.1
"""Seconds between two events of one job's progress."""


class JobCancelled(BaseException):
    """Ends the work of a cancelled job.

    Like `KeyboardInterrupt` it is not an `Exception`. Otherwise handlers for damaged files would catch it.
    """


class Outcome:
    """The result of work on many pages. One thread counts, others may read.

    Attributes:
        done: Number of pages of each result, such as `restored`.
        skipped: Number of pages that were left out for each reason.
        failed: Number of pages that failed.
    """

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.failed = 0
        self._failures: list[dict[str, Any]] = []

    def fail(self, page: str, name: str, problem: Mapping[str, Any], pages: int) -> None:
        """Count a file that failed.

        Args:
            page: Id of its first page.
            name: Its name.
            problem: Members of an RFC 9457 problem.
            pages: How many pages failed with it.
        """
        self.failed += pages
        if len(self._failures) < _MOST_FAILURES:
            self._failures.append({"page": page, "name": name, "problem": dict(problem)})

    def facts(self, *, failures: bool) -> dict[str, Any]:
        """Return the counts for clients; on request with the failures one by one."""
        told: dict[str, Any] = {"done": dict(self.done), "skipped": dict(self.skipped), "failed": self.failed}
        return {**told, "failures": list(self._failures) if failures else []}


class Job:
    """One piece of work. Its function receives the job, to report progress and to stop when it is cancelled.

    Args:
        kind: What is done, such as `restore`.
        page: The page it is about; None for others.
        background: Whether it leaves one worker free for interactive work.

    Attributes:
        id: Names it; hard to guess.
        state: Its state in the queue.
        share: How much is done, in [0, 1].
        problem: Why it failed, as members of an RFC 9457 problem; else None.
        future: Holds the function's result or exception. Cancelled if the job is. The job is kept after its end, and
            its result with it: functions return small values, and leave large ones in files.
        cancelled: Whether it is to stop.
        outcome: Result of the pages of a folder so far; None for other work.
    """

    def __init__(self, kind: str, page: str | None, *, background: bool, tell: Callable[[Job], None]) -> None:
        self.id = secrets.token_urlsafe(12)
        self.kind = kind
        self.page = page
        self.background = background
        self.state: State = "queued"
        self.share = 0.0
        self.problem: dict[str, Any] | None = None
        self.future: Future[Any] = Future()
        self.cancelled = False
        self.outcome: Outcome | None = None
        self._tell = tell
        self._told = 0.0

    def progress(self, share: float) -> None:
        """Tell how much is done.

        Args:
            share: In [0, 1].

        Raises:
            JobCancelled: The job is to stop.
        """
        if self.cancelled:
            raise JobCancelled
        self.share = min(max(share, 0.0), 1.0)
        if monotonic() - self._told >= _BETWEEN:
            self._told = monotonic()
            self._tell(self)

    @property
    def is_over(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self.state not in ("queued", "running")

    def facts(self) -> dict[str, Any]:
        """Return the facts about it that clients receive."""
        return {
            "id": self.id,
            "kind": self.kind,
            "page": self.page,
            "state": self.state,
            "progress": round(self.share, 4),
            "problem": self.problem,
            "background": self.background,
            "outcome": None if self.outcome is None else self.outcome.facts(failures=self.is_over),
        }


class Jobs:
    """The queue of all work, and the threads that do it.

    Args:
        workers: How many jobs run at a time, 1 or more.
        most_waiting: How many more may wait.
    """

    def __init__(self, workers: int = 2, *, most_waiting: int = 64) -> None:
        self.workers = workers
        self._most_waiting = most_waiting
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Job, Callable[[Job], Any]]] = deque()
        self._running: set[Job] = set()
        self._known: dict[str, Job] = {}
        self._listeners: dict[asyncio.Queue[dict[str, Any] | None], asyncio.AbstractEventLoop] = {}
        self._closed = False
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(
        self, kind: str, function: Callable[[Job], Any], *, page: str | None = None, background: bool = False
    ) -> Job:
        """Put work into the queue.

        Args:
            kind: What is done, such as `restore`.
            function: Does it, in a thread. It is given the job, should call its `progress` often, and may raise.
            page: The page it is about.
            background: Whether it leaves one worker free for other work. Jobs over a whole folder should.

        Raises:
            HttpError: Too many jobs are waiting already (429), or the server is stopping (503).
        """
        job = Job(kind, page, background=background, tell=lambda job: self.tell({"type": "job", **job.facts()}))
        with self._changed:
            if self._closed:
                raise HttpError(503, "The server is stopping", "the server takes no more work", "start it again")
            if len(self._waiting) >= self._most_waiting:
                raise HttpError(
                    429, "Too many requests", f"{len(self._waiting)} jobs are waiting already", "try again later"
                )
            self._waiting.append((job, function))
            self._known[job.id] = job
            self._forget()
            self._changed.notify_all()
        self.tell({"type": "job", **job.facts()})
        return job

    def get(self, name: str) -> Job | None:
        """Return the job of an id; None if there is none."""
        return self._known.get(name)

    def unfinished(self) -> list[Job]:
        """Return the jobs that wait or run, in the order in which they were submitted."""
        with self._changed:
            return [job for job in self._known.values() if not job.is_over]

    def cancel(self, name: str) -> Job | None:
        """Stop a job. A waiting job stops at once, a running one when it next reports progress.

        Returns:
            The job; None if there is none of this id.
        """
        with self._changed:
            job = self._known.get(name)
            if job is None or job.is_over:
                return job
            job.cancelled = True
            waiting = next((item for item in self._waiting if item[0] is job), None)
            if waiting is not None:
                self._waiting.remove(waiting)
        if waiting is not None:
            self._finish(job, "cancelled")
        return job

    def tell(self, event: dict[str, Any]) -> None:
        """Send an event to everyone who listens; from any thread.

        Args:
            event: With a `type`; values that JSON can hold.
        """
        with self._changed:
            for queue, loop in self._listeners.items():
                # The loop may have ended meanwhile, and its listener with it.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_put, queue, event)

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """Yield events as they happen, until the queue is closed or the listener is too slow."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(_UNREAD)
        with self._changed:
            if self._closed:
                return
            self._listeners[queue] = asyncio.get_running_loop()
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            with self._changed:
                self._listeners.pop(queue, None)

    def close(self, *, wait: float = 0.0) -> None:
        """Take no more work, cancel waiting jobs, ask running ones to stop, and release listeners.

        Args:
            wait: Seconds to wait until running jobs have stopped.
        """
        with self._changed:
            self._closed = True
            names = [job.id for job, _ in self._waiting] + [job.id for job in self._running]
            self._changed.notify_all()
        for name in names:
            self.cancel(name)
        with self._changed:
            for queue, loop in self._listeners.items():
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_put, queue, None)
        until = monotonic() + wait
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def _forget(self) -> None:
        finished = [name for name, job in self._known.items() if job.is_over]
        for name in finished[: max(0, len(finished) - _KEPT)]:
            del self._known[name]

    def _work(self) -> None:
        while (item := self._next()) is not None:
            job, function = item
            self.tell({"type": "job", **job.facts()})
            try:
                result = function(job)
            except JobCancelled:
                self._finish(job, "cancelled")
            except BaseException as error:
                self._finish(job, "failed", error=error)
            else:
                self._finish(job, "done", result)
            # Not kept until the next one comes.
            del item, job, function

    def _next(self) -> tuple[Job, Callable[[Job], Any]] | None:
        """Wait for the next job that may run; None when there will be none."""
        with self._changed:
            while True:
                busy = sum(job.background for job in self._running)
                free = max(1, self.workers - 1) - busy
                item = next((item for item in self._waiting if free > 0 or not item[0].background), None)
                if item is not None:
                    self._waiting.remove(item)
                    self._running.add(item[0])
                    item[0].state = "running"
                    return item
                if self._closed:
                    return None
                self._changed.wait()

    def _finish(self, job: Job, state: State, result: Any = None, error: BaseException | None = None) -> None:
        if error is not None:
            if not isinstance(error, BokwonError):
                _logger.error("a job (%s) failed unexpectedly", job.kind, exc_info=error)
            told = as_bokwon_error("the job", error) if isinstance(error, Exception) else BokwonError(repr(error))
            job.problem = facts_of(told)
        with self._changed:
            self._running.discard(job)
            job.state = state
            job.share = 1.0 if state == "done" else job.share
            self._changed.notify_all()
        self.tell({"type": "job", **job.facts()})
        # Who waited for it may have gone, and cancelled the future.
        with suppress(InvalidStateError):
            if state == "cancelled":
                job.future.cancel()
            elif error is not None:
                job.future.set_exception(error)
            else:
                job.future.set_result(result)


def _put(queue: asyncio.Queue[dict[str, Any] | None], event: dict[str, Any] | None) -> None:
    try:
        queue.put_nowait(event)
    except asyncio.QueueFull:
        # Its reader is gone or far behind: the oldest event makes place for the end.
        queue.get_nowait()
        queue.put_nowait(None)
