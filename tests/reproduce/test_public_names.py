"""Every example in a docstring runs, also those of the masks that the experiments are made of."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    ["reproduce.networks", "reproduce.padding", "synthesis.masks.grid", "synthesis.masks.squares"],
)
def test_the_examples_run(name: str) -> None:
    module = importlib.import_module(f"bokwon.{name}")
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
