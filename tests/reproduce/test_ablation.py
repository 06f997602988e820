from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load

from bokwon.nn.features import VGGFeatures
from bokwon.reproduce import ablation
from bokwon.reproduce.ablation import VARIANTS, random_features, reproduce_ablation
from bokwon.reproduce.recipe import Recipe
from bokwon.training.config import TrainConfig
from bokwon.training.load_config import override
from bokwon.training.objective import loss_weights


def test_each_variant_leaves_its_terms_out() -> None:
    weights = {
        each.name: loss_weights(override(TrainConfig(), ["loss.hole=6.0", "loss.tv=0.1", *each.changes]).loss)
        for each in VARIANTS
    }
    whole = weights["all-terms"]
    changed = {name: {key for key in whole if found[key] != whole[key]} for name, found in weights.items()}
    assert changed == {
        "all-terms": set(),
        "no-perceptual": {"perceptual"},
        "no-style": {"style_out", "style_comp"},
        "no-tv": {"tv"},
        "hole-as-valid": {"hole"},
        "l1-alone": {"perceptual", "style_out", "style_comp", "tv"},
    }


def test_random_features_are_a_vgg16() -> None:
    state = load(random_features(3))
    network = VGGFeatures(weights=state)
    maps = network(torch.rand(1, 3, 32, 32))
    assert [tuple(each.shape[1:]) for each in maps] == [(64, 16, 16), (128, 8, 8), (256, 4, 4)]
    # Neither vanishing nor exploding from layer to layer.
    assert all(0.2 < float(each.std()) < 5 for each in maps)
    assert random_features(3) == random_features(3) != random_features(4)


def test_the_page_says_that_the_features_are_random(
    tmp_path: Path, quiet: Any, small: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ablation, "VARIANTS", [VARIANTS[0], VARIANTS[-1]])
    recipe = Recipe(tmp_path / "run", assignments=(*small, "loss.features_crop=16"))
    html = reproduce_ablation(recipe, quiet).read_text(encoding="utf-8")
    assert "VGG16 with random weights" in html
    assert "all six terms, features of vgg16" in html
    log = (tmp_path / "run" / "runs" / "all-terms" / "log.jsonl").read_text()
    assert '"style_comp"' in log
