"""Phase and learning rate of each step."""

from __future__ import annotations

import math

from bokwon.training.config import TrainConfig

__all__ = ["in_phase_two", "is_over", "learning_rate"]


def in_phase_two(step: int, config: TrainConfig) -> bool:
    """Return whether a step, counted from 0, belongs to phase 2."""
    return step >= config.steps


def is_over(step: int, config: TrainConfig, seconds: float) -> bool:
    """Say whether a run ends before a step, from 0: all steps are made, or their time is up.

    Args:
        step: From 0.
        config: The run.
        seconds: What the steps before it took.
    """
    return step >= config.total_steps or (bool(config.minutes) and seconds >= 60 * config.minutes)


def learning_rate(step: int, config: TrainConfig, seconds: float = 0.0) -> float:
    """Learning rate of a step.

    Args:
        step: From 0, phase 2 after phase 1.
        config: The run.
        seconds: What the steps before it took; matters where `config.minutes` does.

    Returns:
        The rate, above zero.
    """
    if in_phase_two(step, config):
        done = (step - config.steps) / config.finetune.steps
        return config.finetune.learning_rate * _fall(done, config.finetune.schedule)
    warm = min(1.0, (step + 1) / max(1, config.optimizer.warmup))
    done = step / config.steps
    if config.minutes:
        done = max(done, seconds / (60 * config.minutes))
    return config.optimizer.learning_rate * warm * _fall(done, config.optimizer.schedule)


def _fall(done: float, schedule: str) -> float:
    return 0.5 * (1 + math.cos(math.pi * done)) if schedule == "cosine" else 1.0
