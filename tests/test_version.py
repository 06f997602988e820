"""The version is written in two places, which must agree."""

from __future__ import annotations

import sys
from pathlib import Path

from bokwon.version import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def test_the_package_has_the_version_that_is_published() -> None:
    project = Path(__file__).parents[1] / "pyproject.toml"
    assert tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"] == __version__
