"""Checkpoint to ONNX: one self-contained file that the runtime runs, and the card that describes it.

The contract of every model file: inputs `image` (N, 3, H, W) in [0, 1] and `valid` (N, 1, H, W), 1 where a pixel is
known; one output, the image (N, 3, H, W), of which only the holes are used; all float32; any N, H and W. The output is
called `restored`: ONNX wants every name of a graph once. There may be an input `scale` (1,) that callers may leave out:
the contrast of the page that the image is a part of, 0 for the image's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor

from bokwon.errors import BokwonError
from bokwon.export.calibrate import Example, quantize
from bokwon.export.graph import build
from bokwon.export.session import open_session
from bokwon.nn.folding import fold_batch_norm
from bokwon.nn.unet import PConvUNet
from bokwon.utilities.atomic import replacing, write_file
from bokwon.utilities.checksums import sha256_of_file

__all__ = [
    "TOLERANCE",
    "check_parity",
    "export",
    "export_int8",
    "write_card",
    "written",
]

TOLERANCE = 1e-3
_SIZES = ((1, 256, 256), (2, 200, 333), (1, 65, 40), (1, 640, 512))


def export(network: PConvUNet, path: Path, *, half: bool = True) -> float:
    """Write a network as an ONNX file, and check that ONNX Runtime computes the same.

    Args:
        network: The network; it is not changed.
        path: Where the file goes; replaced only on success.
        half: Store the weights as float16. The computation is in float32 all the same.

    Returns:
        The largest difference between ONNX Runtime and PyTorch, on images in [0, 1].

    Raises:
        BokwonError: If the difference is above `TOLERANCE`.
        FileAccessError: If the file cannot be written.
    """
    folded = fold_batch_norm(network)
    if half:
        # Rounded here, so that both sides compute with the same weights.
        for parameter in folded.parameters():
            parameter.data = parameter.data.half().float()
    model = build(folded, half=half)
    with written(model, path) as part:
        return check_parity(folded, part)


def export_int8(network: PConvUNet, path: Path, examples: Sequence[Example]) -> float:
    """Write a network as an ONNX file that computes with 8-bit integers, for ONNX Runtime.

    Args:
        network: The network; it is not changed.
        path: Where the file goes; replaced only on success.
        examples: Crops with holes, like those that it will fill; see `bokwon.export.calibrate`.

    Returns:
        The root mean square change in holes by rounding, on images in [0, 1].

    Raises:
        ArgumentError: The network has other layers than partial convolutions, or there are too few examples.
        BokwonError: Rounding changes too much.
        FileAccessError: The file cannot be written.
    """
    model, loss = quantize(fold_batch_norm(network), examples)
    with written(model, path):
        return loss


def check_parity(network: PConvUNet, path: Path, sizes: Sequence[tuple[int, int, int]] = _SIZES) -> float:
    """Compare ONNX Runtime with PyTorch on random images and holes.

    Args:
        network: The network that was exported.
        path: The ONNX file.
        sizes: (N, H, W) of the inputs.

    Returns:
        The largest difference, in units of the image's range.

    Raises:
        BokwonError: If it is above `TOLERANCE`, or not a number.
    """
    session = open_session(path.read_bytes())
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    for count, height, width in sizes:
        image = torch.rand(count, 3, height, width, generator=generator)
        valid = torch.ones(count, 1, height, width)
        valid[:, :, height // 8 : height // 2, width // 4 : width // 4 * 3] = 0
        valid *= (torch.rand(count, 1, height, width, generator=generator) > 0.1).float()
        with torch.no_grad():
            expected: Tensor = network(image, valid)
        (got,) = session.run(["restored"], {"image": image.numpy(), "valid": valid.numpy()})
        # An untrained network's output can be far from [0, 1], and float32 is the coarser for it.
        scale = max(1.0, float(expected.abs().max()))
        difference = float(np.abs(got - expected.numpy()).max()) / scale
        if not difference <= TOLERANCE:
            raise BokwonError(
                f"ONNX Runtime differs from PyTorch by {difference:.2g} at {count}x{height}x{width}, "
                f"more than {TOLERANCE:g}",
                "do not use this export; report it with the checkpoint",
            )
        worst = max(worst, difference)
    return worst


def write_card(path: Path, model: Path, entries: dict[str, Any]) -> dict[str, Any]:
    """Write the card of a model file.

    Args:
        path: The JSON file.
        model: The ONNX file, whose sha256 the card holds.
        entries: Further entries of the card.

    Returns:
        The card.

    Raises:
        FileAccessError: If it cannot be written.
    """
    card = {
        "name": model.stem,
        "sha256": sha256_of_file(model),
        "date": datetime.now(timezone.utc).date().isoformat(),
        **entries,
    }
    write_file(path, json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    return card


@contextmanager
def written(model: onnx.ModelProto, path: Path) -> Iterator[Path]:
    """Write a model file under a temporary name, and yield its path. It is moved into place if no error is raised."""
    onnx.checker.check_model(model, full_check=True)
    with replacing(path) as stream:
        stream.write(model.SerializeToString())
        stream.flush()
        yield Path(stream.name)
