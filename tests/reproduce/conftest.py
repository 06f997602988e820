"""Experiments small enough for a test: networks of two levels, one step, a pair a cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="experiments train, which needs bokwon[train]")
pytest.importorskip("accelerate", reason="experiments train, which needs bokwon[train]")
pytest.importorskip("skimage", reason="experiments measure, which needs bokwon[eval]")
pytest.importorskip("matplotlib", reason="experiments measure, which needs bokwon[eval]")
pytest.importorskip("scipy", reason="experiments measure, which needs bokwon[eval]")

from bokwon.reproduce import table
from bokwon.reproduce.recipe import Recipe

SMALL = ("steps=1", "batch=2", "network.levels=3", "network.width=2", "data.crop=48", "precision=fp32")


def quiet(_stage: str) -> Callable[[int, int], None]:
    return lambda _done, _total: None


@pytest.fixture(name="quiet")
def _quiet() -> Callable[[str], Callable[[int, int], None]]:
    """A progress that nobody sees."""
    return quiet


@pytest.fixture
def small() -> tuple[str, ...]:
    """Settings of a network that is trained at once."""
    return SMALL


@dataclass(frozen=True)
class Run:
    """An experiment that was run.

    Attributes:
        recipe: What it was.
        page: The page it wrote.
    """

    recipe: Recipe
    page: Path


@pytest.fixture(scope="session")
def table_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The table with partial and one ordinary convolution, and the damaged image beside them."""
    out = tmp_path_factory.mktemp("table") / "run"
    recipe = Recipe(out, methods="telea", assignments=SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "VARIANTS", table.VARIANTS[:2])
        patch.setattr(table, "available", lambda names: ("", tuple(f"{name} was not measured" for name in names)))
        return Run(recipe, table.reproduce_table(recipe, quiet))
