"""The machine of a report, and the cost of a call in time and memory."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bokwon.version import __version__

__all__ = ["Cost", "conditions", "describe_machine", "metered", "versions"]

_LIBRARIES = (
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "pillow",
    "scikit-image",
    "pypatchmatch",
    "matplotlib",
    "torch",
    "torchvision",
    "torchmetrics",
    "stlpips-pytorch",
    "rapidocr",
)
_VECTOR_UNITS = re.compile(r"(sse4|avx|fma|amx|f16c|asimd|sve|neon|i8mm|bf16)\w*")
_CPU_INFO = Path("/proc/cpuinfo")
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


@dataclass
class Cost:
    """The cost of a block of code.

    Attributes:
        seconds: Wall-clock time; None if it is not known.
        cpu_seconds: Processor time of all threads of the process, or None.
        peak_mb: Peak memory of the process with its libraries, MiB; None if the system does not tell.
    """

    seconds: float | None = 0.0
    cpu_seconds: float | None = 0.0
    peak_mb: float | None = None


@contextmanager
def metered() -> Iterator[Cost]:
    """Measure a block.

    Yields:
        The cost, filled in when the block ends.
    """
    cost = Cost()
    resettable = _reset_peak()
    begun, begun_cpu = time.perf_counter(), time.process_time()
    yield cost
    cost.seconds, cost.cpu_seconds = time.perf_counter() - begun, time.process_time() - begun_cpu
    if resettable:
        cost.peak_mb = _peak()


def _reset_peak() -> bool:
    """Let Linux count the peak of memory anew; False where it does not."""
    try:
        _CLEAR.write_text(_RESET_PEAK)
    except OSError:
        return False
    return _peak() is not None


def _peak() -> float | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)


def describe_machine() -> dict[str, str | int]:
    """Return processor, cores, system and Python of this machine."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Return the versions of bokwon and of the installed libraries that can change a figure."""
    found = {"bokwon": __version__}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def conditions() -> dict[str, str]:
    """Return what can change a figure: `versions`, and the vector instructions of the processor."""
    return {**versions(), "processor features": _vector_units() or platform.machine()}


def _vector_units() -> str:
    flags = _cpu_info("flags", "features").split()
    return " ".join(sorted(flag for flag in flags if _VECTOR_UNITS.fullmatch(flag)))


def _processor() -> str:
    return _cpu_info("model name").strip() or platform.processor() or platform.machine()


def _cpu_info(*names: str) -> str:
    """Return the first value in `/proc/cpuinfo` whose name begins with one of `names`; empty if there is none."""
    try:
        lines = _CPU_INFO.read_text().splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1] for line in lines if line.lower().startswith(names)), "")
