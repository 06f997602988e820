"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import contextlib
import logging
import math
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from bokwon.errors import BokwonError, OutputExistsError
from bokwon.training import checkpoint
from bokwon.training.accelerator import make_accelerator
from bokwon.training.config import TrainConfig
from bokwon.training.data.crops import Batches, Crops, open_batches
from bokwon.training.log import Log, layer_masks, open_log
from bokwon.training.malloc import keep_memory, release_memory
from bokwon.training.objective import Objective
from bokwon.training.run import Run
from bokwon.training.schedule import in_phase_two
from bokwon.training.signals import Interrupt, Interrupted, interruptible
from bokwon.utilities.signals import ENDING

__all__ = ["Progress", "train"]

_log = logging.getLogger(__name__)

Progress = Callable[[int, dict[str, float]], None]
"""Called after each step with its number, from 1, and its figures, among them `seconds`, those of all steps so far."""


def train(config: TrainConfig, out: Path, *, resume: bool = False, progress: Progress | None = None) -> Path:
    """Train a network.

    Args:
        config: The run.
        out: The run's folder: checkpoints `step_NNNNNN`, `log.jsonl` and `tensorboard`.
        resume: Continue from the newest checkpoint in `out`, or start anew if there is none.
        progress: Called after every step, in the main process.

    Returns:
        The last checkpoint's folder.

    Raises:
        OutputExistsError: If `out` holds a run and `resume` is not set.
        BokwonError: If the loss is not finite, or data or checkpoint cannot be used.
        Interrupted: One of the processes got Ctrl-C, SIGTERM or SIGHUP. A checkpoint was written. It is a
            KeyboardInterrupt.
    """
    last = checkpoint.latest(out)
    if last is not None and not resume:
        raise OutputExistsError(f"{out} holds a run ({last.name})", "continue with --resume, or name another --out")
    accelerator = make_accelerator(config.precision)
    main = accelerator.is_main_process
    run = Run(config, accelerator)
    dataset = Crops(config.data, config.total_steps * run.images_per_step, config.seed)
    if last is not None:
        run.restore(last)
        _log.info("resumed from %s", last)
    else:
        if resume:
            _log.info("no checkpoint in %s: starting anew", out)
        if config.init:
            run.start_from(Path(config.init))
    with accelerator.main_process_first():
        # Downloads weights, at most once a machine, and after everything else that may be missing.
        objective = Objective(config, accelerator.device, _feature_dtype(accelerator.mixed_precision))
    batches = Batches(
        config.total_steps,
        config.batch,
        config.accumulate,
        accelerator.process_index,
        accelerator.num_processes,
        run.step,
    )
    with contextlib.ExitStack() as stack:
        # Only for the run, because the process belongs to the caller.
        stack.callback(release_memory)
        keep_memory()
        # All crops have the same size, so the kernels that are fastest in the first step are fastest in all steps.
        stack.callback(setattr, torch.backends.cudnn, "benchmark", torch.backends.cudnn.benchmark)
        torch.backends.cudnn.benchmark = True
        interrupt = stack.enter_context(interruptible())
        loader = stack.enter_context(open_batches(dataset, batches, config.data.workers))
        log = stack.enter_context(open_log(out, run.step, board=config.tensorboard)) if main else Log(None, None)
        run.lap()
        while not run.is_over:
            rate = run.enter_step()
            figures, stop = _take_step(run, objective, loader, log, interrupt)
            seconds = figures.pop("seconds")
            if not math.isfinite(figures["loss"] + figures.get("gradient", 0.0)):
                raise _not_finite(run, out, figures)
            run.optimizer.step()
            run.average.update_parameters(run.network)
            run.step += 1
            run.seconds += seconds
            figures |= {
                "learning_rate": rate,
                "phase": 1 + in_phase_two(run.step - 1, config),
                "images_per_second": run.images_per_step / seconds,
            }
            log.figures(run.step, figures)
            if progress and main:
                progress(run.step, figures | {"seconds": run.seconds})
            if stop is not None:
                _log.info("stopped by %s, saved %s: continue with --resume", stop.name, run.save(out))
                raise Interrupted(stop)
            if run.step % config.save_every == 0 and not run.is_over:
                run.save(out)
        return run.save(out)


def _take_step(
    run: Run, objective: Objective, loader: Iterator[tuple[Tensor, Tensor]], log: Log, interrupt: Interrupt
) -> tuple[dict[str, float], signal.Signals | None]:
    """Compute the gradients of a step, and its figures.

    Returns:
        Loss, terms, the gradient's norm and the seconds since the step before, averaged over rounds and processes, and
        the signal that has asked any process to stop.
    """
    config, accelerator = run.config, run.accelerator
    run.optimizer.zero_grad()
    sums: dict[str, Tensor] = {}
    pictured = (run.step + 1) % config.pictures_every == 0 or run.step == 0
    for number in range(config.accumulate):
        image, valid = (part.to(accelerator.device, non_blocking=True) for part in next(loader))
        last = number == config.accumulate - 1
        with contextlib.nullcontext() if last else accelerator.no_sync(run.model):
            with layer_masks(run.network if pictured and last else None) as masks:
                output = run.model(image, valid)
            with accelerator.autocast():
                loss, terms = objective(run.step, output, image, valid)
            accelerator.backward(loss / config.accumulate)
        for name, value in {"loss": loss.detach(), **terms}.items():
            sums[name] = sums.get(name, torch.zeros_like(value)) + value / config.accumulate
        if pictured and last:
            log.pictures(run.step + 1, image, valid, output.detach(), masks)
    if accelerator.scaler is None:
        # With loss scaling, infinite gradients are normal now and then; such a step is skipped.
        norms = torch._foreach_norm([p.grad for p in run.network.parameters() if p.grad is not None])
        sums["gradient"] = torch.stack(norms).norm()
    # One collective for the figures, the clock and the signals: all processes have to end at the same step.
    asked = [float(interrupt.asked == number) for number in ENDING]
    own = torch.tensor([run.lap(), *asked], device=accelerator.device)
    values = torch.cat([torch.stack(list(sums.values())), own])
    if accelerator.num_processes > 1:
        values = accelerator.reduce(values, reduction="mean")
    names = [*sums, "seconds"]
    figures, shares = values[: len(names)].tolist(), values[len(names) :].tolist()
    stop = next((number for number, share in zip(ENDING, shares, strict=True) if share > 0), None)
    return dict(zip(names, figures, strict=True)), stop


def _not_finite(run: Run, out: Path, figures: dict[str, float]) -> BokwonError:
    # The weights have not changed in this step, but no run may resume from those that failed.
    first = run.step * run.images_per_step
    failed = out / f"step_{run.step:06d}"
    if run.accelerator.is_main_process and failed.is_dir():
        checkpoint.set_aside(failed)
    what = ", ".join(f"{name} {value:g}" for name, value in figures.items() if not math.isfinite(value))
    good = checkpoint.latest(out)
    return BokwonError(
        f"not finite at step {run.step + 1}: {what}; batch: seed {run.config.seed}, items {first} to "
        f"{first + run.images_per_step - 1}; last good checkpoint: {good or 'none'}",
        "lower optimizer.learning_rate" + (" and --resume" if good else ""),
    )


def _feature_dtype(mixed_precision: str) -> torch.dtype:
    return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(mixed_precision, torch.float32)
