"""The page on the architecture names what is there, and the same rules of import as the test that holds them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.test_imports import ROOMS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "bokwon"
PAGE = (ROOT / "docs" / "developer" / "architecture.md").read_text(encoding="utf-8")


def tables(heading: str) -> list[list[str]]:
    """Return the rows of the tables below a heading, up to the next heading."""
    section = re.split(r"^#+ ", PAGE.split(heading + "\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return [row for row in rows[2:] if row]


def names(cell: str) -> list[str]:
    return re.findall(r"`([\w/]+?)/?`", cell)


def exists(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


def test_every_package_is_described_once() -> None:
    described = [name for row in tables("## Packages") for name in names(row[0])]
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path.is_dir() and path.name[0] != "_")}
    assert sorted(described) == sorted(there - {"__main__"})


def test_every_module_that_is_named_is_there() -> None:
    for room in ("image_io", "inpaint", "provenance", "iiif", "batch", "synthesis"):
        found = [f"{room}/{name}" for row in tables(f"### `{room}`") for name in names(row[0])]
        assert len(found) > 3
        assert [name for name in found if not exists(name)] == []
    found = [
        name for row in tables("### `nn`, `training`, `export`, `evaluation`, `reproduce`") for name in names(row[0])
    ]
    assert len(found) > 15
    assert [name for name in found if not exists(name)] == []


def test_the_table_of_imports_is_the_rule_that_is_held() -> None:
    for row in tables("## Who may import whom"):
        allowed = set(names(row[1]))
        for name in [name for name in names(row[1]) if f"what `{name}` may" in row[1]]:
            allowed |= ROOMS[name]
        if "everything" in row[1]:
            allowed = ROOMS["cli"]
        assert {room: ROOMS[room] for room in names(row[0])} == dict.fromkeys(names(row[0]), allowed)
