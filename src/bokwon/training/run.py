"""The state of a run: network, average, optimiser, step. It is saved and resumed as a whole."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from bokwon.errors import ArgumentError, BokwonError, InputFileError
from bokwon.nn.unet import PConvUNet, UNetConfig
from bokwon.training import checkpoint
from bokwon.training.config import OptimizerConfig, TrainConfig
from bokwon.training.data.crops import Crops
from bokwon.training.load_config import differences, from_mapping
from bokwon.training.muon import Muon
from bokwon.training.onnx_weights import restore_norms
from bokwon.training.schedule import in_phase_two, is_over, learning_rate

__all__ = ["Run"]

_log = logging.getLogger(__name__)

_MEASURED = 64
"""Crops that the statistics of a model file's batch normalisation are measured on."""


class Run:
    """A run at some step.

    Args:
        config: The configuration.
        accelerator: Device, precision and processes.

    Attributes:
        network: The network that is trained.
        model: The same, wrapped for precision and distribution; this one is called.
        average: Its moving average, which is saved.
        step: Optimiser steps made.
        seconds: Time they took, the same in all processes.
    """

    model: nn.Module

    def __init__(self, config: TrainConfig, accelerator: Accelerator) -> None:
        self.config, self.accelerator = config, accelerator
        torch.manual_seed(config.seed)
        network = PConvUNet(**asdict(config.network))
        self.network = network.to(accelerator.device).to(memory_format=torch.channels_last)
        self.average = AveragedModel(self.network, multi_avg_fn=_moving_average(config.optimizer.ema), use_buffers=True)
        self.optimizer = accelerator.prepare_optimizer(_optimizer(self.network, config.optimizer))
        self.step, self.seconds = 0, 0.0
        self._clock = time.monotonic()
        self.network.train()
        self._wrap()

    def lap(self) -> float:
        """Return the seconds since the last call, in this process."""
        before, self._clock = self._clock, time.monotonic()
        return self._clock - before

    @property
    def is_over(self) -> bool:
        """Whether all steps are made, or their time is up."""
        return is_over(self.step, self.config, self.seconds)

    @property
    def images_per_step(self) -> int:
        """Images of one optimiser step, over all processes."""
        return self.config.batch * self.config.accumulate * int(self.accelerator.num_processes)

    def start_from(self, weights: Path) -> None:
        """Load weights; optimiser and moving average start from scratch.

        Args:
            weights: A model file (`.onnx`) or a `.safetensors` file with its card beside it, a checkpoint, or the
                folder of a run. A model file lacks the statistics of batch normalisation: they are measured on the
                images and masks of this run.

        Raises:
            FileAccessError: If there are none.
            InputFileError: If they are damaged, or belong to another network; those of "pullpush" may start a
                "membrane".
        """
        first, _ = checkpoint.load_network(weights)
        wanted, shape = asdict(self.config.network), asdict(first.config)
        if (shape["base"], wanted["base"]) == ("pullpush", "membrane"):
            # The same layers: a membrane only adds to what they predict.
            shape["base"] = "membrane"
        changed = differences(shape, wanted, "network.")
        if changed:
            raise InputFileError(
                f"{weights} belongs to another network: {', '.join(changed)}", "give network.* as it was trained with"
            )
        if weights.suffix == ".onnx":
            # The same examples in every process; of a seed that no crop of the run has.
            crops = Crops(self.config.data, _MEASURED, self.config.seed + 1)
            examples = (crops[number] for number in range(_MEASURED))
            restore_norms(first, ((image[None], valid[None]) for image, valid in examples))
        self.network.load_state_dict(first.state_dict())
        self.average.module.load_state_dict(first.state_dict())
        _log.info("started from %s", weights)

    def enter_step(self) -> float:
        """Make ready for the next step: phase and learning rate.

        Returns:
            The learning rate.
        """
        frozen = in_phase_two(self.step, self.config) and self.config.finetune.freeze_encoder_norm
        if frozen != self.network.encoder_norm_frozen:
            self.network.freeze_encoder_norm(frozen)
            # Distribution has to know which parameters will have gradients.
            self._wrap()
        rate = learning_rate(self.step, self.config, self.seconds)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def save(self, out: Path) -> Path:
        """Write a checkpoint.

        Args:
            out: The run's folder.

        Returns:
            The checkpoint's folder, `step_NNNNNN`.

        Raises:
            BokwonError: If a weight is not finite; then nothing is written.
        """
        folder = out / f"step_{self.step:06d}"
        if self.accelerator.is_main_process:
            bad = [name for name, value in self.network.state_dict().items() if not bool(value.isfinite().all())]
            if bad:
                raise BokwonError(
                    f"after step {self.step} {bad[0]} is not finite; the last good checkpoint is "
                    f"{checkpoint.latest(out) or 'none'}",
                    "lower optimizer.learning_rate and --resume",
                )
            description = {
                "step": self.step,
                "images_seen": self.step * self.images_per_step,
                "seconds": round(self.seconds, 1),
                "training": asdict(self.config),
                "precision": self.accelerator.mixed_precision,
                "processes": self.accelerator.num_processes,
            }
            averaged = self.average.module
            assert isinstance(averaged, PConvUNet)
            checkpoint.save(folder, averaged, description, self._state())
            checkpoint.prune(out, self.config.keep)
        self.accelerator.wait_for_everyone()
        return folder

    def restore(self, folder: Path) -> None:
        """Go back to a checkpoint.

        Args:
            folder: The checkpoint.

        Raises:
            InputFileError: If it is damaged, or belongs to another network or optimiser.
            ArgumentError: If it has more steps than this run.
        """
        description, weights, state = checkpoint.read(folder)
        fix = "give the settings it was trained with, or start a new run in another --out"
        try:
            was = description["training"]
            # Settings that are younger than the checkpoint have their defaults.
            shape = asdict(from_mapping(UNetConfig, description["network"]))
            changed = differences(shape, asdict(self.config.network), "network.")
            if was["optimizer"].get("name", "adamw") != self.config.optimizer.name:
                changed += [f"optimizer.name: {was['optimizer'].get('name')} -> {self.config.optimizer.name}"]
            if changed:
                raise InputFileError(f"{folder} belongs to another run: {', '.join(changed)}", fix)
            self.network.load_state_dict(state["network"])
            self.average.module.load_state_dict(weights)
            self.average.n_averaged.fill_(int(state["averaged"]))
            self.optimizer.load_state_dict(state["optimizer"])
            if self.accelerator.scaler is not None and state["scaler"]:
                self.accelerator.scaler.load_state_dict(state["scaler"])
            torch.set_rng_state(state["random"])
            self.step, self.seconds = int(description["step"]), float(description["seconds"])
        except (ValueError, KeyError, RuntimeError, TypeError, AttributeError) as error:
            reason = (str(error).splitlines() or [""])[-1].strip() or type(error).__name__
            raise InputFileError(f"cannot resume from {folder}: {type(error).__name__}: {reason}", fix) from error
        if self.step > self.config.total_steps:
            raise ArgumentError(
                f"{folder} has {self.step} steps, more than the {self.config.total_steps} of this run",
                "set more steps",
            )
        for line in differences(was, asdict(self.config)):
            _log.info("changed since the checkpoint: %s", line)

    def _state(self) -> dict[str, Any]:
        scaler = self.accelerator.scaler
        return {
            "network": self.network.state_dict(),
            "averaged": int(self.average.n_averaged),
            "optimizer": self.optimizer.state_dict(),
            "scaler": scaler.state_dict() if scaler is not None else {},
            "random": torch.get_rng_state(),
        }

    def _wrap(self) -> None:
        if hasattr(self, "model"):
            self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        self.model = self.accelerator.prepare_model(self.network)


def _optimizer(network: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    parameters = list(network.parameters())
    # One pass over each tensor instead of one for every operation. On GPUs, loss scaling has a way of its own with it.
    fused = True if parameters[0].device.type == "cpu" else None
    if config.name == "adam":
        return torch.optim.Adam(parameters, config.learning_rate, fused=fused)
    if config.name == "muon":
        return Muon(parameters, config.learning_rate, weight_decay=config.weight_decay, fused=fused)
    return torch.optim.AdamW(parameters, config.learning_rate, weight_decay=config.weight_decay, fused=fused)


def _moving_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    @torch.no_grad()
    def average(averaged: Sequence[Tensor], current: Sequence[Tensor], count: Tensor | int) -> None:
        # Short at first, so that the random start is soon forgotten.
        keep = min(decay, (1 + int(count)) / (10 + int(count)))
        if averaged[0].is_floating_point():
            torch._foreach_lerp_(list(averaged), list(current), 1 - keep)
        else:
            for old, new in zip(averaged, current, strict=True):
                old.copy_(new)

    return average
