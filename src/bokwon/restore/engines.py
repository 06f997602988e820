"""What fills a tile: one small protocol, and the engine that runs model files with ONNX Runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError, MissingDependencyError
from bokwon.imaging.color import Light, from_network, to_network

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["Engine", "OnnxEngine"]

_FATAL = 4
_INPUTS = {"image": 3, "valid": 1}
# The output is known by its place: ONNX allows no output to share the input's name.
_CONTRACT = "a model has the float32 inputs image (N,3,H,W) and valid (N,1,H,W), and one output, the image (N,3,H,W)"


class Engine(Protocol):
    """Fills the holes of one tile at a time.

    Attributes:
        description: Name, version and device, for the curious.
        tile: The side of tile it works best with, pixels.
    """

    description: str
    tile: int

    def fill(self, light: Light, missing: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return the tile with its missing pixels made up.

        Args:
            light: (H, W, 1) or (H, W, 3) samples, bright is large; what lies under `missing` means nothing.
            missing: (H, W), True where nothing is known; at least one pixel is False.

        Returns:
            (H, W, C), finite, meant to be in [0, 1]; pixels that are not missing may differ from the input.
        """
        ...


class OnnxEngine:
    """Runs a model file with ONNX Runtime on the processor.

    Args:
        data: The ONNX file, whole.
        name: What messages call it.
        threads: How many threads it may use; all cores by default.

    Raises:
        InputFileError: Not an ONNX file, or not one that keeps the contract of bokwon's models.
        MissingDependencyError: ONNX Runtime is not installed, or not whole.
    """

    tile = 512
    reach = 96
    """How deep into a hole the network is asked to see, pixels: its encoder reaches 135."""

    def __init__(self, data: bytes, name: str, *, threads: int | None = None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            fix = "pip install onnxruntime, or do without a model (--method telea)"
            raise MissingDependencyError(f"ONNX Runtime cannot be imported: {error}", fix) from error

        self._name = name
        # Its warnings are about graph optimisation; errors arrive as exceptions.
        onnxruntime.set_default_logger_severity(_FATAL)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _FATAL
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        # ONNX Runtime's exceptions have no common base but Exception.
        except Exception as error:
            raise InputFileError(f"model {name} cannot be loaded: {error}", "get an undamaged copy") from error
        _check_contract(self._session, name)
        self.description = f"ONNX Runtime {onnxruntime.__version__}, processor"

    def fill(self, light: Light, missing: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Run the model on a tile; see `Engine.fill`.

        Raises:
            InputFileError: The model fails on it, or gives something else than a picture of its size.
        """
        image, valid = to_network(light, missing)
        try:
            (filled,) = self._session.run(None, {"image": image, "valid": valid})
        except Exception as error:
            raise InputFileError(f"model {self._name} cannot be run: {error}", _CONTRACT) from error
        if filled.shape != image.shape:
            raise InputFileError(f"model {self._name} turns {image.shape} into {filled.shape}", _CONTRACT)
        # A network computes in float32 throughout: one weight that is not a number reaches every pixel.
        if not np.isfinite(filled).all():
            raise InputFileError(f"model {self._name} gives values that are not numbers", "get an undamaged copy")
        return from_network(filled, light.shape[-1])


def _check_contract(session: onnxruntime.InferenceSession, name: str) -> None:
    inputs = {node.name: node for node in session.get_inputs()}
    outputs = session.get_outputs()
    kept = (
        inputs.keys() == _INPUTS.keys()
        and all(_is_picture(inputs[key], channels) for key, channels in _INPUTS.items())
        and len(outputs) == 1
        and _is_picture(outputs[0], 3)
    )
    if not kept:
        found = ", ".join(f"{node.name} {node.type} {node.shape}" for node in [*inputs.values(), *outputs])
        raise InputFileError(f"model {name} is not one of bokwon's kind: it has {found}", _CONTRACT)


def _is_picture(node: Any, channels: int) -> bool:
    """Return whether a graph's input or output is float32 (N, channels, H, W) with N, H and W left open."""
    shape = node.shape or []
    if node.type != "tensor(float)" or len(shape) != 4:
        return False
    fixed = [isinstance(length, int) for length in shape]
    return not any(fixed[:1] + fixed[2:]) and (not fixed[1] or shape[1] == channels)
