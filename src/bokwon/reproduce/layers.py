"""Compares partial convolution with later layers, at equal parameter count and training budget, over several seeds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.evaluation.report.statistics import METRICS, crossed_interval
from bokwon.evaluation.report.tables import Table, interval_text
from bokwon.nn.unet import UNetConfig
from bokwon.nn.unet_config import Layer
from bokwon.reproduce.inputs import make_masks, prepare_images
from bokwon.reproduce.measured import Measured, check_inputs, measure
from bokwon.reproduce.networks import Variant, equal_width, train_variants
from bokwon.reproduce.page import Page, budget_note, training_table, write_page
from bokwon.reproduce.recipe import Progress, Recipe, configure, open_folder

__all__ = ["FULL", "LAYERS", "difference_table", "reproduce_layers", "variants_of"]

LAYERS: tuple[Layer, ...] = ("partial", "gated", "padding", "conv")

_LOSS = ("loss.average=region", "loss.features=none", "loss.valid=0.7", "loss.hole=1.8", "loss.tv=0.0")
_TINY = ("steps=60",)
FULL = (
    "minutes=20.0",
    "steps=100000",
    "finetune.steps=0",
    "batch=8",
    "precision=fp32",
    "keep=1",
    "save_every=200",
    "network.levels=6",
    "network.width=24",
    "data.mask_kind=mixed",
    "data.crop=192",
    "data.scale=[0.6, 1.25]",
    "data.tone=0.2",
    "data.workers=1",
    "optimizer.name=adamw",
    "optimizer.learning_rate=1e-3",
    "optimizer.schedule=cosine",
    "optimizer.ema=0.998",
)
"""The full comparison: a network that learns something in 20 minutes on two cores."""


def variants_of(network: UNetConfig, seeds: range) -> list[Variant]:
    """Return the networks of all layers and seeds. Widths are chosen so that all have about as many parameters.

    Args:
        network: The network of partial convolutions.
        seeds: Seeds of weights, crops and masks.
    """
    found = []
    for seed in seeds:
        for layer in LAYERS:
            width = equal_width(network, layer)
            changes = (f"network.layer={layer}", f"network.width={width}", f"seed={seed}")
            found.append(Variant(f"{layer}-{seed}", changes))
    return found


def reproduce_layers(recipe: Recipe, progress: Progress) -> Path:
    """Train every layer from every seed, measure all on the same pairs, and write the page.

    The experiment may be interrupted at any time; the same command continues it.

    Args:
        recipe: The experiment.
        progress: Told of every stage.

    Returns:
        The page.

    Raises:
        ArgumentError: There are fewer than two seeds.
        BokwonError: Images, masks or settings cannot be used, or the folder holds something else.
    """
    if recipe.seeds < 2:
        raise ArgumentError(f"{recipe.seeds} seed says nothing about other seeds", "give --seeds 2 or more")
    open_folder(recipe, "layers")
    changes = (*_LOSS, *(FULL if recipe.full else _TINY))
    side = configure(recipe, (), changes).data.crop
    inputs = prepare_images(recipe, side, progress)
    config = configure(recipe, inputs.train, changes)
    if config.network.max_width is not None:
        raise ArgumentError("network.max_width limits layers differently", "leave it out")
    masks, mask_notes = make_masks(recipe, side, progress)
    seeds = range(recipe.seed, recipe.seed + recipe.seeds)
    check_inputs(recipe, inputs.test, masks, ())
    networks = train_variants(recipe.out, config, variants_of(config.network, seeds), progress)
    measured = measure(recipe, inputs.test, masks, networks, "", progress, "measured")
    page = Page(
        "Partial convolution and the layers that came after it",
        f"The same U-Net of four kinds of layers, each trained from {recipe.seeds} seeds on the same images and masks "
        "for the same time or number of steps, one after the other. The gated network is narrower, so that all have "
        "about the same number of parameters.",
        [
            budget_note(config),
            *inputs.notes,
            *mask_notes,
            "The paper compares with ordinary convolution alone. `gated` is Yu et al. 2019, here with batch "
            "normalisation before the gate, as the other layers have it; `padding` is ordinary convolution with the "
            "partial padding of Liu et al. 2018, arXiv 1811.11718.",
            *measured.failures(),
        ],
    )
    page.head("Does partial convolution win?")
    page.text(
        "Difference of the means over seeds, positive where partial convolution is better, with 95 % confidence "
        "intervals that hold for other seeds and other images. An interval that leaves out zero decides."
    )
    for key in ("hole_psnr", "psnr", "ssim"):
        page.table(difference_table(measured.results, key, seeds))
    page.head("Means of every network")
    page.table(_means_table(measured, seeds))
    page.head("Pictures")
    page.pictures(measured.cases())
    page.head("Training")
    page.table(training_table(networks))
    return write_page(page, recipe.out)


def difference_table(results: Mapping[str, Any], key: str, seeds: range) -> Table:
    """Return the advantage of partial convolution over each other layer, for each cell.

    Args:
        results: The content of `results.json`, with methods `LAYER-SEED`.
        key: The figure, a key of `METRICS`.
        seeds: The seeds.
    """
    metric, others = METRICS[key], LAYERS[1:]
    rows = []
    for cell in [*results["cells"], {"name": "**all**"}]:
        pairs = [
            p for p in results["pairs"] if "bin" not in cell or (p["bin"], p["border"]) == (cell["bin"], cell["border"])
        ]
        row = [cell["name"], str(len(pairs))]
        for other in others:
            if not pairs:
                row.append("-")
                continue
            gain = crossed_interval(_differences(pairs, key, other, seeds))
            text = f"{gain.mean:+.{metric.digits}f} {interval_text(gain.low, gain.high, metric.digits)}"
            row.append(f"**{text}**" if gain.sure else text)
        rows.append(tuple(row))
    return Table(
        (f"{metric.title}: partial better by [95 %]", "pairs", *(f"than {other}" for other in others)), tuple(rows)
    )


def _differences(pairs: list[Mapping[str, Any]], key: str, other: str, seeds: range) -> NDArray[np.float64]:
    """Return how much better partial convolution is, (seeds, images), averaged over the pairs of an image."""
    sign = 1.0 if METRICS[key].higher_is_better else -1.0
    images = sorted({pair["image"] for pair in pairs})
    rows = []
    for seed in seeds:
        by_image: dict[str, list[float]] = {image: [] for image in images}
        for pair in pairs:
            methods = pair["methods"]
            by_image[pair["image"]].append(sign * (methods[f"partial-{seed}"][key] - methods[f"{other}-{seed}"][key]))
        rows.append([float(np.mean(by_image[image])) for image in images])
    return np.array(rows)


def _means_table(measured: Measured, seeds: range) -> Table:
    keys = ("hole_psnr", "l1", "psnr", "ssim")
    whole = measured.results["all"]["methods"]
    rows = []
    for layer in LAYERS:
        row: list[str] = [layer]
        for key in keys:
            means = [whole[f"{layer}-{seed}"][key]["mean"] for seed in seeds] if measured.results["pairs"] else []
            digits = METRICS[key].digits
            row.append(
                f"{np.mean(means):.{digits}f} ({min(means):.{digits}f} to {max(means):.{digits}f})" if means else "-"
            )
        rows.append(tuple(row))
    heads = (f"Means over all pairs and {len(seeds)} seeds, and those of the lowest and the highest seed",)
    return Table((*heads, *(METRICS[key].title for key in keys)), tuple(rows))
