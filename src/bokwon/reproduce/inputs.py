"""Images and masks of an experiment. Those that are not given are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bokwon.image_io.output_formats import png_of
from bokwon.reproduce.drawings import draw_picture
from bokwon.reproduce.recipe import Progress, Recipe
from bokwon.synthesis.masks.bins import CELLS
from bokwon.synthesis.masks.dataset import MaskSet, make_set
from bokwon.utilities.atomic import write_file

__all__ = ["Inputs", "make_masks", "prepare_images"]

_TRAIN, _TEST = 32, 12
"""Pictures that are drawn to train on, and to measure on: the fewest for a useful interval."""


@dataclass(frozen=True)
class Inputs:
    """Paths of the images, and notes about them.

    Attributes:
        train: Sources of images to train on.
        test: Folder of images to measure on.
        notes: How the images differ from the paper's, one sentence each.
    """

    train: tuple[str, ...]
    test: Path
    notes: tuple[str, ...]


def prepare_images(recipe: Recipe, side: int, progress: Progress) -> Inputs:
    """Draw the images that are not given, or reuse those of an interrupted run.

    Args:
        recipe: The experiment.
        side: Side of the crops that are trained on, pixels; pictures to train on are twice as large.
        progress: Receives how many pictures are drawn.
    """
    notes = []
    train, test = recipe.images, recipe.test_images
    if not train or test is None:
        notes.append(
            "The images were drawn by a program: shading, shapes, stripes and letters. The paper has photographs "
            "(ImageNet, Places2) and faces (CelebA-HQ). Name folders of photographs with --images and --test-images."
        )
    if not train:
        train = (str(_draw(recipe.out / "images" / "train", _TRAIN, 2 * side, recipe.seed, 0, progress)),)
    if test is None:
        test = _draw(recipe.out / "images" / "test", _TEST, side, recipe.seed, 1, progress)
    return Inputs(train, test, tuple(notes))


def _draw(folder: Path, count: int, side: int, seed: int, stream: int, progress: Progress) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    report: Callable[[int, int], None] = progress("drawing pictures")
    for number in range(count):
        path = folder / f"{number:03d}.png"
        if not path.exists():
            rng = np.random.default_rng((seed, stream, number))
            write_file(path, png_of(draw_picture(rng, side)), sync=False)
        report(number + 1, count)
    return folder


def make_masks(recipe: Recipe, side: int, progress: Progress) -> tuple[Path, tuple[str, ...]]:
    """Make masks for all twelve cells, or use the given ones.

    Args:
        recipe: The experiment.
        side: Side of the masks, pixels.
        progress: Receives how many masks are made.

    Returns:
        Their folder, and notes about them.
    """
    if recipe.test_masks is not None:
        return recipe.test_masks, ()
    folder = recipe.out / "masks"
    plan = MaskSet(count=len(CELLS) * recipe.per_cell, size=(side, side), kind="occlusion", seed=recipe.seed, stream=3)
    report = progress("making masks")
    make_set(folder, plan, recipe.jobs, lambda done: report(done, plan.count))
    return folder, (
        f"Masks were made by bokwon's generator of occlusions, {side} x {side} pixels, {recipe.per_cell} in each cell; "
        "the paper has 1,000 a cell of 512 x 512, from films. Name a folder of masks with --test-masks.",
    )
