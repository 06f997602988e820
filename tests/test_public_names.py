"""The names that packages offer and documents mention are there."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import bokwon

ROOT = Path(__file__).parents[1]
PACKAGES = ["bokwon", *(found.name for found in pkgutil.walk_packages(bokwon.__path__, "bokwon.") if found.ispkg)]
MENTIONED = re.compile(r"(?:`|^::: )(bokwon(?:\.\w+)+)", re.MULTILINE)
"""In text, and what a page of the reference is made of."""


def is_there(name: str) -> bool:
    """Tell whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError as error:
            if not f"{name}.".startswith(f"{error.name}."):
                raise
            continue
        for part in parts[count:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_has_the_names_it_offers_and_no_others(name: str) -> None:
    package = importlib.import_module(name)
    assert [item for item in getattr(package, "__all__", ()) if getattr(package, item, None) is None] == []
    # Some packages load a name when it is asked for.
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        _ = package.no_such_name


def test_every_name_that_is_mentioned_is_there() -> None:
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.py")]
    mentioned = {name: path for path in files for name in MENTIONED.findall(path.read_text(encoding="utf-8"))}
    assert len(mentioned) > 30
    assert {name: str(path) for name, path in mentioned.items() if not is_there(name)} == {}
