"""Phase and learning rate of every step."""

import dataclasses

import pytest
import torch

from bokwon.training.config import FinetuneConfig, OptimizerConfig, TrainConfig
from bokwon.training.schedule import in_phase_two, is_over, learning_rate


def test_the_learning_rate_warms_up_falls_and_starts_again_in_phase_two():
    config = TrainConfig(
        optimizer=OptimizerConfig(learning_rate=1.0, warmup=4, schedule="cosine"),
        steps=8,
        finetune=FinetuneConfig(steps=4, learning_rate=0.5, schedule="cosine"),
    )
    rates = [learning_rate(step, config) for step in range(12)]
    assert rates[0] == pytest.approx(0.25)
    assert rates[4] == pytest.approx(0.5)
    assert rates[7] == pytest.approx(0.5 * (1 + torch.cos(torch.tensor(torch.pi * 7 / 8)).item()))
    assert rates[8:] == pytest.approx([0.5, 0.5 * 0.853553, 0.25, 0.5 * 0.146447], rel=1e-4)
    assert [in_phase_two(step, config) for step in (0, 7, 8, 11)] == [False, False, True, True]
    constant = dataclasses.replace(config, optimizer=OptimizerConfig(learning_rate=1.0, warmup=0, schedule="constant"))
    assert {learning_rate(step, constant) for step in range(8)} == {1.0}


def test_the_learning_rate_falls_with_the_clock_or_the_steps_whichever_is_further():
    config = TrainConfig(optimizer=OptimizerConfig(learning_rate=1.0, warmup=0), steps=8, minutes=2.0)
    assert learning_rate(4, config, 30.0) == pytest.approx(0.5)
    assert learning_rate(2, config, 60.0) == pytest.approx(0.5)
    assert [is_over(step, config, seconds) for step, seconds in ((7, 119.0), (8, 0.0), (0, 120.0))] == [
        False,
        True,
        True,
    ]
    assert not is_over(7, dataclasses.replace(config, minutes=0.0), 1e9)


def test_a_run_is_over_by_its_steps_or_its_time(tiny):
    config = tiny(steps=4, finetune=FinetuneConfig(steps=2))
    assert [is_over(step, config, 1e9) for step in (0, 5, 6)] == [False, False, True]
    assert [in_phase_two(step, config) for step in (0, 3, 4, 5)] == [False, False, True, True]
    timed = tiny(steps=4, minutes=0.5)
    assert [is_over(1, timed, seconds) for seconds in (0.0, 29.9, 30.0)] == [False, False, True]
