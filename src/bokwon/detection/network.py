"""Runs the detection network: an RGB page in, the probability of every class at the working size out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.detection.kinds import KINDS
from bokwon.errors import InputFileError, MissingDependencyError
from bokwon.inpaint.models import find_model, is_installed, load_model
from bokwon.settings import DETECTOR
from bokwon.utilities.telemetry import switch_off_telemetry

__all__ = ["DetectionNetwork", "Probabilities"]

# Severity from which ONNX Runtime prints.
_ERROR = 3


@dataclass(frozen=True)
class Probabilities:
    """The network's output for a page.

    Attributes:
        kinds: float32 (K, h, w) in [0, 1], one map for each of `KINDS`, in their order.
        surroundings: float32 (h, w) in [0, 1]: probability that a pixel lies off the sheet.
        image: uint8 (h, w, 3), the page in RGB at the size of these maps.
        scale: Size of these maps relative to the page, at most 1.
    """

    kinds: NDArray[np.float32]
    surroundings: NDArray[np.float32]
    image: NDArray[np.uint8]
    scale: float


class DetectionNetwork:
    """A loaded detection model.

    Args:
        model: Name of a shipped model, or path of a model file.
        threads: Threads it may use; all cores by default.

    Attributes:
        name: Name of the model.
        sha256: Checksum of its file.
        card: The content of its model card.

    Raises:
        ArgumentError: No model has that name.
        MissingDependencyError: The name is `detect`, and no such model is installed.
        FileAccessError: There is no such file.
        InputFileError: It is damaged, or not a detection model.
    """

    def __init__(self, model: str | Path = DETECTOR, *, threads: int | None = None) -> None:
        if model == DETECTOR and not is_installed(DETECTOR):
            raise MissingDependencyError(
                "no model that finds damage is installed",
                "train one (bokwon train --preset detect, bokwon export) and name its file with --model, or add it "
                "(bokwon models add FILE --name detect); or draw the mask by hand",
            )
        found = find_model(model)
        self.card: dict[str, Any] = dict(found.card or {})
        classes = self.card.get("classes")
        if not isinstance(classes, list) or not {"sound", "surroundings", *KINDS} <= set(classes):
            raise InputFileError(
                f"model {found.path} does not find damage: its card names no classes",
                "name a model of the kind `detect`",
            )
        data, self.sha256 = load_model(found)
        self.name = found.name
        self._order = [classes.index(kind) for kind in KINDS]
        self._surroundings = classes.index("surroundings")
        self._side = int(self.card["longest_side"])
        self._multiple = int(self.card["multiple"])
        switch_off_telemetry()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERROR
        if threads:
            options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise InputFileError(f"model {found.path} cannot be run: {error}", "copy the model file again") from error

    def run(self, image: NDArray[np.uint8]) -> Probabilities:
        """Compute the class probabilities of a page's pixels.

        Args:
            image: uint8 (H, W, 3), RGB.

        Returns:
            The probabilities, at the size at which the network works.
        """
        height, width = image.shape[:2]
        scale = min(1.0, self._side / max(height, width))
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
        right, down = (-side % self._multiple for side in size)
        padded = cv2.copyMakeBorder(small, 0, down, 0, right, cv2.BORDER_REFLECT)
        batch = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
        (found,) = self._session.run(["probabilities"], {"image": batch})
        maps = np.asarray(found[0, :, : size[1], : size[0]], np.float32)
        return Probabilities(maps[self._order], maps[self._surroundings], np.asarray(small), scale)
