"""`PartialConv2d` forward and backward, beside `torch.nn.Conv2d` and a naive all-channel mask convolution.

    python benchmarks/layer.py [--threads N] [--rounds N] [--size 256] [--batch 1]

Shapes are the paper's, for an image of `--size` pixels. The decoder's layers have two inputs with a mask each.
"""

from __future__ import annotations

import argparse
import statistics
from datetime import date

import torch
from naive import NaivePartialConv2d
from report import machine, medians, peak_bytes, table, write
from torch import Tensor, nn

from bokwon.nn.layers import PartialConv2d

# Name, channels from below, channels from beside, channels out, kernel, stride, input side as a share of the image.
LAYERS = (
    ("encoder 1: 7x7/2, 3 to 64", 3, 0, 64, 7, 2, 1),
    ("encoder 2: 5x5/2, 64 to 128", 64, 0, 128, 5, 2, 2),
    ("encoder 3: 5x5/2, 128 to 256", 128, 0, 256, 5, 2, 4),
    ("encoder 4: 3x3/2, 256 to 512", 256, 0, 512, 3, 2, 8),
    ("encoder 5: 3x3/2, 512 to 512", 512, 0, 512, 3, 2, 16),
    ("decoder 12: 3x3, 512+512 to 512", 512, 512, 512, 3, 1, 16),
    ("decoder 13: 3x3, 512+256 to 256", 512, 256, 256, 3, 1, 8),
    ("decoder 14: 3x3, 256+128 to 128", 256, 128, 128, 3, 1, 4),
    ("decoder 15: 3x3, 128+64 to 64", 128, 64, 64, 3, 1, 2),
    ("decoder 16: 3x3, 64+3 to 3", 64, 3, 3, 3, 1, 1),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--note", default="")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    text = f"# PartialConv2d, forward and backward\n\n{date.today()}, {machine()}. {options.note}\n\n"
    text += (
        f"Images of {options.size} pixels, batch {options.batch}, channels_last for all, half of the pixels known. "
        f"Milliseconds are medians of {options.rounds} rounds taken in turns. `Conv2d` is the bare convolution of the "
        "same shape; naive convolves a mask of all channels. Memory is the peak of tensors allocated in forward and "
        "backward, beside `Conv2d`'s: with holes that are zero already, and with holes that the layer has to zero.\n\n"
    )
    for dtype in (torch.float32, torch.bfloat16):
        text += _measure(dtype, options.size, options.batch, options.rounds)
    write("layer.md", text)


def _measure(dtype: torch.dtype, size: int, batch: int, rounds: int) -> str:
    rows, slower, faster, zeroed, unzeroed = [], [], [], [], []
    for name, below, beside, out, kernel, stride, share in LAYERS:
        side = size // share
        generator = torch.Generator().manual_seed(0)

        def mask(side: int = side, generator: torch.Generator = generator) -> Tensor:
            return (torch.rand(batch, 1, side, side, generator=generator) < 0.5).to(dtype)

        masks = [(mask(), below)] + ([(mask(), beside)] if beside else [])
        valid: Tensor | list[tuple[Tensor, int]] = masks if beside else masks[0][0]
        full = torch.cat([m.expand(-1, c, -1, -1) for m, c in masks], 1)
        channels = below + beside
        x = torch.randn(batch, channels, side, side, generator=generator).to(dtype) * full
        x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
        full = full.contiguous(memory_format=torch.channels_last)
        arguments = (channels, out, kernel, stride, kernel // 2)
        plain, partial, naive = (
            kind(*arguments, bias=False).to(dtype).to(memory_format=torch.channels_last)
            for kind in (nn.Conv2d, PartialConv2d, NaivePartialConv2d)
        )

        def step(output: Tensor, x: Tensor = x) -> None:
            output.backward(torch.ones_like(output))
            x.grad = None

        contestants = {
            "conv": lambda plain=plain, x=x, step=step: step(plain(x)),
            "partial": lambda partial=partial, x=x, valid=valid, step=step: step(
                partial(x, valid, holes_are_zero=True)[0]
            ),
            "masking": lambda partial=partial, x=x, valid=valid, step=step: step(partial(x, valid)[0]),
            "naive": lambda naive=naive, x=x, full=full, step=step: step(naive(x, full)[0]),
        }
        seconds = medians(contestants, rounds, 0.05)
        memory = {key: peak_bytes(function) for key, function in contestants.items() if key != "naive"}
        slower.append(seconds["partial"] / seconds["conv"])
        faster.append(seconds["naive"] / seconds["partial"])
        zeroed.append(memory["partial"] / memory["conv"])
        unzeroed.append(memory["masking"] / memory["conv"])
        milliseconds = [f"{1000 * seconds[key]:.2f}" for key in ("conv", "partial", "naive")]
        ratios = [slower[-1], faster[-1], zeroed[-1], unzeroed[-1]]
        rows.append([name, *milliseconds, *[f"{ratio:.2f}" for ratio in ratios]])
        print(rows[-1], flush=True)
    averages = [statistics.mean(values) for values in (slower, faster, zeroed, unzeroed)]
    rows.append(["**mean**", "", "", "", *[f"**{value:.2f}**" for value in averages]])
    limits = {torch.float32: (1.05, 1.3), torch.bfloat16: (1.25, 1.6)}[dtype]
    wanted = (f"<= {limits[0]}", f">= {limits[1]}", "<= 1.1", "<= 1.5")
    met = (averages[0] <= limits[0], averages[1] >= limits[1], averages[2] <= 1.1, averages[3] <= 1.5)
    verdicts = [f"{want} {'met' if ok else '**missed**'}" for want, ok in zip(wanted, met, strict=True)]
    rows.append(["aim", "", "", "", *verdicts])
    head = ("layer", "Conv2d ms", "PartialConv2d ms", "naive ms", "partial / Conv2d", "naive / partial")
    return f"## {dtype}\n\n{table((*head, 'memory, holes zero', 'memory, else'), rows)}\n"


if __name__ == "__main__":
    main()
