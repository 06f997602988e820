"""Compares padding by partial convolution with zero, reflection and replication padding, in a classifier."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from bokwon.errors import ArgumentError
from bokwon.evaluation.report.page import figure, jpeg_source, strip
from bokwon.evaluation.report.statistics import crossed_interval
from bokwon.evaluation.report.tables import Table, interval_text
from bokwon.nn.layers import Conv2d, PartialPaddingConv2d
from bokwon.reproduce.drawings import draw_glyph
from bokwon.reproduce.page import Page, write_page
from bokwon.reproduce.recipe import Progress, Recipe, open_folder
from bokwon.utilities.atomic import write_file

__all__ = ["PADDINGS", "GlyphClassifier", "make_glyphs", "reproduce_padding"]

PADDINGS: dict[str, Callable[[int, int], nn.Module]] = {
    "zeros": lambda ins, outs: Conv2d(ins, outs, 3, padding=1, bias=False),
    "partial": lambda ins, outs: PartialPaddingConv2d(ins, outs, 3, padding=1, bias=False),
    "reflect": lambda ins, outs: Conv2d(ins, outs, 3, padding=1, bias=False, padding_mode="reflect"),
    "replicate": lambda ins, outs: Conv2d(ins, outs, 3, padding=1, bias=False, padding_mode="replicate"),
}
"""Convolutions of 3x3 that keep the size, by the name of their padding."""

GLYPHS = "0123456789"
SIDE = 20
_WIDTH = 8
_BATCH = 40
_SHOWN = 10


class GlyphClassifier(nn.Module):
    """Four convolutions with batch normalisation, two of them followed by pooling, and a linear layer.

    Args:
        padding: A key of `PADDINGS`.

    Example:
        >>> GlyphClassifier("partial")(torch.rand(2, 1, 20, 20)).shape
        torch.Size([2, 10])
    """

    def __init__(self, padding: str) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for ins, outs, pool in ((1, 1, False), (1, 2, True), (2, 4, False), (4, 4, True)):
            first = 1 if not layers else ins * _WIDTH
            layers += [PADDINGS[padding](first, outs * _WIDTH), nn.BatchNorm2d(outs * _WIDTH), nn.ReLU()]
            if pool:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(4 * _WIDTH * (SIDE // 4) ** 2, len(GLYPHS))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (N, 10) of images (N, 1, 20, 20) in [0, 1]."""
        logits: Tensor = self.head(self.features(images - 0.5).flatten(1))
        return logits


