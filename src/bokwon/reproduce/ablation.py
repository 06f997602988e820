"""Measures the effect of each loss term: trains the network with one term left out at a time."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from safetensors.torch import save

from bokwon.reproduce.inputs import make_masks, prepare_images
from bokwon.reproduce.measured import cell_table, check_inputs, measure
from bokwon.reproduce.networks import Variant, train_variants
from bokwon.reproduce.page import Page, budget_note, training_table, write_page
from bokwon.reproduce.recipe import Progress, Recipe, configure, open_folder
from bokwon.utilities.atomic import write_file

__all__ = ["VARIANTS", "random_features", "reproduce_ablation"]

VARIANTS = (
    Variant("all-terms"),
    Variant("no-perceptual", ("loss.perceptual=0.0",)),
    Variant("no-style", ("loss.style_out=0.0", "loss.style_comp=0.0")),
    Variant("no-tv", ("loss.tv=0.0",)),
    Variant("hole-as-valid", ("loss.hole=1.0",)),
    Variant("l1-alone", ("loss.perceptual=0.0", "loss.style_out=0.0", "loss.style_comp=0.0", "loss.tv=0.0")),
)

_TINY = ("steps=40", "loss.features_crop=32")


def reproduce_ablation(recipe: Recipe, progress: Progress) -> Path:
    """Train the network with all loss terms and with terms left out, measure, and write the page.

    Args:
        recipe: The experiment. `loss.features_file=FILE` among its assignments names VGG16's weights; without it, and
            unless it is the full experiment, they are random.
        progress: Told of every stage.

    Returns:
        The page.

    Raises:
        BokwonError: Images, masks or settings cannot be used, or the folder holds something else.

    Source: Liu et al. 2018, section 3.3.
    """
    open_folder(recipe, "ablation")
    first = configure(recipe, ())
    inputs = prepare_images(recipe, first.data.crop, progress)
    config = configure(recipe, inputs.train, () if recipe.full else _TINY)
    notes = []
    if not recipe.full and config.loss.features == "none":
        features = recipe.out / "random-vgg16.safetensors"
        if not features.exists():
            write_file(features, random_features(recipe.seed))
        changes = (*_TINY, "loss.features=vgg16", f"loss.features_file={features}")
        config = configure(recipe, inputs.train, changes)
        notes.append(
            "The features of the perceptual and style terms are those of a VGG16 with random weights. They show how "
            "the terms work, and not how much they help. Name the trained weights: --set loss.features=vgg16 --set "
            "loss.features_file=FILE."
        )
    masks, mask_notes = make_masks(recipe, config.data.crop, progress)
    check_inputs(recipe, inputs.test, masks, [each.name for each in VARIANTS])
    networks = train_variants(recipe.out, config, VARIANTS, progress)
    measured = measure(recipe, inputs.test, masks, networks, recipe.methods, progress, "measured")
    page = Page(
        "The terms of the loss, one by one",
        "The same network from the same seed, trained with all six terms and without some of them. `hole-as-valid` "
        "gives holes the weight of known pixels.",
        [
            budget_note(config),
            *notes,
            *inputs.notes,
            *mask_notes,
            "The paper shows pictures without the perceptual and without the style terms. These terms are for the eye: "
            "expect them to cost PSNR.",
            *measured.failures(),
        ],
    )
    page.head("Figures")
    for key in ("l1", "psnr", "ssim"):
        page.table(cell_table(measured, key))
    page.head("Pictures")
    page.pictures(measured.cases())
    page.head("Training")
    page.table(training_table(networks))
    return write_page(page, recipe.out)


def random_features(seed: int) -> bytes:
    """Return a file of random VGG16 weights up to the third pooling layer, in safetensors' format.

    Args:
        seed: Seed of the weights, which are drawn as in He et al. 2015.
    """
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, torch.Tensor] = {}
    channels = 3
    for layer, width in ((0, 64), (2, 64), (5, 128), (7, 128), (10, 256), (12, 256), (14, 256)):
        kernel = torch.randn(width, channels, 3, 3, generator=generator)
        state[f"features.{layer}.weight"] = kernel * math.sqrt(2 / (9 * channels))
        state[f"features.{layer}.bias"] = torch.zeros(width)
        channels = width
    return save(state)
