"""ONNX files of others, whose inputs and output follow a contract that the user declares."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, InputFileError
from bokwon.evaluation.measure.filler import Filler
from bokwon.evaluation.measure.machine import Cost, metered
from bokwon.types import Hole
from bokwon.utilities.checksums import sha256_of_file
from bokwon.utilities.telemetry import switch_off_telemetry

__all__ = ["PRESETS", "Contract", "ExternalOnnx", "parse_contract"]

Range = Literal["0-1", "-1-1", "0-255"]

_LIMITS: dict[str, tuple[float, float]] = {"0-1": (0.0, 1.0), "-1-1": (-1.0, 1.0), "0-255": (0.0, 255.0)}
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}


@dataclass(frozen=True)
class Contract:
    """The inputs and the output of a model.

    Attributes:
        range: Range of the input image. An input of type uint8 takes 0-255.
        out: Range of the output image; empty for that of `range`.
        mask: Which pixels are 1 in the input mask (255 for uint8): "hole" or "known".
        size: Side of its square input, pixels; 0 for any size.
        fit: How an image is brought to that size: "resize" (the result is resized back), or "pad" by reflection.
        multiple: Sides are padded to a multiple of this, if `size` is 0.
        layout: "nchw" or "nhwc".
        erased: Gray level of the hole in the input image, 0 (black) to 255 (white).
    """

    range: Range = "0-1"
    out: Range | Literal[""] = ""
    mask: Literal["hole", "known"] = "hole"
    size: int = 0
    fit: Literal["resize", "pad"] = "resize"
    multiple: int = 1
    layout: Literal["nchw", "nhwc"] = "nchw"
    erased: int = 255

    def __str__(self) -> str:
        values = {field: getattr(self, field.name) for field in fields(self)}
        return "&".join(f"{field.name}={value}" for field, value in values.items() if value != field.default)


PRESETS = {
    # lama_fp32.onnx of huggingface.co/Carve/LaMa-ONNX: image and mask at 512 x 512, the result in 0 to 255.
    "lama": Contract(range="0-1", out="0-255", mask="hole", size=512),
    # migan_pipeline_v2.onnx of huggingface.co/andraniksargsyan/migan: uint8, any size, 255 = known.
    "migan": Contract(range="0-255", mask="known"),
}
"""Contracts of published files, as their makers document them."""


def parse_contract(text: str) -> Contract:
    """Read a contract.

    Args:
        text: `key=value` separated by `&`, such as `size=512&range=0-1&mask=hole`. `preset=lama` or `preset=migan`
            starts from the values of a published file.

    Raises:
        ArgumentError: A key or value is unknown.
    """
    hints = get_type_hints(Contract)
    values: dict[str, Any] = {}
    for part in filter(None, text.split("&")):
        key, _, value = part.partition("=")
        if key == "preset" and value in PRESETS:
            values = asdict(PRESETS[value])
        elif key not in hints:
            choices = ", ".join([*hints, f"preset ({' or '.join(PRESETS)})"])
            raise ArgumentError(f"a contract has no {part}", f"choose of {choices}")
        elif hints[key] is int:
            if not value.isdecimal() or int(value) > 10_000 or (key == "multiple" and value == "0"):
                raise ArgumentError(f"{part} in a contract is no sensible number", f"such as {key}=8")
            values[key] = int(value)
        elif value in _choices(hints[key]):
            values[key] = value
        else:
            fix = f"choose {', '.join(filter(None, _choices(hints[key])))}"
            raise ArgumentError(f"{key} in a contract cannot be {value}", fix)
    return Contract(**values)


def _choices(hint: Any) -> tuple[str, ...]:
    return tuple(choice for part in get_args(hint) for choice in (get_args(part) or (part,)))


class ExternalOnnx(Filler):
    """Runs an ONNX file on whole images, on the processor with one thread.

    The model has two inputs, an image of three channels and a mask of one channel; or one input with these four
    channels. Its first output is the image.

    Args:
        path: The file.
        contract: Its inputs and output.

    Raises:
        FileAccessError: It cannot be read.
        InputFileError: It is not a model, or has other inputs.
    """

    def __init__(self, path: Path, contract: Contract) -> None:
        switch_off_telemetry()
        import onnxruntime

        self.sha256 = sha256_of_file(path)
        self._path, self.contract = path, contract
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        # ONNX Runtime's exceptions have no common base but Exception.
        except Exception as error:
            raise InputFileError(
                f"{path} is no model that ONNX Runtime can run: {error}", "get the file again"
            ) from error
        self._roles = self._find_roles()
        self.description = f"ONNX Runtime {onnxruntime.__version__}, {contract or 'image in 0-1, mask of the hole'}"

    def run(self, damaged: NDArray[np.uint8], hole: Hole, name: str) -> tuple[NDArray[np.uint8], Cost]:
        """Run the model; see `Filler.run`."""
        image = damaged.copy()
        image[hole] = self.contract.erased
        with metered() as cost:
            fitted, mask = self._fit(image, hole)
            filled = self._unfit(self._call(fitted, mask), (hole.shape[0], hole.shape[1]))
        return np.where(hole[..., None], filled, damaged), cost

    def _call(self, image: NDArray[np.uint8], hole: Hole) -> NDArray[np.uint8]:
        marked = hole if self.contract.mask == "hole" else ~hole
        low, high = _LIMITS[self.contract.range]
        picture = low + image.astype(np.float64) / 255 * (high - low)
        feed = {}
        for node, (channels, kind) in zip(self._session.get_inputs(), self._roles, strict=True):
            mask = marked[..., None] * (255.0 if kind == np.uint8 else 1.0)
            tensor = picture if channels == 3 else mask if channels == 1 else np.concatenate([picture, mask], axis=2)
            # 8-bit samples that went through [0, 1] and back are not quite whole numbers.
            tensor = (np.round(tensor) if kind == np.uint8 else tensor).astype(kind)[None]
            feed[node.name] = np.ascontiguousarray(tensor.transpose(0, 3, 1, 2)) if self._is_nchw else tensor
        try:
            result = np.asarray(self._session.run(None, feed)[0], np.float64)
        except Exception as error:
            raise InputFileError(f"{self._path} cannot be run: {error}", "check size, layout and multiple") from error
        result = result.reshape(result.shape[-3:]) if result.ndim == 4 and result.shape[0] == 1 else result
        result = result.transpose(1, 2, 0) if self._is_nchw and result.ndim == 3 else result
        if result.shape != image.shape or not np.isfinite(result).all():
            raise InputFileError(
                f"{self._path} gives {result.shape} and not a finite picture of {image.shape}", "check the contract"
            )
        low, high = _LIMITS[self.contract.out or self.contract.range]
        return np.clip(np.round((result - low) / (high - low) * 255), 0, 255).astype(np.uint8)

    def _fit(self, image: NDArray[np.uint8], hole: Hole) -> tuple[NDArray[np.uint8], Hole]:
        size, (height, width) = self.contract.size, hole.shape
        if size and self.contract.fit == "resize":
            how = cv2.INTER_AREA if size < max(height, width) else cv2.INTER_CUBIC
            resized = np.asarray(cv2.resize(image, (size, size), interpolation=how), np.uint8)
            # A pixel is hole if any part of the hole falls into it.
            share = cv2.resize(hole.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
            return resized, np.asarray(share > 0)
        if size and size < max(height, width):
            raise InputFileError(
                f"{self._path} takes {size} x {size} pixels, and the picture has {width} x {height}", "set fit=resize"
            )
        multiple = self.contract.multiple
        wanted = (size or math.ceil(side / multiple) * multiple for side in (height, width))
        room = [(0, target - side) for target, side in zip(wanted, (height, width), strict=True)]
        return np.pad(image, [*room, (0, 0)], mode="symmetric"), np.pad(hole, room, mode="symmetric")

    def _unfit(self, filled: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
        if self.contract.size and self.contract.fit == "resize":
            return np.asarray(cv2.resize(filled, shape[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)
        return filled[: shape[0], : shape[1]]

    @property
    def _is_nchw(self) -> bool:
        return self.contract.layout == "nchw"

    def _find_roles(self) -> list[tuple[int, type[np.generic]]]:
        """Return channels and type of every input: 3 for the image, 1 for the mask, 4 for both in one."""
        inputs = self._session.get_inputs()
        channel, other = (1, -1) if self._is_nchw else (-1, 1)
        roles = []
        for node in inputs:
            channels = node.shape[channel] if len(node.shape) == 4 else None
            # Sizes that the file leaves open have names in the place of numbers.
            if isinstance(channels, str) and node.shape[other] not in (1, 3, 4):
                channels = 4 if len(inputs) == 1 else 1 if "mask" in node.name.lower() else 3
            if node.type in _TYPES and isinstance(channels, int):
                roles.append((channels, _TYPES[node.type]))
        if sorted(channels for channels, _ in roles) not in ([1, 3], [4]):
            found = "; ".join(f"{node.name} {node.shape} {node.type}" for node in inputs)
            raise InputFileError(
                f"{self._path} takes {found}, and not an image of 3 channels with a mask of 1, or both in 4 channels",
                "set layout=nhwc if its channels come last" if self._is_nchw else "leave layout=nhwc out",
            )
        for node in inputs:
            sides = node.shape[2:] if self._is_nchw else node.shape[1:3]
            fixed = [side for side in sides if isinstance(side, int)]
            if fixed and set(fixed) != {self.contract.size}:
                raise InputFileError(
                    f"{self._path} takes {' x '.join(map(str, sides))} pixels", f"add size={fixed[0]} to its contract"
                )
        return roles
