"""Work spread over a Ray cluster: what `bokwon.utilities.processes` does on one machine, on many."""

from __future__ import annotations

import importlib
import logging
import math
import os
import re
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, Generic, TypeVar

from bokwon.errors import BokwonError, FileAccessError, MissingDependencyError
from bokwon.utilities.awake_clock import AwakeClock
from bokwon.utilities.processes import Lost

__all__ = ["check_ray", "run_on_cluster"]

_REFUSED = "correct what it says, or leave out --cluster"
_PATIENCE = 10.0
"""How long to wait for a cluster to answer, seconds."""
_MACHINES = 3
"""A task is given up after this many machines died while they worked on it: the task may be the cause."""
_LOOK = 0.2
"""Seconds between two looks at the clock where there is a limit of time."""

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


def check_ray() -> None:
    """Make sure that Ray is installed, without loading it.

    Raises:
        MissingDependencyError: It is not.
    """
    if find_spec("ray") is None:
        raise MissingDependencyError("Ray is not installed", "pip install 'bokwon[cluster]'")


def run_on_cluster(
    start: Callable[[], Callable[[TaskT], ResultT]],
    tasks: Sequence[TaskT],
    *,
    address: str | None = None,
    jobs: int | None = None,
    threads: int = 1,
    attempts: int = 2,
    limit: float | None = None,
) -> Iterator[tuple[TaskT, ResultT | Lost]]:
    """Do tasks in actors of a Ray cluster.

    Ray places the actors. If one dies, a new one is made, and the task is begun again.

    Args:
        start: Makes the worker in each actor, once; must be picklable.
        tasks: What to do, picklable.
        address: Of the cluster, where this process is in none yet: `HOST:PORT`, `ray://HOST:PORT`, or `local` for one
            of this machine alone that ends with the work. By default the one that RAY_ADDRESS names or that runs here,
            else a local one.
        jobs: Number of actors; by default one for each processor of the cluster.
        threads: Processors an actor needs.
        attempts: How often the process of a task may die before the task is given up. The death of a machine does not
            count, but a task is also given up with its third machine.
        limit: Seconds that a task may take. Then its actor is killed, and another one is made.

    Yields:
        Tasks with their results as they are done, in any order, or why they have none.

    Raises:
        BokwonError: A worker cannot be made on one of the nodes.
        FileAccessError: There is no cluster at that address.
        MissingDependencyError: Ray is not installed.
    """
    if not tasks:
        return
    check_ray()
    ray, ours = _connect(address)
    try:
        count = jobs or max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
        kind = ray.remote(_Worker).options(num_cpus=threads)
        yield from _do(ray, lambda: kind.remote(start), min(count, len(tasks)), tasks, limit, attempts)
    finally:
        if ours:
            ray.shutdown()


class _Worker(Generic[TaskT, ResultT]):
    """An actor: what `start` made, once."""

    def __init__(self, start: Callable[[], Callable[[TaskT], ResultT]]) -> None:
        self._start = start
        self._work: Callable[[TaskT], ResultT] | None = None

    def begin(self) -> str:
        """Make the worker; return the node's identifier."""
        # Not in the constructor, because Ray hides errors from there, and the user must see them.
        self._work = self._start()
        return str(importlib.import_module("ray").get_runtime_context().get_node_id())

    def do(self, task: TaskT) -> ResultT:
        if self._work is None:
            raise RuntimeError("a worker is given work before it has begun")
        return self._work(task)


@dataclass(frozen=True)
class _Turn(Generic[TaskT]):
    """A task, and how often its process and its machine died."""

    task: TaskT
    deaths: int = 0
    machines: int = 0


@dataclass(frozen=True)
class _Call(Generic[TaskT]):
    """The turn that an actor works on, its node, and the start time; no turn while the worker is made."""

    actor: Any
    turn: _Turn[TaskT] | None = None
    node: str | None = None
    since: float = math.inf


