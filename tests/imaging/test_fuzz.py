"""Damaged files of every format: only documented errors may come of them. The script in benchmarks/ tries many more."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "fuzz_readers.py"
FORMATS = [
    "PNG",
    "JPEG",
    "WEBP",
    "BMP",
    "TIFF",
    "TIFF pages",
    "TIFF deep and tiled",
    "TIFF of uncommon kinds",
    "JPEG2000",
    "PDF",
]


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("fuzz_readers", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_readers"] = module
    spec.loader.exec_module(module)
    return module


def test_every_format_is_tried(fuzz: ModuleType) -> None:
    assert sorted(fuzz.originals()) == sorted(FORMATS)
    assert all(fuzz.attempt(data) == "read" for files in fuzz.originals().values() for data in files)


@pytest.mark.parametrize("name", FORMATS)
def test_damage_is_told_in_one_way(fuzz: ModuleType, name: str) -> None:
    counts = fuzz.start()(fuzz.Chunk(name, 0, 200))
    assert sum(counts.values()) == 200
    assert set(counts) <= {"read", "InputFileError", "ArgumentError"}
    assert counts["InputFileError"] > 50


@pytest.mark.parametrize("data", [b"II+\0\x08\0\0\0", b"II+\0\x08\0\0\0" + b"\xff" * 8 + b"\0" * 20])
def test_big_tiff_headers_that_are_cut_off_or_point_nowhere(fuzz: ModuleType, data: bytes) -> None:
    assert fuzz.attempt(data) == "InputFileError"
