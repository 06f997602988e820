"""`bokwon train`."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bokwon.errors import ArgumentError, importing

if TYPE_CHECKING:
    from bokwon.training.config import TrainConfig
    from bokwon.training.detection.config import DetectionConfig


def train(
    config: Annotated[
        Path | None, typer.Argument(help="TOML configuration; missing settings come from the preset.")
    ] = None,
    preset: Annotated[str, typer.Option(help="paper, reimplementation, document, photo or detect.")] = "document",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the run. [runs/PRESET]")] = None,
    images: Annotated[
        list[str] | None,
        typer.Option(help="Folder of images, pages, places2, imagenet, celeba-hq or hf:NAME; may be repeated."),
    ] = None,
    masks: Annotated[
        list[str] | None, typer.Option(help="Folder of masks, manifest or generated; may be repeated.")
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            help="Start from these weights: a shipped model's name, an .onnx or .safetensors file, a run or checkpoint."
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Override a setting, as in optimizer.learning_rate=2e-4.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the newest checkpoint in --out, if there is one.")
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; all by default.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a network: crops of images, random masks, checkpoints in --out.

    Ctrl-C, SIGTERM and SIGHUP save a checkpoint after the step and end with exit code 130, 143 and 129; --resume
    continues from it. For several processes: `accelerate launch -m bokwon train ...` or `torchrun -m bokwon train ...`.
    """
    with importing("training needs {name}", "install it with: pip install 'bokwon[train]'"):
        import torch

        from bokwon.training import loop
        from bokwon.training.config import TrainConfig
        from bokwon.training.detection import loop as detection
        from bokwon.training.signals import Interrupted
    from rich.console import Console
    from rich.logging import RichHandler
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    chosen = choose_config(config, preset, images=images, masks=masks, init=init, assignments=assignments)
    if threads:
        torch.set_num_threads(threads)
    console = Console(stderr=True)
    handler = RichHandler(console=console, show_time=False, show_path=False, markup=False)
    logging.basicConfig(format="%(message)s", level=logging.WARNING if quiet else logging.INFO, handlers=[handler])
    columns = (
        TextColumn("phase {task.fields[phase]:.0f}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("loss {task.fields[loss]:.4f}  {task.fields[speed]:.1f} images/s"),
    )
    with Progress(*columns, console=console, disable=quiet, speed_estimate_period=120) as bar:
        tasks: list[TaskID] = []

        def show(step: int, figures: dict[str, float]) -> None:
            speed = figures["images_per_second"]
            total = chosen.total_steps if isinstance(chosen, TrainConfig) else chosen.steps
            if isinstance(chosen, TrainConfig) and chosen.minutes:
                total = max(step, min(total, round(step * 60 * chosen.minutes / figures["seconds"])))
            if not tasks:
                # Not before the first step, so that errors at the start appear without an empty bar.
                tasks.append(bar.add_task("training", loss=0.0, speed=0.0, phase=1))
            bar.update(
                tasks[0],
                total=total,
                completed=step,
                loss=figures["loss"],
                speed=speed,
                phase=figures["phase"],
            )

        folder = out or Path("runs") / preset
        try:
            if isinstance(chosen, TrainConfig):
                last = loop.train(chosen, folder, resume=resume, progress=show)
            else:
                last = detection.train(chosen, folder, resume=resume, progress=show)
        except Interrupted as stopped:
            # The run caught the signal; raising it again gives the program its exit code.
            signal.raise_signal(stopped.signal)
            raise
    typer.echo(str(last))


def choose_config(
    config: Path | None,
    preset: str,
    *,
    images: list[str] | None,
    masks: list[str] | None,
    init: str | None,
    assignments: list[str] | None,
) -> TrainConfig | DetectionConfig:
    """Return the configuration that the options ask for."""
    from bokwon.training import load_config
    from bokwon.training.config import TrainConfig

    chosen = load_config.preset(preset)
    if config is not None:
        chosen = load_config.load(config, chosen)
    if not isinstance(chosen, TrainConfig) and (images or masks):
        raise ArgumentError(
            "the damage detector learns from scenes, not from --images and --masks",
            "name their folders with --set scenes.pages=..., see docs/research/detection.md",
        )
    # Shares belong to the sources that they were written for, so other sources begin without any.
    named = [
        assignment
        for name, given in (("images", images), ("masks", masks))
        if given
        for assignment in (f"data.{name[:-1]}_weights=[]", f"data.{name}={given!r}")
    ]
    if init is not None:
        named.append(f"init={_weights(init)!r}")
    return load_config.override(chosen, [*named, *(assignments or [])])


def _weights(name: str) -> str:
    """Return the path of a shipped model's weights; any other name is a path already."""
    from bokwon.inpaint.models import WEIGHTS

    shipped = WEIGHTS / f"{name}.onnx"
    return str(shipped if shipped.is_file() and not Path(name).exists() else Path(name))
