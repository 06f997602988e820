"""The queue of work: bounds, order, progress, cancelling, events."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any

import pytest

from bokwon.errors import InputFileError
from bokwon.serve.jobs import Job, JobCancelled, Jobs, Outcome
from bokwon.serve.problems import HttpError

SOON = 20
"""Seconds that nothing here takes."""


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    queue = Jobs(2, most_waiting=3)
    yield queue
    queue.close(wait=SOON)


def test_a_job_is_done_and_remembered(jobs: Jobs) -> None:
    job = jobs.submit("add", lambda job: 1 + 1, page="leaf")
    assert job.future.result(SOON) == 2
    assert jobs.get(job.id) is job
    assert job.facts() == {
        "id": job.id,
        "kind": "add",
        "page": "leaf",
        "state": "done",
        "progress": 1.0,
        "problem": None,
        "background": False,
        "outcome": None,
    }


def test_what_comes_of_many_pages_is_counted_and_failures_are_told_at_the_end(jobs: Jobs) -> None:
    seen: list[dict[str, Any]] = []

    def work(job: Job) -> None:
        job.outcome = Outcome()
        job.outcome.done["restored"] += 2
        job.outcome.skipped["approved"] += 1
        for number in range(150):
            job.outcome.fail(f"{number}", f"{number}.png", {"title": "t", "detail": "d", "fix": "f"}, 3)
        seen.append(job.facts()["outcome"])

    job = jobs.submit("restore", work, background=True)
    job.future.result(timeout=10)
    assert seen == [{"done": {"restored": 2}, "skipped": {"approved": 1}, "failed": 450, "failures": []}]
    told = job.facts()
    assert told["background"]
    assert len(told["outcome"]["failures"]) == 100
    assert told["outcome"]["failures"][7]["problem"] == {"title": "t", "detail": "d", "fix": "f"}


def test_unfinished_work_is_listed_in_order(jobs: Jobs) -> None:
    go = threading.Event()
    listed = [jobs.submit(name, lambda _: go.wait(10)) for name in ("one", "two", "three")]
    assert jobs.unfinished() == listed
    go.set()
    for job in listed:
        job.future.result(timeout=10)
    assert jobs.unfinished() == []


def test_errors_become_problems(jobs: Jobs) -> None:
    def fail(job: Job) -> None:
        raise InputFileError("leaf.png is damaged", "get a copy")

    job = jobs.submit("fail", fail)
    with pytest.raises(InputFileError):
        job.future.result(SOON)
    assert job.state == "failed"
    assert job.problem is not None
    assert (job.problem["detail"], job.problem["status"]) == ("leaf.png is damaged", 422)


def test_an_unexpected_error_is_logged_and_ends_no_worker(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    def fail(job: Job) -> None:
        raise SystemExit(3)

    with caplog.at_level(logging.ERROR):
        failed = [jobs.submit("fail", fail) for _ in range(3)]
        for job in failed:
            with pytest.raises(SystemExit):
                job.future.result(SOON)
    assert [record.getMessage() for record in caplog.records] == ["a job (fail) failed unexpectedly"] * 3
    assert jobs.submit("fine", lambda job: "fine").future.result(SOON) == "fine"


def test_only_so_many_jobs_wait(jobs: Jobs) -> None:
    go = threading.Event()
    started = threading.Semaphore(0)

    def wait(job: Job) -> bool:
        started.release()
        return go.wait(SOON)

    running = [jobs.submit("wait", wait) for _ in range(2)]
    assert all(started.acquire(timeout=SOON) for _ in running)
    waiting = [jobs.submit("wait", wait) for _ in range(3)]
    with pytest.raises(HttpError, match="3 jobs are waiting already") as refused:
        jobs.submit("wait", wait)
    assert refused.value.status == 429
    assert [job.state for job in running + waiting] == ["running"] * 2 + ["queued"] * 3
    go.set()
    assert all(job.future.result(SOON) for job in running + waiting)


def test_background_jobs_leave_a_worker_free(jobs: Jobs) -> None:
    go = threading.Event()
    slow = [jobs.submit("folder", lambda job: go.wait(SOON), background=True) for _ in range(2)]
    assert jobs.submit("region", lambda job: "quick").future.result(SOON) == "quick"
    assert sorted(job.state for job in slow) in (["queued", "running"], ["queued", "queued"])
    go.set()
    assert all(job.future.result(SOON) for job in slow)


def test_one_worker_does_background_jobs_too() -> None:
    jobs = Jobs(1)
    assert jobs.submit("folder", lambda job: 7, background=True).future.result(SOON) == 7
    jobs.close(wait=SOON)


def test_a_running_job_stops_when_it_tells_its_progress(jobs: Jobs) -> None:
    begun, cancelled = threading.Event(), threading.Event()

    def work(job: Job) -> None:
        job.progress(0.25)
        begun.set()
        cancelled.wait(SOON)
        try:
            job.progress(0.5)
        except Exception:
            raise AssertionError("taken for a fault of the file") from None

    job = jobs.submit("work", work)
    assert begun.wait(SOON)
    assert jobs.cancel(job.id) is job
    cancelled.set()
    with pytest.raises(CancelledError):
        job.future.result(SOON)
    assert (job.state, job.share, job.cancelled) == ("cancelled", 0.25, True)


def test_a_waiting_job_is_cancelled_at_once(jobs: Jobs) -> None:
    go = threading.Event()
    for _ in range(2):
        jobs.submit("wait", lambda job: go.wait(SOON))
    job = jobs.submit("never", lambda job: pytest.fail("it ran"))
    jobs.cancel(job.id)
    assert job.state == "cancelled"
    assert job.future.cancelled()
    go.set()


def test_what_is_done_or_unknown_is_not_cancelled(jobs: Jobs) -> None:
    job = jobs.submit("quick", lambda job: 1)
    job.future.result(SOON)
    assert jobs.cancel(job.id) is job
    assert (job.state, job.cancelled) == ("done", False)
    assert jobs.cancel("unknown") is jobs.get("unknown") is None


def test_a_waiter_that_left_ends_no_worker(jobs: Jobs) -> None:
    go = threading.Event()
    left = [jobs.submit("wait", lambda job: go.wait(SOON)) for _ in range(2)]
    for job in left:
        job.future.cancel()
    go.set()
    assert jobs.submit("next", lambda job: 1).future.result(SOON) == 1


def test_old_jobs_are_forgotten(monkeypatch: pytest.MonkeyPatch, jobs: Jobs) -> None:
    monkeypatch.setattr("bokwon.serve.jobs._KEPT", 2)
    done = []
    for _ in range(4):
        done.append(jobs.submit("quick", lambda job: 1))
        done[-1].future.result(SOON)
    assert [jobs.get(job.id) is job for job in done] == [False, True, True, True]


def test_listeners_are_told_of_jobs_and_other_events(jobs: Jobs) -> None:
    def work(job: Job) -> None:
        job.progress(0.5)

    async def hear() -> list[dict[str, Any]]:
        heard = []
        events = jobs.listen()
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        jobs.tell({"type": "page", "id": "leaf"})
        heard.append(await asyncio.wait_for(first, SOON))
        jobs.submit("work", work)
        while heard[-1].get("state") != "done":
            heard.append(await asyncio.wait_for(anext(events), SOON))
        await events.aclose()  # type: ignore[attr-defined]
        return heard

    heard = asyncio.run(hear())
    assert heard[0] == {"type": "page", "id": "leaf"}
    states = [(event["type"], event["state"], event["progress"]) for event in heard[1:]]
    assert sorted(set(states)) == sorted(
        {("job", "queued", 0.0), ("job", "running", 0.0), ("job", "running", 0.5), ("job", "done", 1.0)}
    )
    assert states[-1] == ("job", "done", 1.0)


def test_a_listener_that_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch, jobs: Jobs) -> None:
    monkeypatch.setattr("bokwon.serve.jobs._UNREAD", 2)

    async def read() -> list[int]:
        return [event["number"] async for event in jobs.listen()]

    async def hear() -> list[int]:
        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        for number in range(5):
            jobs.tell({"type": "page", "number": number})
        return await asyncio.wait_for(reading, SOON)

    assert len(asyncio.run(hear())) < 3


def test_closing_lets_listeners_go_and_takes_no_more_work() -> None:
    jobs = Jobs(1)
    running = threading.Event()

    def work(job: Job) -> None:
        running.set()
        while True:
            job.progress(0.0)

    async def hear() -> list[dict[str, Any]]:
        threading.Timer(0.1, jobs.close).start()
        return [event async for event in jobs.listen()]

    job, waiting = jobs.submit("work", work), jobs.submit("wait", work)
    assert running.wait(SOON)
    asyncio.run(asyncio.wait_for(hear(), SOON))
    jobs.close(wait=SOON)
    assert job.state == waiting.state == "cancelled"
    with pytest.raises(HttpError, match="no more work") as refused:
        jobs.submit("late", work)
    assert refused.value.status == 503
    with pytest.raises(JobCancelled):
        job.progress(1.0)


def test_nobody_listens_to_a_closed_queue() -> None:
    jobs = Jobs(1)
    jobs.close(wait=SOON)

    async def hear() -> list[dict[str, Any]]:
        return [event async for event in jobs.listen()]

    assert asyncio.run(hear()) == []
