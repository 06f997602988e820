"""A whole training step at 256 pixels, beside the straightforward loop: forward, all losses, backward, optimiser.

    python benchmarks/train_step.py [--threads N] [--rounds N] [--only document|paper] [--compile]

Data is the same random tensors for both; VGG16 has random weights (time does not depend on their values).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date

import torch
from naive import NaiveFeatures, NaiveUNet, naive_losses, vgg16_state
from report import machine, medians, table, write
from torch import Tensor

from bokwon.nn.features import VGGFeatures
from bokwon.nn.losses import PAPER, losses, weighted_sum
from bokwon.nn.unet import PConvUNet
from bokwon.training.device import resolve_precision

# Name, levels, width, base, batch, with the six terms (else the two L1 terms, in both loops).
STEPS = (
    ("document, width 32, L1 terms", 7, 32, "lowpass", 4, False),
    ("document, width 32, six terms", 7, 32, "lowpass", 4, True),
    ("paper, width 64, six terms", 8, 64, "none", 2, True),
)
SIDE = 256


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--note", default="")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    precision = resolve_precision("auto")
    rows = []
    for name, levels, width, base, batch, six in STEPS:
        if not name.startswith(options.only):
            continue
        torch.manual_seed(0)
        image = torch.rand(batch, 3, SIDE, SIDE)
        valid = torch.ones(batch, 1, SIDE, SIDE)
        valid[..., 40:140, 60:180] = 0
        contestants = {
            "ours": ours(levels, width, base, six, image, valid, precision, compiled=options.compile),
            "naive": naive(levels, width, six, image, valid),
        }
        seconds = medians(contestants, options.rounds)
        speeds = {key: batch / value for key, value in seconds.items()}
        ratio = speeds["ours"] / speeds["naive"]
        verdict = f"{ratio:.2f} ({'met' if ratio >= 4 else '**missed**'})"
        rows.append([name, str(batch), f"{speeds['ours']:.2f}", f"{speeds['naive']:.2f}", verdict])
        print(rows[-1], flush=True)
    text = f"# A whole training step at {SIDE} pixels\n\n{date.today()}, {machine()}. {options.note}\n\n"
    text += (
        f"Medians of {options.rounds} rounds taken in turns; ours in {precision}"
        f"{', compiled' if options.compile else ''}, channels_last. The straightforward loop: all-channel masks, "
        "float32, the default layout, upsampled and concatenated features, ground-truth features beside the output's "
        "and again beside the composite's; it has no low-pass base. The aim is 4 times its images/s.\n\n"
    )
    head = ("network and loss", "batch", "images/s", "straightforward images/s", "ratio (aim >= 4)")
    write("train_step.md", text + table(head, rows))


def ours(
    levels: int, width: int, base: str, six: bool, image: Tensor, valid: Tensor, precision: str, *, compiled: bool
) -> Callable[[], None]:
    """Make a function that takes a step as `bokwon train` does."""
    network = PConvUNet(levels=levels, width=width, base=base).to(memory_format=torch.channels_last)  # type: ignore[arg-type]
    half = precision == "bf16"
    features = VGGFeatures(weights=vgg16_state()).to(torch.bfloat16 if half else torch.float32) if six else None
    optimizer = torch.optim.Adam(network.parameters(), 2e-4)
    model = torch.compile(network) if compiled else network
    image = image.contiguous(memory_format=torch.channels_last)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            output = model(image, valid)
            terms = losses(output.float(), image, valid, features=features)
        weighted_sum(terms, {name: PAPER.weights[name] for name in terms}).backward()
        optimizer.step()

    return step


def naive(levels: int, width: int, six: bool, image: Tensor, valid: Tensor) -> Callable[[], None]:
    """Make a function that takes a step the straightforward way."""
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


if __name__ == "__main__":
    main()
