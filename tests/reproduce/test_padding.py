from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bokwon.errors import ArgumentError
from bokwon.reproduce import padding
from bokwon.reproduce.padding import PADDINGS, GlyphClassifier, make_glyphs, reproduce_padding
from bokwon.reproduce.recipe import Recipe


@pytest.mark.parametrize("name", PADDINGS)
def test_paddings_differ_at_the_border_alone(name: str) -> None:
    torch.manual_seed(0)
    zeros, other = PADDINGS["zeros"](2, 3), PADDINGS[name](2, 3)
    other.load_state_dict(zeros.state_dict())
    image = torch.rand(1, 2, 9, 9)
    first, second = zeros(image), other(image)
    torch.testing.assert_close(first[..., 1:-1, 1:-1], second[..., 1:-1, 1:-1])
    assert torch.allclose(first, second) is (name == "zeros")


def test_all_classifiers_have_the_same_parameters() -> None:
    shapes = [{key: value.shape for key, value in GlyphClassifier(name).state_dict().items()} for name in PADDINGS]
    assert all(each == shapes[0] for each in shapes)


def test_glyphs_to_train_on_and_to_measure_on_differ() -> None:
    (train, classes), (test, again) = make_glyphs(30, 0, 0), make_glyphs(30, 0, 1)
    assert classes.tolist() == again.tolist() == [*range(10)] * 3
    assert (train != test).any((1, 2)).all()


def test_a_classifier_learns(tmp_path: Path, quiet: Any) -> None:
    train, test = make_glyphs(300, 0, 0), make_glyphs(200, 0, 1)
    answers = padding._answers(tmp_path / "a.json", "zeros", 0, 40, train, test, quiet)
    # Guessing gives 10 %.
    assert (np.array(answers) == test[1]).mean() > 0.25


def test_an_experiment_goes_on_with_the_networks_that_are_there(tmp_path: Path, quiet: Any) -> None:
    recipe = Recipe(tmp_path / "run", seeds=2)
    html = reproduce_padding(recipe, 1, 40, quiet).read_text(encoding="utf-8")
    files = sorted(path.name for path in (tmp_path / "run").glob("*-*.json"))
    assert files == sorted(f"{name}-{seed}.json" for name in PADDINGS for seed in (0, 1))
    assert "for other seeds and other glyphs" in html
    # Answers that are right by chance: found again, they are counted.
    for seed in (0, 1):
        (tmp_path / "run" / f"partial-{seed}.json").write_text(json.dumps([*range(10)] * 4))
    reproduce_padding(recipe, 1, 40, quiet)
    assert "| partial | 100.00 | 100.00 to 100.00 |" in (tmp_path / "run" / "tables.md").read_text(encoding="utf-8")


def test_too_few_glyphs_are_refused(tmp_path: Path, quiet: Any) -> None:
    with pytest.raises(ArgumentError, match="39 glyphs"):
        reproduce_padding(Recipe(tmp_path / "run"), 1, 39, quiet)
