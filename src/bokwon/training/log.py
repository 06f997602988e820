"""The log of a run: one line of figures for each step, and scalars and pictures for TensorBoard."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from torch import Tensor, nn

from bokwon.errors import accessing, importing
from bokwon.nn.unet import DecoderBlock, EncoderBlock, PConvUNet
from bokwon.training.contact_sheets import mask_sheet, picture_sheet
from bokwon.utilities.atomic import write_file

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["Log", "layer_masks", "open_log"]


class Log:
    """Figures and pictures of a run. Only one process writes them.

    Args:
        file: Open text file for a JSON line a step, or None.
        board: A TensorBoard writer, or None.
    """

    def __init__(self, file: TextIO | None, board: SummaryWriter | None) -> None:
        self._file, self._board = file, board

    def figures(self, step: int, figures: Mapping[str, float]) -> None:
        """Note the figures of a step.

        Args:
            step: Steps made, from 1.
            figures: By name.
        """
        if self._file is not None:
            self._file.write(json.dumps({"step": step, **figures}) + "\n")
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(f"training/{name}", value, step)

    def pictures(self, step: int, image: Tensor, valid: Tensor, output: Tensor, masks: Mapping[str, Tensor]) -> None:
        """Note the pictures of a step: a sheet of input, output, composite and truth, and one of each layer's mask.

        Args:
            step: Steps made.
            image: (N, 3, H, W), the truth.
            valid: (N, 1, H, W).
            output: (N, 3, H, W).
            masks: Masks (N, 1, h, w) by name of the layer.
        """
        if self._board is None:
            return
        self._board.add_image("pictures", picture_sheet(image, valid, output), step, dataformats="HWC")
        if masks:
            self._board.add_image("masks", mask_sheet(valid, masks), step, dataformats="HWC")


@contextlib.contextmanager
def open_log(out: Path, start: int, *, board: bool) -> Iterator[Log]:
    """Open the log of a run.

    Args:
        out: The run's folder.
        start: Steps made; what an interrupted run has noted after them is removed.
        board: Write for TensorBoard, too, into `out/tensorboard`.

    Yields:
        The log.

    Raises:
        FileAccessError: If the folder cannot be written.
        MissingDependencyError: If TensorBoard is wanted and not installed.
    """
    writer = _open_board(out / "tensorboard", start) if board else None
    path = out / "log.jsonl"
    with accessing(f"{path} cannot be written: {{error}}", "name a writable folder"):
        out.mkdir(parents=True, exist_ok=True)
        _trim(path, start)
        file = path.open("a", encoding="utf-8", buffering=1)
    with file:
        try:
            yield Log(file, writer)
        finally:
            if writer is not None:
                writer.close()


@contextlib.contextmanager
def layer_masks(network: PConvUNet | None) -> Iterator[dict[str, Tensor]]:
    """Collect the mask that each layer hands on.

    Args:
        network: The network; None collects nothing.

    Yields:
        Masks by name, filled by a forward pass. Empty for ordinary convolutions, which have none.
    """
    masks: dict[str, Tensor] = {}
    handles: list[RemovableHandle] = []

    def collect(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], tuple[Tensor, Tensor]], None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, Tensor]) -> None:
            masks[name] = outputs[1].detach()

        return hook

    if network is not None and network.config.layer == "partial":
        numbers = {EncoderBlock: 0, DecoderBlock: 0}
        for module in network.modules():
            if isinstance(module, (EncoderBlock, DecoderBlock)):
                numbers[type(module)] += 1
                side = "encoder" if isinstance(module, EncoderBlock) else "decoder"
                handles.append(module.register_forward_hook(collect(f"{side} {numbers[type(module)]}")))
    try:
        yield masks
    finally:
        for handle in handles:
            handle.remove()


def _open_board(folder: Path, start: int) -> SummaryWriter:
    with importing("TensorBoard is not installed", "pip install 'bokwon[train]', or set tensorboard=false"):
        from torch.utils.tensorboard import SummaryWriter
    return SummaryWriter(str(folder), purge_step=start + 1 if start else None)


def _trim(path: Path, start: int) -> None:
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if int(json.loads(line)["step"]) <= start:
                kept.append(line + "\n")
        except (ValueError, KeyError, TypeError):
            # A line that was cut off when the run was killed.
            break
    write_file(path, "".join(kept))
