from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.nn.unet import UNetConfig
from bokwon.reproduce import layers
from bokwon.reproduce.layers import FULL, LAYERS, difference_table, reproduce_layers, variants_of
from bokwon.reproduce.networks import parameters_of
from bokwon.reproduce.recipe import Recipe, configure
from bokwon.training.config import TrainConfig
from bokwon.training.load_config import override


def test_every_layer_is_trained_from_every_seed_at_equal_parameters() -> None:
    base = TrainConfig(network=UNetConfig(levels=6, width=24))
    found = {each.name: override(base, each.changes) for each in variants_of(base.network, range(3, 5))}
    assert set(found) == {f"{layer}-{seed}" for layer in LAYERS for seed in (3, 4)}
    for name, config in found.items():
        layer, seed = name.split("-")
        assert (config.network.layer, config.seed) == (layer, int(seed))
        assert parameters_of(config.network) == pytest.approx(parameters_of(base.network), rel=0.02)


def test_the_full_comparison_takes_20_minutes_a_network() -> None:
    recipe = Recipe(Path("x"), images=("a",), test_images=Path("b"), full=True)
    config = configure(recipe, recipe.images, (*layers._LOSS, *FULL))
    assert (config.minutes, config.network.width, config.loss.features) == (20, 24, "none")


def results(gain: float) -> dict[str, Any]:
    """Return results of 8 images in two cells, in which partial convolution is better by a gain and some noise."""
    rng = np.random.default_rng(0)
    pairs = []
    for number in range(16):
        methods: dict[str, Any] = {}
        for seed in range(3):
            partial = 20 + rng.normal()
            methods |= {f"partial-{seed}": {"psnr": partial, "l1": partial}}
            for other in LAYERS[1:]:
                worse = partial - gain - 0.1 * rng.normal()
                methods |= {f"{other}-{seed}": {"psnr": worse, "l1": worse}}
        pairs.append({"image": str(number % 8), "bin": 1 + number // 8, "border": True, "methods": methods})
    cells = [{"name": str(number), "bin": number, "border": True} for number in (1, 2, 3)]
    return {"cells": cells, "pairs": pairs}


def test_a_difference_is_positive_where_partial_convolution_is_better() -> None:
    table = difference_table(results(1.0), "psnr", range(3))
    assert [row[:2] for row in table.rows] == [("1", "8"), ("2", "8"), ("3", "0"), ("**all**", "16")]
    assert table.rows[2][2:] == ("-", "-", "-")
    for text in table.rows[3][2:]:
        # In bold, because its interval leaves out zero.
        assert text.startswith(("**+0.9", "**+1.0"))
        low, high = (float(part) for part in text.split("[")[1].rstrip("]*").split(", "))
        assert 0.8 < low < 1.0 < high < 1.2
    # Less error is better.
    assert difference_table(results(1.0), "l1", range(3)).rows[3][2].startswith(("**-0.9", "**-1.0"))
    assert not difference_table(results(0.0), "psnr", range(3)).rows[3][2].startswith("**+1")


def test_the_comparison_in_miniature(
    tmp_path: Path, quiet: Any, small: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "LAYERS", ("partial", "gated"))
    recipe = Recipe(tmp_path / "run", seeds=2, assignments=small)
    html = reproduce_layers(recipe, quiet).read_text(encoding="utf-8")
    assert "PSNR in hole, dB: partial better by [95 %]" in html
    assert {path.stem for path in (tmp_path / "run" / "models").glob("*.onnx")} == {
        f"{layer}-{seed}" for layer in ("partial", "gated") for seed in (0, 1)
    }
    assert "than gated" in html
    assert "than conv" not in html


def test_one_seed_is_refused(tmp_path: Path, quiet: Any) -> None:
    with pytest.raises(ArgumentError, match="1 seed"):
        reproduce_layers(Recipe(tmp_path / "run"), quiet)
    assert not (tmp_path / "run").exists()
