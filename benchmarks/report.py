"""Medians of interleaved runs, and what they were measured on."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

RESULTS = Path(__file__).parent / "results"


def medians(
    contestants: Mapping[str, Callable[[], object]], rounds: int, least_seconds: float = 0.0
) -> dict[str, float]:
    """Time contestants in turns, so that what else the machine does meets all of them.

    Args:
        contestants: Functions by name.
        rounds: Timed runs of each, after one that is not.
        least_seconds: A round repeats its function for at least this long.

    Returns:
        Median seconds a call, by name.
    """
    repeats = {}
    for name, function in contestants.items():
        function()
        start = time.perf_counter()
        function()
        repeats[name] = max(1, round(least_seconds / max(time.perf_counter() - start, 1e-6)))
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, function in contestants.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                function()
            times[name].append((time.perf_counter() - start) / repeats[name])
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def peak_bytes(function: Callable[[], object]) -> int:
    """Most bytes of tensors that live at a time while a function runs, beyond those from before."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        function()
    level = peak = 0
    records = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    for record in sorted(records, key=lambda event: event.start_ns()):
        level += record.nbytes()
        peak = max(peak, level)
    return peak


def machine() -> str:
    """Processor, its bfloat16 units, threads, load and versions, as one line of Markdown."""
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    has = [name for name in ("avx2", "avx512_f", "avx512_bf16", "amx_bf16") if capabilities.get(name)]
    units = [name for key, name in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX-512 BF16")) if capabilities.get(key)]
    half = f"with {units[0]}" if units else "without bfloat16 units: it is emulated, its figures only inform"
    return (
        f"{model} ({', '.join(has) or 'no vector units known'}; {half}), {torch.get_num_threads()} threads of "
        f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, PyTorch {torch.__version__}"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def write(name: str, text: str) -> None:
    """Print a result and keep it in benchmarks/results/."""
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(text, encoding="utf-8")
