from __future__ import annotations

import importlib.util
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from bokwon.batch import cluster
from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError


class TaskError(Exception):
    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class ActorError(Exception):
    pass


class NoMemoryError(Exception):
    pass


class Ray:
    """The four calls of Ray that the loop makes, at once and in order."""

    exceptions = SimpleNamespace(RayTaskError=TaskError, RayActorError=ActorError, OutOfMemoryError=NoMemoryError)

    def wait(self, references: list[Any]) -> tuple[list[Any], list[Any]]:
        return references[:1], references[1:]

    def get(self, reference: Call) -> Any:
        return reference.run()


class Call:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.run = lambda: function(*arguments)


def actor(do: Any, begin: Any = lambda: None) -> SimpleNamespace:
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


def test_every_task_comes_back_and_a_death_takes_its_own_only() -> None:
    results = dict(cluster._do(Ray(), [actor(double), actor(double)], [1, 2, 3, 4, 5]))
    assert results == {1: 2, 2: 4, 3: None, 4: 8, 5: 10}


def test_an_actor_that_cannot_begin_is_passed_over() -> None:
    broken = actor(double, fail(NoMemoryError()))
    assert dict(cluster._do(Ray(), [broken, actor(double)], [1, 2])) == {1: 2, 2: 4}
    assert dict(cluster._do(Ray(), [broken], [1, 2])) == {1: None, 2: None}


def test_what_the_work_says_reaches_the_user() -> None:
    wrong = actor(double, fail(TaskError(ArgumentError("no such model", "name another"))))
    with pytest.raises(ArgumentError, match="no such model"):
        list(cluster._do(Ray(), [wrong], [1]))
    with pytest.raises(TaskError, match="a defect"):
        list(cluster._do(Ray(), [actor(fail(TaskError(ValueError("a defect"))))], [1]))


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
