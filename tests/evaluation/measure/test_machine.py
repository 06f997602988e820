"""What a call costs, and what of a machine can change a figure."""

from __future__ import annotations

import importlib.metadata
import mmap
from pathlib import Path

import pytest

import bokwon
from bokwon.evaluation.measure import machine
from bokwon.evaluation.measure.machine import conditions, describe_machine, metered, versions


def test_the_peak_of_memory_is_that_of_the_block() -> None:
    with metered() as small:
        pass
    if small.peak_mb is None:
        pytest.skip("this system does not count a process's peak of memory anew")
    with metered() as large:
        # Mapped, not an array: what a process frees of its heap, it need not give back.
        block = mmap.mmap(-1, 64 * 1024 * 1024)
        block.write(b"1" * len(block))
    block.close()
    with metered() as after:
        pass
    assert large.peak_mb is not None
    assert after.peak_mb is not None
    assert large.peak_mb - small.peak_mb > 60
    assert large.peak_mb - after.peak_mb > 60


def test_versions_are_those_that_are_installed() -> None:
    found = versions()
    assert found["bokwon"] == bokwon.__version__
    assert found["numpy"] == importlib.metadata.version("numpy")
    assert {name: importlib.metadata.version(name) for name in found if name != "bokwon"} == {
        name: version for name, version in found.items() if name != "bokwon"
    }


def test_torch_and_the_processor_are_among_the_conditions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def version(library: str) -> str:
        if library in ("torch", "torchvision"):
            return "9.9"
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", version)
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nflags : fpu avx2 avx512_vnni sse2 amx_bf16 avx hypervisor\nflags : none\n")
    monkeypatch.setattr(machine, "_CPU_INFO", info)
    assert conditions() == {
        "bokwon": bokwon.__version__,
        "torch": "9.9",
        "torchvision": "9.9",
        "processor features": "amx_bf16 avx avx2 avx512_vnni",
    }
    # No such file: what the system says instead.
    monkeypatch.setattr(machine, "_CPU_INFO", tmp_path / "none")
    assert conditions()["processor features"] == machine.platform.machine()


def test_a_machine_is_described() -> None:
    found = describe_machine()
    assert found["processor"]
    assert int(found["cores"]) >= 1
    assert set(found) == {"processor", "cores", "system", "python"}
