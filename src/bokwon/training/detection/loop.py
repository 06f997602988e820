"""The training loop of the damage detector, to be read from top to bottom."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import cv2
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Subset

from bokwon.errors import BokwonError, InputFileError, OutputExistsError
from bokwon.nn.folding import fold_batch_norm
from bokwon.nn.segmentation import SegmentationNet, scene_loss
from bokwon.nn.unet import EncoderBlock
from bokwon.synthesis.scenes.classes import CLASSES, IGNORE, NOT_DAMAGE
from bokwon.training import checkpoint
from bokwon.training.accelerator import make_accelerator
from bokwon.training.data.crops import run_loader, start_worker
from bokwon.training.detection.config import DetectionConfig
from bokwon.training.detection.scene_files import SceneCrops, make_scenes
from bokwon.training.load_config import differences
from bokwon.training.muon import Muon
from bokwon.training.signals import Interrupted, interruptible
from bokwon.utilities.processes import available_cores

__all__ = ["train"]

_log = logging.getLogger(__name__)

# Classes of few pixels each.
_LINES = ("tear", "crease", "scratch", "film and dust")

Progress = Callable[[int, dict[str, float]], None]


def train(config: DetectionConfig, out: Path, *, resume: bool = False, progress: Progress | None = None) -> Path:
    """Train a network that finds damage.

    Args:
        config: The run.
        out: The run's folder: checkpoints `step_NNNNNN`, `log.jsonl` and, unless they lie elsewhere, `scenes`.
        resume: Continue from the newest checkpoint in `out`, or start anew if there is none.
        progress: Called after every step.

    Returns:
        The last checkpoint's folder.

    Raises:
        OutputExistsError: `out` holds a run and `resume` is not set.
        BokwonError: The loss is not finite, or data or checkpoint cannot be used.
        Interrupted: The process got Ctrl-C, SIGTERM or SIGHUP. A checkpoint was written. It is a KeyboardInterrupt.
    """
    last = checkpoint.latest(out)
    if last is not None and not resume:
        raise OutputExistsError(f"{out} holds a run ({last.name})", "go on with --resume, or name another --out")
    accelerator = make_accelerator(config.precision)
    torch.manual_seed(config.seed)
    network = SegmentationNet(config.network).to(accelerator.device).to(memory_format=torch.channels_last)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = Muon(trained, config.learning_rate, weight_decay=config.weight_decay)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
    step, seconds = 0, 0.0
    if last is not None:
        step, seconds = _restore(last, config, network, average, optimizer)
        _log.info("resumed from %s", last)
    elif config.init:
        _start_from(Path(config.init), network)
        average.module.load_state_dict(network.state_dict())
    files = make_scenes(config.scenes, Path(config.scenes.folder or out / "scenes"), available_cores())
    crops = SceneCrops(files, config.steps * config.batch, config.crop, config.seed)
    rest = Subset(crops, range(step * config.batch, len(crops)))
    if config.workers:
        # A forked process that has inherited OpenCV's threads waits for them without end.
        cv2.setNumThreads(1)
    loader: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
        rest, config.batch, num_workers=config.workers, worker_init_fn=start_worker
    )

    def save() -> Path:
        folder = out / f"step_{step:06d}"
        averaged = average.module
        assert isinstance(averaged, SegmentationNet)
        told = {"step": step, "images_seen": step * config.batch, "seconds": seconds, "training": asdict(config)}
        state = {
            "network": network.state_dict(),
            "averaged": int(average.n_averaged),
            "optimizer": optimizer.state_dict(),
        }
        checkpoint.save(folder, averaged, told, state)
        checkpoint.prune(out, config.keep)
        return folder

    out.mkdir(parents=True, exist_ok=True)
    with (
        interruptible() as interrupt,
        run_loader(loader) as batches,
        (out / "log.jsonl").open("a", encoding="utf-8") as log,
    ):
        for image, labels in batches:
            begun = time.monotonic()
            rate = _learning_rate(step, config)
            for group in optimizer.param_groups:
                group["lr"] = rate
            image = image.to(accelerator.device).contiguous(memory_format=torch.channels_last)
            with accelerator.autocast():
                loss = scene_loss(
                    network,
                    image,
                    labels.to(accelerator.device),
                    step,
                    not_damage=NOT_DAMAGE,
                    ignore=IGNORE,
                    weights=_weights(config),
                    parting=config.parting,
                )
            value = float(loss.detach())
            if not math.isfinite(value):
                raise BokwonError(f"the loss is not finite at step {step + 1}", "lower learning_rate")
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 5.0)
            optimizer.step()
            average.update_parameters(network)
            step += 1
            taken = time.monotonic() - begun
            seconds += taken
            figures = {"loss": value, "learning_rate": rate, "images_per_second": config.batch / taken}
            log.write(json.dumps({"step": step, **figures}) + "\n")
            if progress:
                progress(step, {**figures, "seconds": seconds, "phase": 1.0})
            if interrupt.asked is not None:
                save()
                raise Interrupted(interrupt.asked)
            if step % config.save_every == 0 and step < config.steps:
                save()
    return save()


def _start_from(path: Path, network: SegmentationNet) -> None:
    """Take over the weights of a detector, or the encoder of a network that fills, its normalisation folded in.

    Residual blocks that the detector lacks start as the identity.
    """
    if checkpoint.is_detector(path):
        own = {name: value for name, value in network.state_dict().items() if name.startswith("blocks.")}
        try:
            network.load_state_dict({**own, **checkpoint.load_detector(path)[0].state_dict()})
        except RuntimeError as error:
            raise InputFileError(
                f"the network of {path} has other layers", "set [network] to the values of its run; blocks may be added"
            ) from error
        return
    filler = fold_batch_norm(checkpoint.load_network(path)[0])
    try:
        for layer, block in zip(network.encoder, filler.encoder, strict=False):
            assert isinstance(layer, torch.nn.Conv2d)
            assert isinstance(block, EncoderBlock)
            assert layer.bias is not None
            assert block.conv.bias is not None
            with torch.no_grad():
                layer.weight.copy_(block.conv.weight)
                layer.bias.copy_(block.conv.bias)
    except RuntimeError as error:
        raise InputFileError(
            f"the encoder of {path} has other layers", "set network.widths to those of its network"
        ) from error


def _weights(config: DetectionConfig) -> list[float]:
    """How much a pixel of each class counts."""
    return [
        1.0 if name in CLASSES[:2] else config.line_weight if name in _LINES else config.area_weight for name in CLASSES
    ]


def _learning_rate(step: int, config: DetectionConfig) -> float:
    """Linear warm-up, then a cosine that falls to a fiftieth."""
    warm = min(1.0, (step + 1) / max(1, config.warmup))
    return config.learning_rate * warm * max(0.02, 0.5 * (1 + math.cos(math.pi * step / config.steps)))


def _restore(
    folder: Path,
    config: DetectionConfig,
    network: SegmentationNet,
    average: AveragedModel,
    optimizer: torch.optim.Optimizer,
) -> tuple[int, float]:
    """Go back to a checkpoint; returns its step and the seconds up to it."""
    description, weights, state = checkpoint.read(folder)
    fix = "give the settings it was trained with, or start a new run in another --out"
    changed = differences(description.get("network", {}), asdict(config.network), "network.")
    if changed:
        raise InputFileError(f"{folder} is of another run: {', '.join(changed)}", fix)
    try:
        network.load_state_dict(state["network"])
        average.module.load_state_dict(weights)
        average.n_averaged.fill_(int(state["averaged"]))
        optimizer.load_state_dict(state["optimizer"])
        return int(description["step"]), float(description["seconds"])
    except (ValueError, KeyError, RuntimeError, TypeError) as error:
        raise InputFileError(f"cannot resume from {folder}: {error}", fix) from error
