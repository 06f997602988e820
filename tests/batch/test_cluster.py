from __future__ import annotations

import importlib.util
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from bokwon.batch import cluster
from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError
from bokwon.utilities.processes import Lost


class TaskError(Exception):
    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


HANG = 7


class ActorError(Exception):
    pass


class NoMemoryError(Exception):
    pass


class Ray:
    """The calls of Ray that the loop makes, at once and in order; a call that hangs is never done."""

    def __init__(self, *alive: str) -> None:
        self.killed: list[tuple[Any, bool]] = []
        self.alive = alive

    exceptions = SimpleNamespace(RayTaskError=TaskError, RayActorError=ActorError, OutOfMemoryError=NoMemoryError)

    def wait(self, references: list[Any], *, timeout: float | None) -> tuple[list[Any], list[Any]]:
        done = [reference for reference in references if not reference.hangs][:1]
        assert done or timeout is not None, "nobody would ever look at the clock"
        return done, [reference for reference in references if reference not in done]

    def kill(self, actor: Any, *, no_restart: bool) -> None:
        self.killed.append((actor, no_restart))

    def nodes(self) -> list[dict[str, Any]]:
        return [{"NodeID": name, "Alive": name in self.alive} for name in ("a", "b")]

    def get(self, reference: Call) -> Any:
        return reference.run()


class Call:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.run = lambda: function(*arguments)
        self.hangs = HANG in arguments


def actor(do: Any, begin: Any = lambda: "a") -> SimpleNamespace:
    remote = lambda function: SimpleNamespace(remote=lambda *arguments: Call(function, *arguments))  # noqa: E731
    return SimpleNamespace(begin=remote(begin), do=remote(do))


def fail(error: Exception) -> Any:
    def do(*_: Any) -> None:
        raise error

    return do


def double(task: int) -> int:
    if task == 3:
        raise ActorError
    return 2 * task


def done(actors: list[Any], tasks: list[int], ray: Ray | None = None, limit: float | None = None) -> dict[int, Any]:
    made = iter(actors)
    return dict(cluster._do(ray or Ray("a"), lambda: next(made), min(2, len(actors)), tasks, limit))


def test_every_task_comes_back_and_a_death_takes_its_own_only() -> None:
    results = done([actor(double) for _ in range(4)], [1, 2, 3, 4, 5])
    assert results == {1: 2, 2: 4, 3: Lost.DIED, 4: 8, 5: 10}


def test_a_task_is_begun_again_after_a_death() -> None:
    ray = Ray("a")
    actors = [actor(fail(ActorError())), actor(double)]
    assert dict(cluster._do(ray, iter(actors).__next__, 1, [1, 2], None)) == {1: 2, 2: 4}
    # An actor that is only out of reach must not go on with a task that another has.
    assert ray.killed == [(actors[0], True)]


@pytest.mark.parametrize(("gone", "result"), [(2, 10), (3, Lost.DIED)])
def test_a_machine_that_dies_takes_no_try_from_its_task_but_no_task_may_have_three(gone: int, result: Any) -> None:
    actors = [actor(fail(ActorError()), lambda: "b") for _ in range(gone)]
    # The last process dies on a machine that lives: this is the first of two tries.
    actors += [actor(fail(ActorError())), actor(double)]
    assert dict(cluster._do(Ray("a"), iter(actors).__next__, 1, [5], None)) == {5: result}


def test_an_actor_that_cannot_begin_is_passed_over() -> None:
    broken = actor(double, fail(NoMemoryError()))
    assert done([broken, actor(double), broken, broken], [1, 2]) == {1: 2, 2: 4}
    assert done([broken] * 4, [1, 2]) == {1: Lost.DIED, 2: Lost.DIED}


def test_a_task_that_takes_too_long_loses_its_actor_and_another_takes_its_place() -> None:
    ray = Ray()
    actors = [actor(double) for _ in range(4)]
    assert done(actors, [HANG, HANG, 1, HANG], ray, limit=0.01) == {HANG: Lost.OVERDUE, 1: 2}
    # Nothing is left to do for one in the place of the third.
    assert ray.killed == [(actors[0], True), (actors[1], True), (actors[3], True)]


def test_a_task_within_its_limit_is_left_alone() -> None:
    ray = Ray()
    assert done([actor(double)], [1, 2], ray, limit=60) == {1: 2, 2: 4}
    assert not ray.killed


def test_what_the_work_says_reaches_the_user() -> None:
    wrong = actor(double, fail(TaskError(ArgumentError("no such model", "name another"))))
    with pytest.raises(ArgumentError, match="no such model"):
        done([wrong], [1])
    with pytest.raises(TaskError, match="a defect"):
        done([actor(fail(TaskError(ValueError("a defect"))))], [1])


def test_without_ray_it_is_said_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError) as error:
        cluster.check_ray()
    assert error.value.fix == "pip install 'bokwon[cluster]'"
    # Nothing to do needs no cluster.
    assert list(cluster.run_on_cluster(lambda: double, [])) == []
    monkeypatch.setattr(cluster, "find_spec", importlib.util.find_spec)


def test_an_address_where_nobody_listens_is_told_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        for name in (address, f"ray://{address}"):
            with pytest.raises(FileAccessError, match="no Ray cluster answers"):
                cluster._knock(name)
    with socket.create_server(("127.0.0.1", 0)) as server:
        cluster._knock(f"127.0.0.1:{server.getsockname()[1]}")
    cluster._knock("local")
