from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bokwon.nn.unet import PConvUNet, UNetConfig
from bokwon.reproduce import networks
from bokwon.reproduce.inputs import prepare_images
from bokwon.reproduce.networks import Variant, equal_width, parameters_of, train_variants
from bokwon.reproduce.recipe import Recipe, configure
from bokwon.training import checkpoint


@pytest.mark.parametrize("config", [UNetConfig(), UNetConfig(levels=6, width=24), UNetConfig(levels=4, width=8)])
@pytest.mark.parametrize("layer", ["gated", "padding", "conv"])
def test_other_layers_get_the_width_of_equal_parameters(config: UNetConfig, layer: Any) -> None:
    width = equal_width(config, layer)
    assert (width == config.width) is (layer != "gated")
    found = parameters_of(UNetConfig(levels=config.levels, width=width, layer=layer))
    # A whole number of channels: half a channel of six is 8 % of the width and 17 % of the parameters.
    assert found == pytest.approx(parameters_of(config), rel=1.4 / config.width)


def test_parameters_are_those_of_the_network() -> None:
    config = UNetConfig(levels=3, width=4, layer="gated")
    network = PConvUNet(levels=3, width=4, layer="gated")
    assert parameters_of(config) == sum(parameter.numel() for parameter in network.parameters())


def test_variants_are_trained_once_and_found_again(
    tmp_path: Path, quiet: Any, small: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(tmp_path, assignments=small)
    config = configure(recipe, prepare_images(recipe, 48, quiet).train)
    stages: list[str] = []

    def progress(name: str) -> Callable[[int, int], None]:
        stages.append(name)
        return lambda _done, _total: None

    variants = [Variant("one"), Variant("two", ("network.layer=gated", "steps=2"))]
    first = train_variants(tmp_path, config, variants, progress)
    assert stages == ["training one", "training two"]
    assert [(each.name, each.steps) for each in first] == [("one", 1), ("two", 2)]
    assert [each.model.is_file() for each in first] == [True, True]
    assert first[1].parameters > 1.5 * first[0].parameters
    assert checkpoint.load_network(tmp_path / "runs" / "two")[0].config.layer == "gated"
    # Interrupted between the model file and its card: it is exported again from its checkpoint.
    first[1].model.with_suffix(".json").unlink()
    exported = []
    real = networks.export_checkpoint
    monkeypatch.setattr(networks, "export_checkpoint", lambda *a, **k: exported.append(a[0]) or real(*a, **k))
    assert [each.steps for each in train_variants(tmp_path, config, variants, progress)] == [1, 2]
    assert [path.name for path in exported] == ["step_000002"]