def make_glyphs(count: int, seed: int, stream: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw glyphs of all classes in turn.

    Args:
        count: How many.
        seed: Seed of the glyphs.
        stream: Gives different sets for the same seed.

    Returns:
        Gray images (count, 20, 20), and their classes (count,).
    """
    classes = np.arange(count) % len(GLYPHS)
    images = [
        draw_glyph(np.random.default_rng((seed, stream, number)), GLYPHS[index], SIDE)
        for number, index in enumerate(classes.tolist())
    ]
    return np.stack(images), classes


def reproduce_padding(recipe: Recipe, steps: int, glyphs: int, progress: Progress) -> Path:
    """Train the classifier with each padding from several seeds, and write the page.

    When the experiment is continued, networks that are already trained are kept.

    Args:
        recipe: The experiment: its folder and seeds.
        steps: Optimiser steps of each network.
        glyphs: Number of glyphs for training; the same number is drawn for measuring.
        progress: Told of every stage.

    Returns:
        The page.

    Raises:
        ArgumentError: Steps or glyphs are too few.
        BokwonError: The folder holds something else, or cannot be written.

    Source: Liu et al., "Partial Convolution based Padding", arXiv 1811.11718, section 4 (classification).
    """
    if steps < 1 or glyphs < _BATCH:
        raise ArgumentError(f"{steps} steps on {glyphs} glyphs", f"give at least 1 step and {_BATCH} glyphs")
    open_folder(recipe, f"padding {steps} {glyphs}")
    report = progress("drawing glyphs")
    train, test = make_glyphs(glyphs, recipe.seed, 0), make_glyphs(glyphs, recipe.seed, 1)
    report(1, 1)
    right: dict[str, NDArray[np.bool_]] = {}
    for name in PADDINGS:
        runs = [
            _answers(recipe.out / f"{name}-{seed}.json", name, seed, steps, train, test, progress)
            for seed in range(recipe.seed, recipe.seed + recipe.seeds)
        ]
        right[name] = np.array(runs) == test[1]
    page = Page(
        "Padding by partial convolution",
        f"A classifier of {len(GLYPHS)} rendered glyphs that may reach over the border, with four kinds of padding in "
        "all of its convolutions. Partial padding divides each window by the share of it that lies in the image.",
        [
            f"Glyphs of {SIDE} x {SIDE} pixels, {glyphs:,} to train on and {glyphs:,} to measure on. "
            f"Optimiser steps: {steps:,}. The paper trains networks such as VGG16 and ResNet50 on ImageNet.",
            "The accuracy is that of the last step, so nothing is chosen on the test set.",
        ],
    )
    page.head("Accuracy")
    page.table(_table(right))
    page.text(
        "The interval holds for other seeds and other glyphs. If it leaves out zero, the two differ."
        if recipe.seeds > 1
        else "One seed allows no interval: raise --seeds."
    )
    page.head("Glyphs")
    shown = [
        figure(GLYPHS[index], "", [jpeg_source(np.repeat(image.repeat(4, 0).repeat(4, 1)[..., None], 3, 2))])
        for image, index in zip(test[0][:_SHOWN], test[1][:_SHOWN].tolist(), strict=True)
    ]
    page.pictures([strip("Some of them", f"{SIDE} x {SIDE} pixels, enlarged", shown)])
    return write_page(page, recipe.out)


def _answers(
    path: Path,
    padding: str,
    seed: int,
    steps: int,
    train: tuple[NDArray[np.uint8], NDArray[np.int64]],
    test: tuple[NDArray[np.uint8], NDArray[np.int64]],
    progress: Progress,
) -> list[int]:
    """Return the classes that a network gives the test glyphs, from its file or after training it."""
    if path.exists():
        return list(json.loads(path.read_text(encoding="utf-8")))
    torch.manual_seed(seed)
    network = GlyphClassifier(padding)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    images, classes = _tensor(train[0]), torch.from_numpy(train[1])
    report = progress(f"training {padding}, seed {seed}")
    for step in range(steps):
        # The same batches for every padding.
        chosen = torch.randint(len(images), (_BATCH,), generator=torch.Generator().manual_seed(seed * steps + step))
        optimizer.zero_grad()
        F.cross_entropy(network(images[chosen]), classes[chosen]).backward()
        optimizer.step()
        schedule.step()
        report(step + 1, steps)
    network.eval()
    with torch.inference_mode():
        answers: list[int] = torch.cat([network(part).argmax(1) for part in _tensor(test[0]).split(500)]).tolist()
    write_file(path, json.dumps(answers) + "\n")
    return answers


def _tensor(images: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(images).float()[:, None] / 255


def _table(right: dict[str, NDArray[np.bool_]]) -> Table:
    rows = []
    for name, answers in right.items():
        shares = 100 * answers.mean(1)
        text = "-"
        if name != "zeros" and len(shares) > 1:
            gain = crossed_interval(100.0 * (answers.astype(float) - right["zeros"].astype(float)))
            text = f"{gain.mean:+.2f} {interval_text(gain.low, gain.high, 2)}"
        rows.append((name, f"{shares.mean():.2f}", f"{shares.min():.2f} to {shares.max():.2f}", text))
    count = len(right["zeros"])
    heads = (f"Accuracy in percent, seeds: {count}", "mean", "lowest to highest", "better than zeros by [95 %]")
    return Table(heads, tuple(rows))
