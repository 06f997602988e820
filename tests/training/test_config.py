"""A configuration that makes no sense is refused when it is made."""

import pytest

from bokwon.errors import ArgumentError
from bokwon.nn.unet import UNetConfig
from bokwon.training.config import DataConfig, FinetuneConfig, LossConfig, OptimizerConfig, TrainConfig


def test_batch_normalisation_needs_two_values():
    with pytest.raises(ArgumentError, match="batch normalisation"):
        TrainConfig(network=UNetConfig(levels=5, width=4), data=DataConfig(crop=32), batch=1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: DataConfig(crop=16),
        lambda: DataConfig(scale=(0, 1)),
        lambda: DataConfig(max_ratio=1),
        lambda: DataConfig(tone=2),
        lambda: DataConfig(workers=-1),
        lambda: DataConfig(images=("a", "b"), image_weights=(0, 0)),
        lambda: LossConfig(terms="reimplementation", style_out=1),
        lambda: OptimizerConfig(learning_rate=-1),
        lambda: FinetuneConfig(steps=-1),
    ],
)
def test_each_part_checks_itself(make):
    with pytest.raises(ArgumentError):
        make()


@pytest.mark.parametrize("divided", [{"finetune": FinetuneConfig(steps=2)}, {"loss": LossConfig(features_from=0.5)}])
def test_minutes_do_not_divide_a_run(divided):
    with pytest.raises(ArgumentError, match="minutes"):
        TrainConfig(minutes=1.0, **divided)
