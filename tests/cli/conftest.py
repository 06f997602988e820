from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A working folder with a mask: the module's `HOLE`."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(request.module.HOLE).save("mask.png")
    return tmp_path
