"""The share of a run's time that checkpoints take: seconds of a checkpoint, and of the steps between two of them.

    python benchmarks/checkpoints.py [--threads N] [--rounds N]

A step is one of `benchmarks/train_step.py`: random tensors at 256 pixels, float32. The presets' own crops and batches
are as large or larger, so their steps take as long or longer. The number of steps between checkpoints is the preset's.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date
from functools import partial
from pathlib import Path

import torch
from report import machine, medians, table, write
from train_step import SIDE, STEPS, ours

from bokwon.training.accelerator import make_accelerator
from bokwon.training.config import TrainConfig
from bokwon.training.load_config import preset
from bokwon.training.malloc import keep_memory
from bokwon.training.run import Run

PRESETS = {"document": STEPS[0], "paper": STEPS[2]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_memory()
    rows = []
    for chosen, (name, levels, width, base, batch, six) in PRESETS.items():
        valid = torch.ones(batch, 1, SIDE, SIDE)
        valid[..., 40:140, 60:180] = 0
        step = ours(levels, width, base, six, torch.rand(batch, 3, SIDE, SIDE), valid)
        config = preset(chosen)
        assert isinstance(config, TrainConfig)
        run = Run(config, make_accelerator("fp32"))
        for parameter in run.network.parameters():
            parameter.grad = torch.zeros_like(parameter)
        run.optimizer.step()  # so that the optimiser has the state that is saved
        with tempfile.TemporaryDirectory() as folder:
            seconds = medians({"step": step, "save": partial(run.save, Path(folder))}, options.rounds)
            size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 2**20
        between = config.save_every * seconds["step"]
        share = 100 * between / (between + seconds["save"])
        verdict = f"{share:.2f} ({'met' if share >= 95 else '**missed**'})"
        row = [name, str(config.save_every), f"{seconds['step']:.2f}", f"{seconds['save']:.2f}", f"{size:.0f}", verdict]
        rows.append(row)
        print(rows[-1], flush=True)
    head = ("preset's network and loss", "steps between", "seconds a step", "seconds a checkpoint", "MiB")
    text = f"# Checkpoints beside steps\n\n{date.today()}, {machine()}.\n\n"
    write("checkpoints.md", text + table((*head, "speed kept, % (aim >= 95)"), rows))


if __name__ == "__main__":
    main()
