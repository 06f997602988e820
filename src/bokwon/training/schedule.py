"""What depends on the step: phase and learning rate."""

from __future__ import annotations

import math

from bokwon.training.config import TrainConfig

__all__ = ["in_phase_two", "learning_rate"]


def in_phase_two(step: int, config: TrainConfig) -> bool:
    """Say whether a step, from 0, belongs to phase 2."""
    return step >= config.steps


def learning_rate(step: int, config: TrainConfig) -> float:
    """Learning rate of a step.

    Args:
        step: From 0, phase 2 after phase 1.
        config: The run.

    Returns:
        The rate, above zero.
    """
    if in_phase_two(step, config):
        done = (step - config.steps) / config.finetune.steps
        return config.finetune.learning_rate * _fall(done, config.finetune.schedule)
    warm = min(1.0, (step + 1) / max(1, config.optimizer.warmup))
    return config.optimizer.learning_rate * warm * _fall(step / config.steps, config.optimizer.schedule)


def _fall(done: float, schedule: str) -> float:
    return 0.5 * (1 + math.cos(math.pi * done)) if schedule == "cosine" else 1.0
