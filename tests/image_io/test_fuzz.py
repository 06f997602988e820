"""Damaged files of every format: only documented errors may come of them. The script in benchmarks/ tries many more."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "fuzz_readers.py"
FORMATS = [
    "PNG",
    "JPEG",
    "JPEG of uncommon kinds",
    "WEBP",
    "BMP",
    "BMP of uncommon kinds",
    "TIFF",
    "TIFF pages",
    "TIFF deep and tiled",
    "TIFF of uncommon kinds",
    "AVIF",
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


PROGRAM = """
import resource
from pathlib import Path

from bokwon.image_io.reader import Source, read_page

read_page(Source.of(Path("deep.png")))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
page = read_page(Source.of(Path("spoilt.png")))
assert "tEXt" in page.warnings[0]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_chunk_that_says_it_is_gigabytes_takes_no_room_for_them(fuzz: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="memory is counted on Unix only")
    deep = next(data for data in fuzz.originals()["PNG"] if data[24] == 16)
    # Behind the samples, where Pillow does not look any more.
    end = deep.index(b"IEND") - 4
    (tmp_path / "deep.png").write_bytes(deep)
    (tmp_path / "spoilt.png").write_bytes(deep[:end] + b"\x7f\xff\xff\xf0tEXt" + b"leaf" * 4)
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < 2**28


@pytest.mark.parametrize("data", [b"II+\0\x08\0\0\0", b"II+\0\x08\0\0\0" + b"\xff" * 8 + b"\0" * 20])
def test_big_tiff_headers_that_are_cut_off_or_point_nowhere(fuzz: ModuleType, data: bytes) -> None:
    assert fuzz.attempt(data) == "InputFileError"
