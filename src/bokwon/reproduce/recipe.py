"""The settings of an experiment: data, budget and output folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bokwon.errors import ArgumentError, OutputExistsError, accessing
from bokwon.training.config import TrainConfig
from bokwon.training.load_config import override, preset
from bokwon.utilities.atomic import write_file
from bokwon.utilities.json_files import read_object

__all__ = ["Progress", "Recipe", "configure", "open_folder"]

Progress = Callable[[str], Callable[[int, int], None]]
"""Called with the name of a stage; returns a function that is called with how much is done, and of how much."""

TINY = (
    "steps=150",
    "batch=4",
    "save_every=1000",
    "keep=1",
    "network.levels=4",
    "network.width=8",
    "data.crop=64",
    "data.scale=[0.8, 1.2]",
    "data.workers=0",
    "loss.features=none",
    "optimizer.learning_rate=2e-3",
    "finetune.steps=0",
)
"""What the preset `paper` is shrunk to, so that an experiment takes one to two minutes on one core."""


@dataclass(frozen=True)
class Recipe:
    """An experiment.

    Attributes:
        out: Its folder, new or to continue.
        images: Sources of images to train on, as `data.images`; drawn when empty.
        test_images: Folder of images to measure on; drawn when None.
        masks: Sources of masks to train with, as `data.masks`; generated while training when empty.
        test_masks: Folder of masks to measure with; drawn when None.
        per_cell: Pairs in each of the twelve cells.
        methods: Further methods that are measured, as `bokwon evaluate --methods`.
        inception: Weights of the Inception network, for the Inception Score; not measured when None.
        assignments: Settings of training that are changed, `key=value`.
        full: Use the unchanged preset `paper` instead of a tiny network.
        seeds: How many seeds training is run with, in experiments that repeat it.
        seed: The first seed, of everything that is drawn at random.
        jobs: Processes that measure.
    """

    out: Path
    images: tuple[str, ...] = ()
    test_images: Path | None = None
    masks: tuple[str, ...] = ()
    test_masks: Path | None = None
    per_cell: int = 1
    methods: str = ""
    inception: Path | None = None
    assignments: tuple[str, ...] = ()
    full: bool = False
    seeds: int = 1
    seed: int = 0
    jobs: int = 1

    def __post_init__(self) -> None:
        """Check what can be checked before anything is read."""
        for name in ("per_cell", "seeds", "jobs"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"{name} is {getattr(self, name)}", "give at least 1")
        if self.seed < 0:
            raise ArgumentError(f"the seed is {self.seed}", "give 0 or more")
        # The paths of trained models stand in a list of methods.
        if set(str(self.out)) & set(",'\":?"):
            raise ArgumentError(f"{self.out} has a comma, a quote, a colon or a question mark", "name another --out")
        if self.full and not (self.images and self.test_images):
            raise ArgumentError("the full experiment needs photographs", "name folders with --images and --test-images")


def configure(recipe: Recipe, images: Sequence[str], changes: Sequence[str] = ()) -> TrainConfig:
    """Return the training that an experiment starts from.

    Args:
        recipe: The experiment.
        images: Sources of images.
        changes: Settings of the experiment itself; the user's assignments override them.

    Raises:
        ArgumentError: An assignment has an unknown key or a value of the wrong type.
    """
    config = preset("paper")
    assert isinstance(config, TrainConfig)
    data = [f"data.images={list(images)!r}", f"data.masks={list(recipe.masks)!r}", f"seed={recipe.seed}"]
    tiny = () if recipe.full else TINY
    return override(config, ["tensorboard=false", *data, *tiny, *changes, *recipe.assignments])


def open_folder(recipe: Recipe, experiment: str) -> None:
    """Create or continue the folder of an experiment.

    Args:
        recipe: The experiment.
        experiment: Its name.

    Raises:
        OutputExistsError: The folder holds another experiment, or other files.
        FileAccessError: It cannot be written.
    """
    marker = recipe.out / "recipe.json"
    told = json.loads(json.dumps({"experiment": experiment, **_record(recipe)}))
    if marker.exists():
        there = read_object(marker, "name a new folder with --out")
        changed = [f"{key} {there.get(key)} -> {value}" for key, value in told.items() if there.get(key) != value]
        if changed:
            raise OutputExistsError(
                f"{recipe.out} holds another experiment: {', '.join(changed)}",
                "give the same options to continue it, or name a new folder with --out",
            )
        return
    with accessing(f"{recipe.out} cannot be written: {{error}}", "name a folder you may write to"):
        recipe.out.mkdir(parents=True, exist_ok=True)
        if any(recipe.out.iterdir()):
            raise OutputExistsError(f"{recipe.out} holds other files", "name an empty or a new folder with --out")
    write_file(marker, json.dumps(told, indent=1) + "\n")


def _record(recipe: Recipe) -> dict[str, Any]:
    # The number of processes changes no figure.
    return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(recipe).items()} | {
        "out": None,
        "jobs": None,
    }
