from __future__ import annotations

from pathlib import Path

import pytest

from bokwon.errors import ArgumentError, FileAccessError, OutputExistsError
from bokwon.reproduce.recipe import Recipe, configure, open_folder
from bokwon.training.load_config import preset


def test_a_tiny_experiment_is_the_papers_with_less_of_everything() -> None:
    config = configure(Recipe(Path("x"), masks=("m",), seed=5), ["pictures"])
    assert (config.data.images, config.data.masks, config.seed) == (("pictures",), ("m",), 5)
    assert (config.network.levels, config.steps, config.finetune.steps) == (4, 150, 0)
    assert config.loss.terms == "paper"
    assert config.optimizer.name == "adam"


def test_the_full_experiment_is_the_preset_and_what_the_user_sets() -> None:
    recipe = Recipe(Path("x"), images=("a",), test_images=Path("b"), full=True, assignments=("steps=7",))
    config, paper = configure(recipe, recipe.images), preset("paper")
    assert config.network == paper.network
    assert config.loss == paper.loss
    assert config.finetune == paper.finetune
    assert config.steps == 7


def test_what_the_user_sets_stands_above_what_the_experiment_sets() -> None:
    recipe = Recipe(Path("x"), assignments=("data.crop=96",))
    assert configure(recipe, (), ["data.crop=128", "batch=3"]).data.crop == 96
    assert configure(recipe, (), ["data.crop=128", "batch=3"]).batch == 3


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"per_cell": 0}, "per_cell"),
        ({"seeds": 0}, "seeds"),
        ({"jobs": 0}, "jobs"),
        ({"seed": -1}, "seed"),
        ({"out": Path("a,b")}, "comma"),
        ({"full": True}, "photographs"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, object], told: str) -> None:
    with pytest.raises(ArgumentError, match=told) as caught:
        Recipe(**{"out": Path("x"), **values})  # type: ignore[arg-type]
    assert caught.value.fix


def test_a_folder_is_continued_by_the_same_experiment_alone(tmp_path: Path) -> None:
    recipe = Recipe(tmp_path / "run", methods="telea")
    open_folder(recipe, "table")
    open_folder(recipe, "table")
    # Processes change no figure, and a folder may be moved.
    open_folder(Recipe(tmp_path / "run", methods="telea", jobs=3), "table")
    (tmp_path / "run").rename(tmp_path / "moved")
    open_folder(Recipe(tmp_path / "moved", methods="telea"), "table")
    with pytest.raises(OutputExistsError, match="seed 0 -> 1"):
        open_folder(Recipe(tmp_path / "moved", methods="telea", seed=1), "table")
    with pytest.raises(OutputExistsError, match="experiment table -> layers"):
        open_folder(Recipe(tmp_path / "moved", methods="telea"), "layers")


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("notes")
    with pytest.raises(OutputExistsError, match="other files"):
        open_folder(Recipe(tmp_path), "table")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(FileAccessError, match="cannot be written"):
        open_folder(Recipe(tmp_path / "mine.txt" / "below"), "table")
