"""A whole training step at 256 pixels, beside the straightforward loop: forward, all losses, backward, optimiser.

    python benchmarks/train_step.py [--threads N] [--rounds N] [--only document|paper] [--precision fp32|bf16]
        [--profile]

Data is the same random tensors for both; VGG16 has random weights (time does not depend on their values). Each loop has
a process of its own, because `bokwon train` also changes how a process keeps its memory.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import torch
from naive import NaiveFeatures, NaiveUNet, naive_losses, vgg16_state
from report import machine, table, write
from torch import Tensor

from bokwon.nn.features import VGGFeatures
from bokwon.nn.losses import PAPER, l1_losses, losses, weighted_sum
from bokwon.nn.unet import PConvUNet
from bokwon.training.accelerator import resolve_precision
from bokwon.training.malloc import keep_memory

# Name, levels, width, base, batch, with the six terms (else the two L1 terms, in both loops).
STEPS = (
    ("document, width 32, L1 terms", 7, 32, "pullpush", 8, False),
    ("document, width 32, six terms", 7, 32, "pullpush", 4, True),
    ("paper, width 64, six terms", 8, 64, "none", 2, True),
)
SIDE = 256

# In this order: the first that is part of an operation's name.
KINDS = {
    "conv": "convolution",
    "batch_norm": "batch normalisation",
    "mul": "multiplication (masks, ratios)",
    "pool": "pooling",
    "relu": "activation",
    "threshold": "activation",
    "clamp": "activation",
    "copy_": "copies, concatenation, upsampling",
    "cat": "copies, concatenation, upsampling",
    "upsample": "copies, concatenation, upsampling",
    "adam": "optimiser",
    "mm": "matrix products (VGG, Gram matrices, kernels)",
}
BOUND = (KINDS["conv"], KINDS["mm"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--note", default="")
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    precision = resolve_precision(options.precision)
    text = f"# A whole training step at {SIDE} pixels\n\n{date.today()}, {machine()}. {options.note}\n\n"
    text += (
        f"Medians of {options.rounds} rounds taken in turns; ours in {precision}, channels_last, in a process that "
        "keeps its memory. The straightforward loop: all-channel masks, float32, the default layout, upsampled and "
        "concatenated features, ground-truth features beside the output's and again beside the composite's; it has no "
        "base to predict over. The aim in float32 is 4 times its images/s with the L1 terms, and 2.1 times with six "
        "terms; in bfloat16 it is 8 times. The limit is the ratio of CPU seconds if ours did nothing but convolutions "
        "and matrix products; `--profile` measures it. CPU seconds are those of all threads, user and system: beside "
        "other work they say more than the clock.\n\n"
    )
    rows, shares = [], ""
    for step in STEPS:
        if not step[0].startswith(options.only):
            continue
        name, batch = step[0], step[4]
        with (
            Contestant(partial(ours, half=precision == "bf16"), step, options.threads, keep=True) as our,
            Contestant(naive, step, options.threads) as other,
        ):
            # Once untimed: kernels are chosen, memory is asked for.
            our.step()
            other.step()
            times = [(our.step(), other.step()) for _ in range(options.rounds)]
            profiles = (our.profile(), other.profile()) if options.profile else None
        wall, cpu = ([[pair[who][kind] for pair in times] for who in (0, 1)] for kind in (0, 1))
        speeds = [batch / statistics.median(seconds) for seconds in wall]
        ratio = speeds[0] / speeds[1]
        spent = [statistics.median(seconds) / batch for seconds in cpu]
        aim = 8 if precision == "bf16" else 2.1 if step[5] else 4
        verdict = f"{ratio:.2f} (>= {aim} {'met' if ratio >= aim else '**missed**'})"
        figures = [f"{value:.2f}" for value in (*speeds, *spent)]
        limit = "-"
        if profiles:
            share = sum(profiles[0].get(kind, 0) for kind in BOUND) / 100
            limit = f"{spent[1] / spent[0] / share:.2f}"
        rows.append([name, str(batch), *figures[:2], verdict, *figures[2:], f"{spent[1] / spent[0]:.2f}", limit])
        print(rows[-1], flush=True)
        if profiles:
            shares += _shares(name, *profiles)
    head = ["network and loss", "batch", "images/s", "straightforward", "ratio (aim)"]
    head += ["CPU s an image", "straightforward", "ratio", "limit"]
    write("train_step_bf16.md" if precision == "bf16" else "train_step.md", text + table(head, rows) + shares)


class Contestant:
    """A training loop in a process of its own.

    Args:
        make: `ours` or `naive`.
        step: An entry of `STEPS`.
        threads: Of PyTorch.
        keep: Whether the process keeps its memory.
    """

    def __init__(self, make: Callable[..., Callable[[], None]], step: Any, threads: int, keep: bool = False) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, step, threads, keep))

    def __enter__(self) -> Contestant:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send("end")
        self._process.join()

    def step(self) -> tuple[float, float]:
        """Take a step: seconds on the clock and of processors."""
        self._pipe.send("step")
        seconds: tuple[float, float] = self._pipe.recv()
        return seconds

    def profile(self) -> dict[str, float]:
        """Take a step under the profiler: percent of the time by kind of operation."""
        self._pipe.send("profile")
        shares: dict[str, float] = self._pipe.recv()
        return shares


def _serve(pipe: Connection, make: Callable[..., Callable[[], None]], step: Any, threads: int, keep: bool) -> None:
    torch.set_num_threads(threads)
    if keep:
        keep_memory()
    torch.manual_seed(0)
    batch = step[4]
    image, valid = torch.rand(batch, 3, SIDE, SIDE), torch.ones(batch, 1, SIDE, SIDE)
    valid[..., 40:140, 60:180] = 0
    function = make(*step[1:4], step[5], image, valid)
    while (request := pipe.recv()) != "end":
        if request == "profile":
            pipe.send(_profile(function))
            continue
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        function()
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        pipe.send((seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))


def ours(
    levels: int, width: int, base: str, six: bool, image: Tensor, valid: Tensor, half: bool = False
) -> Callable[[], None]:
    """Make a function that takes a step as `bokwon train` does; with `half` it computes in bfloat16."""
    network = PConvUNet(levels=levels, width=width, base=base).to(memory_format=torch.channels_last)  # type: ignore[arg-type]
    features = (
        VGGFeatures(weights=vgg16_state(), fast=True).to(torch.bfloat16 if half else torch.float32) if six else None
    )
    optimizer = torch.optim.Adam(network.parameters(), 2e-4, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            output = network(image, valid).float()
            terms = losses(output, image, valid, features=features) if six else l1_losses(output, image, valid)
        weighted_sum(terms, {name: PAPER.weights[name] for name in terms}).backward()
        optimizer.step()

    return step


def naive(levels: int, width: int, base: str, six: bool, image: Tensor, valid: Tensor) -> Callable[[], None]:
    """Make a function that takes a step the straightforward way."""
    del base
    network = NaiveUNet(levels, width)
    features = NaiveFeatures(vgg16_state()) if six else None
    optimizer = torch.optim.Adam(network.parameters(), 2e-4)

    def step() -> None:
        optimizer.zero_grad()
        output = network(image * valid, valid)
        if features is None:
            distance = (output - image).abs()
            total = (distance * valid).mean() + 6 * (distance * (1 - valid)).mean()
        else:
            total = naive_losses(features, output, image, valid)
        total.backward()
        optimizer.step()

    return step


def _profile(function: Callable[[], None]) -> dict[str, float]:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        function()
    times: Counter[str] = Counter()
    for event in profile.key_averages():
        name = event.key.lower()
        kind = next((kind for part, kind in KINDS.items() if part in name), "other")
        times[kind] += event.self_cpu_time_total
    whole = sum(times.values())
    return {kind: 100 * value / whole for kind, value in times.items()}


def _shares(name: str, our: dict[str, float], other: dict[str, float]) -> str:
    kinds = sorted({*our, *other} - {"other"}, key=lambda kind: -our.get(kind, 0))
    rows = [[kind, f"{our.get(kind, 0):.1f}", f"{other.get(kind, 0):.1f}"] for kind in (*kinds, "other")]
    return f"\nWhere the time goes, percent, {name}:\n\n" + table(("operations", "ours", "straightforward"), rows)


if __name__ == "__main__":
    main()