def _do(
    ray: Any,
    make: Callable[[], Any],
    count: int,
    tasks: Sequence[TaskT],
    limit: float | None,
    attempts: int = 2,
) -> Iterator[tuple[TaskT, ResultT | Lost]]:
    waiting = deque(_Turn(task) for task in tasks)
    clock = AwakeClock()
    # An actor is given tasks once it runs: on a full cluster some may never find room.
    running: dict[Any, _Call[TaskT]] = {}

    def begin() -> None:
        actor = make()
        running[actor.begin.remote()] = _Call(actor)

    for _ in range(count):
        begin()
    again = (attempts - 1) * count
    while waiting or any(call.turn is not None for call in running.values()):
        if not running:
            yield from ((turn.task, Lost.DIED) for turn in waiting)
            return
        for reference in ray.wait(list(running), timeout=None if limit is None else _LOOK)[0]:
            call = running.pop(reference)
            try:
                result = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise error.cause if isinstance(error.cause, BokwonError) else error from None
            # Ray kills a worker when its machine runs out of memory.
            except (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError):
                # It may be alive and at work, and only out of reach.
                ray.kill(call.actor, no_restart=True)
                if call.turn is None:
                    # Workers that die each time they begin are given up.
                    if again and waiting:
                        again -= 1
                        begin()
                    continue
                turn = _after_death(ray, call.turn, call.node)
                lost = turn.deaths >= attempts or turn.machines >= _MACHINES
                if not lost:
                    waiting.appendleft(turn)
                if waiting:
                    begin()
                if lost:
                    yield turn.task, Lost.DIED
                continue
            if waiting:
                following = waiting.popleft()
                node = result if call.turn is None else call.node
                running[call.actor.do.remote(following.task)] = _Call(call.actor, following, node, clock.read())
            if call.turn is not None:
                yield call.turn.task, result
        for reference, call in list(running.items()):
            if limit is not None and call.turn is not None and clock.read() - call.since > limit:
                del running[reference]
                ray.kill(call.actor, no_restart=True)
                if waiting:
                    begin()
                yield call.turn.task, Lost.OVERDUE


def _after_death(ray: Any, turn: _Turn[TaskT], node: str | None) -> _Turn[TaskT]:
    """Count a death: as one of the machine if the machine is gone, else as one of the process."""
    if node in {each["NodeID"] for each in ray.nodes() if each["Alive"]}:
        return replace(turn, deaths=turn.deaths + 1)
    return replace(turn, machines=turn.machines + 1)


def _connect(address: str | None) -> tuple[Any, bool]:
    """Return Ray, connected, and whether it was not before."""
    # Read while Ray is loaded and by the processes it starts: nothing is sent to its makers.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # By name: loading its types would take the checker longer than all of bokwon.
    ray = importlib.import_module("ray")
    if ray.is_initialized():
        return ray, False
    where = address or os.environ.get("RAY_ADDRESS") or "this machine"
    _knock(where)
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    # Ray puts its own handler in the place of the command's, which then could not end the run in order.
    before = signal.getsignal(signal.SIGTERM)
    try:
        # Only a cluster that is begun here has a dashboard to leave out.
        begun_here = {"include_dashboard": False} if where in ("local", "this machine") else {}
        ray.init(address=address, configure_logging=False, log_to_driver=False, **begun_here)
    # What goes wrong there has no exception of its own.
    except ConnectionError as error:
        raise _no_cluster(where, error) from error
    except Exception as error:
        raise FileAccessError(f"Ray refuses to work at {where}: {_first_line(error)}", _REFUSED) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
    return ray, True


def _knock(address: str) -> None:
    """Make sure that someone listens there: Ray would try again and again for a quarter of an hour."""
    match = re.fullmatch(r"(?:ray://)?\[?(?P<host>.+?)\]?:(?P<port>\d+)", address)
    if match is None:
        return
    try:
        socket.create_connection((match["host"], int(match["port"])), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _no_cluster(address: str, error: Exception) -> FileAccessError:
    fix = "start one with `ray start --head`, or check the address"
    return FileAccessError(f"no Ray cluster answers at {address}: {_first_line(error)}", fix)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
