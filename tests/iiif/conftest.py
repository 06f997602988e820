from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bokwon.iiif import connection
from tests.iiif.server import Served, Server, serving


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between requests, which take no time in tests."""
    found: list[float] = []
    monkeypatch.setattr(connection, "sleep", found.append)
    monkeypatch.setenv("no_proxy", "*")
    return found


@pytest.fixture
def server(waits: list[float]) -> Iterator[Server]:
    """A server with two pages of noise: `gray` (70 x 50 pixels) and `colour` (60 x 90)."""
    random = np.random.default_rng(1)
    with serving() as found:
        found.images["gray"] = Served(random.integers(0, 256, (50, 70)).astype(np.uint8))
        found.images["colour"] = Served(random.integers(0, 256, (90, 60, 3)).astype(np.uint8), version=2)
        yield found
