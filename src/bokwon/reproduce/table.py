"""The paper's table: partial and ordinary convolution in the same network, and other methods, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bokwon.evaluation.report.statistics import METRICS
from bokwon.evaluation.report.tables import Table
from bokwon.image_io.output_formats import png_of
from bokwon.reproduce.inputs import make_masks, prepare_images
from bokwon.reproduce.measured import Measured, available, cell_table, check_inputs, inception_table, measure
from bokwon.reproduce.networks import Variant, train_variants
from bokwon.reproduce.page import Page, budget_note, training_table, write_page
from bokwon.reproduce.recipe import Progress, Recipe, configure, open_folder
from bokwon.synthesis.masks.bins import BINS
from bokwon.synthesis.masks.generate import make_mask
from bokwon.synthesis.masks.squares import centred_square
from bokwon.utilities.atomic import write_file

__all__ = ["VARIANTS", "group_table", "reproduce_table"]

VARIANTS = (
    Variant("partial"),
    Variant("conv-mean", ("network.layer=conv", "network.placeholder=mean")),
    Variant("conv-zero", ("network.layer=conv", "network.placeholder=zero")),
    Variant("conv-gray", ("network.layer=conv", "network.placeholder=gray")),
)
"""The paper's network, and the same one of ordinary convolutions that see a constant in the holes: the mean colour of
ImageNet, 0, or 127.5."""

_CENTRE = 0.25
"""Share of the image that a hole in the middle takes: 128 x 128 of 256 x 256 pixels."""


def reproduce_table(recipe: Recipe, progress: Progress) -> Path:
    """Train the networks, measure all methods in the twelve cells and on square holes, and write the page.

    Args:
        recipe: The experiment.
        progress: Told of every stage.

    Returns:
        The page.

    Raises:
        BokwonError: Images, masks or settings cannot be used, or the folder holds something else.

    Source: Liu et al. 2018, section 4.3 (comparisons) and figure 2 (constants in the holes).
    """
    open_folder(recipe, "table")
    side = configure(recipe, ()).data.crop
    inputs = prepare_images(recipe, side, progress)
    config = configure(recipe, inputs.train)
    masks, mask_notes = make_masks(recipe, side, progress)
    check_inputs(recipe, inputs.test, masks, [each.name for each in VARIANTS])
    networks = train_variants(recipe.out, config, VARIANTS, progress)
    classical, missing = available(["patchmatch"])
    others = ",".join(filter(None, [classical, recipe.methods]))
    irregular = measure(recipe, inputs.test, masks, networks, others, progress, "measured")
    regular_masks = _regular_masks(recipe, side)
    regular = measure(
        recipe, inputs.test, regular_masks, networks, others, progress, "measured-regular", every_mask=True
    )
    page = Page(
        "Partial convolution and other methods, by hole ratio",
        "The same U-Net of partial convolutions and of ordinary ones, trained on the same images and masks from the "
        "same seed. Ordinary convolutions see a constant in the holes: the mean colour of ImageNet, 0, or 127.5.",
        [
            budget_note(config),
            *inputs.notes,
            *mask_notes,
            *missing,
            "Global and local discriminators (GL) and contextual attention (GntIpt) are not trained here. Measure "
            "their outputs with --methods NAME=folder:DIR.",
            "The published row was measured elsewhere, on other images: it gives the order of magnitude.",
            *irregular.failures(),
            *regular.failures(),
        ],
    )
    page.head("Irregular holes")
    for key in ("l1", "psnr", "ssim"):
        page.table(cell_table(irregular, key))
    scores, reason = inception_table(irregular, recipe.inception)
    page.table(scores)
    if reason:
        page.text(reason)
    page.head("Square holes")
    page.text("One square at a random place, of any of the six hole ratios; and one in the middle, 25 % of the image.")
    for name, title in (("square", "Squares at random places"), ("centre", "Square in the middle")):
        page.table(group_table(regular, title, name))
    page.head("Pictures: irregular holes")
    page.pictures(irregular.cases())
    page.head("Pictures: square holes")
    page.pictures(regular.cases()[:3])
    page.head("Training")
    page.table(training_table(networks))
    return write_page(page, recipe.out)


def group_table(measured: Measured, title: str, prefix: str, keys: Sequence[str] = ("l1", "psnr", "ssim")) -> Table:
    """Return the means over the pairs whose mask name begins with a prefix.

    Args:
        measured: The measurements.
        title: Title of the table.
        prefix: The prefix.
        keys: Figures, keys of `METRICS`.
    """
    pairs = [pair for pair in measured.results["pairs"] if Path(pair["mask"]).name.startswith(prefix)]
    rows = []
    for name in measured.names:
        means = [np.mean([pair["methods"][name][key] for pair in pairs]) if pairs else np.nan for key in keys]
        rows.append((name, *(f"{mean:.{METRICS[key].digits}f}" for mean, key in zip(means, keys, strict=True))))
    return Table((f"{title}: means of {len(pairs)} pairs", *(METRICS[key].title for key in keys)), tuple(rows))


def _regular_masks(recipe: Recipe, side: int) -> Path:
    folder = recipe.out / "masks-regular"
    folder.mkdir(exist_ok=True)
    for turn in range(recipe.per_cell):
        for number, ratio in BINS.items():
            rng = np.random.default_rng((recipe.seed, turn, number))
            square = make_mask(rng, (side, side), "square", ratio)
            for name, hole in (("square", square), ("centre", centred_square((side, side), _CENTRE))):
                write_file(folder / f"{name}-{turn:04d}-{number}.png", png_of(hole), sync=False)
    return folder
