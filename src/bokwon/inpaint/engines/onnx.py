"""What fills a tile: one small protocol, and the engine that runs model files with ONNX Runtime."""

from __future__ import annotations

import importlib.util
import platform
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError, MissingDependencyError
from bokwon.inpaint.color import Light, from_network, to_network
from bokwon.settings import EngineName, Precision
from bokwon.utilities.processes import available_cores
from bokwon.utilities.telemetry import switch_off_telemetry

if TYPE_CHECKING:
    import onnxruntime

__all__ = [
    "CONTRACT",
    "LANES",
    "REACH",
    "SCALE",
    "TILES",
    "Engine",
    "ModelEngine",
    "OnnxEngine",
    "load_engine",
    "prefers_int8",
]

_FATAL = 4
LANES = 2
"""How many tiles are run at once on one processor: each takes 200 to 400 MB."""
_INPUTS = {"image": 3, "valid": 1}
SCALE = "scale"
"""The input that a model may have besides, and that may be left out: the contrast of the page."""
# The output is known by its place: ONNX allows no output to share the input's name.
CONTRACT = "a model has the float32 inputs image (N,3,H,W) and valid (N,1,H,W), and one output, the image (N,3,H,W)"

TILES = {"float32": 1024, "bfloat16": 1664, "int8": 1536}
"""Side of the tiles that model files run best with: the larger, the less they overlap, and the more memory is taken.
With 1664 an A4 page at 300 dpi is cut into four bands of its width."""

REACH = 96
"""How deep into a hole a network is asked to see, pixels: the encoder of the shipped one reaches 135."""

_X86_64 = ("x86_64", "amd64")

# Fastest first. What an installed build of ONNX Runtime has of them is used; the processor always does.
_PROVIDERS = {
    "CUDAExecutionProvider": "CUDA",
    "CoreMLExecutionProvider": "CoreML",
    "DmlExecutionProvider": "DirectML",
    "CPUExecutionProvider": "processor",
}


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


class ModelEngine(ABC):
    """Runs a model file, whatever with.

    Attributes:
        description: Name, version and device.
        tile: The side of tile it works best with, pixels: larger ones take more memory, smaller ones overlap more.
        square: Whether no side of a tile is to be longer; otherwise each has as many pixels at most, in whatever shape
            suits the page.
        reach: How deep into a hole it is asked to see, pixels.
        lanes: How many tiles it may be given at the same time, from as many threads.
        scaled: Whether the model takes the contrast of the page.
        precision: What it computes floats with, `float32` or `bfloat16`.
    """

    description: str
    precision: Precision = "float32"
    tile = TILES["float32"]
    square = True
    reach = REACH
    lanes = 1
    scaled = False

    def __init__(self, name: str) -> None:
        self._name = name

    def fill(self, light: Light, missing: NDArray[np.bool_], contrast: float = 0.0) -> NDArray[np.float32]:
        """Run the model on a tile; see `Engine.fill`.

        Args:
            light: Samples of the tile.
            missing: Where nothing is known.
            contrast: That of the page, see `bokwon.inpaint.residual_scale`; 0 for the tile's own.

        Raises:
            InputFileError: The model fails on it, or gives something else than a picture of its size.
        """
        try:
            filled = self._run(light, missing, contrast)
        # The engines' exceptions have no common base but Exception.
        except Exception as error:
            raise InputFileError(f"model {self._name} cannot be run: {error}", CONTRACT) from error
        _check_output(filled, (1, 3, *missing.shape), self._name)
        return from_network(filled, light.shape[-1])

    def shared(self, sizes: Sequence[tuple[int, int]]) -> ModelEngine:
        """Return the engine for a page of several tiles: itself, or a twin that runs `lanes` of them at once.

        Args:
            sizes: (H, W) of each tile.
        """
        return self

    @abstractmethod
    def _run(self, light: Light, missing: NDArray[np.bool_], contrast: float) -> NDArray[np.float32]:
        """Compute the one output, (1, 3, H, W)."""


class OnnxEngine(ModelEngine):
    """Runs a model file with ONNX Runtime, on the fastest device that its installed build knows.

    Args:
        data: The ONNX file, whole.
        name: What messages call it.
        threads: How many threads it may use; all cores by default.
        lanes: How many runs share them out.
        tile: The side of tile it works best with.

    Raises:
        InputFileError: Not an ONNX file, or not one that keeps the contract of bokwon's models.
        MissingDependencyError: ONNX Runtime is not installed, or not whole.
    """

    def __init__(
        self, data: bytes, name: str, *, threads: int | None = None, lanes: int = 1, tile: int = TILES["float32"]
    ) -> None:
        super().__init__(name)
        self.tile = tile
        switch_off_telemetry()
        try:
            import onnxruntime
        except ImportError as error:
            fix = "pip install onnxruntime, or do without a model (--method telea)"
            raise MissingDependencyError(f"ONNX Runtime cannot be imported: {error}", fix) from error

        # Its warnings are about graph optimisation; errors arrive as exceptions.
        onnxruntime.set_default_logger_severity(_FATAL)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _FATAL
        # Its plans for memory are made for one size of input, and hold two to three times as much as is in use.
        options.enable_mem_pattern = False
        self._data = data
        self._twin: OnnxEngine | None = None
        self._threads = threads or available_cores()
        self.lanes = lanes
        if threads is not None or lanes > 1:
            options.intra_op_num_threads = max(self._threads // lanes, 1)
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=_providers(onnxruntime))
        # ONNX Runtime's exceptions have no common base but Exception.
        except Exception as error:
            raise InputFileError(f"model {name} cannot be loaded: {error}", "get an undamaged copy") from error
        _check_contract(self._session, name)
        self.scaled = SCALE in {node.name for node in self._session.get_overridable_initializers()}
        device = _PROVIDERS[self._session.get_providers()[0]]
        self._on_processor = device == "processor"
        self.description = f"ONNX Runtime {onnxruntime.__version__}, {device}"

    def shared(self, sizes: Sequence[tuple[int, int]]) -> ModelEngine:
        """Return a twin that runs two tiles at once, each on half of the cores: they wait for each other less."""
        if self.lanes > 1 or self._threads < LANES or not self._on_processor:
            return self
        if self._twin is None:
            self._twin = OnnxEngine(self._data, self._name, threads=self._threads, lanes=LANES, tile=self.tile)
        return self._twin

    def _run(self, light: Light, missing: NDArray[np.bool_], contrast: float) -> NDArray[np.float32]:
        image, valid = to_network(light, missing)
        inputs = {"image": image, "valid": valid}
        if self.scaled:
            inputs[SCALE] = np.array([contrast], np.float32)
        (filled,) = self._session.run(None, inputs)
        return np.asarray(filled)


def _check_output(filled: NDArray[np.float32], expected: tuple[int, ...], name: str) -> None:
    """Make sure that a model has given a picture.

    Raises:
        InputFileError: Another size, or values that are not numbers.
    """
    if filled.shape != expected:
        raise InputFileError(f"model {name} turns {expected} into {filled.shape}", CONTRACT)
    # A network computes in floating point throughout: one weight that is not a number reaches every pixel.
    if not np.isfinite(filled).all():
        raise InputFileError(f"model {name} gives values that are not numbers", "get an undamaged copy")


def load_engine(
    data: bytes,
    name: str,
    *,
    engine: EngineName = "auto",
    precision: Precision = "auto",
    threads: int | None = None,
    tile: int = TILES["float32"],
) -> ModelEngine:
    """Load a model file into what runs it.

    Args:
        data: The ONNX file, whole.
        name: What messages call it.
        engine: `onnx`, `openvino`, or `auto`: OpenVINO where it is installed and the processor computes in bfloat16,
            and ONNX Runtime everywhere else. Whether an int8 model is the better choice is asked before
            (`prefers_int8`).
        precision: `float32`, `bfloat16` (by OpenVINO), or `auto`, which is the faster one.
        threads: How many threads it may use; all cores by default.
        tile: The side of tile that the model works best with.

    Raises:
        ArgumentError: The processor does not compute in bfloat16.
        InputFileError: The model cannot be used.
        MissingDependencyError: The engine is not installed.
    """
    if _runs_openvino(engine, precision):
        from bokwon.inpaint.engines.openvino import OpenVinoEngine

        return OpenVinoEngine(data, name, threads=threads, precision=precision)
    return OnnxEngine(data, name, threads=threads, tile=tile)


def prefers_int8(engine: EngineName) -> bool:
    """Return whether a model's int8 model is the faster one here: by ONNX Runtime, on an x86-64 processor.

    Measured there with VNNI instructions and with AVX2 alone, and beside OpenVINO's bfloat16 without matrix units; on
    other processors nobody has.

    Args:
        engine: As for `load_engine`.
    """
    if engine == "openvino" or platform.machine().lower() not in _X86_64:
        return False
    switch_off_telemetry()
    try:
        import onnxruntime
    except ImportError:
        # Whoever loads the engine says so.
        return False
    return _PROVIDERS[_providers(onnxruntime)[0]] == "processor"


def _providers(onnxruntime: Any) -> list[str]:
    """Return what its installed build can compute with, the fastest first."""
    available = onnxruntime.get_available_providers()
    return [provider for provider in _PROVIDERS if provider in available]


def _runs_openvino(engine: EngineName, precision: Precision) -> bool:
    if engine == "auto" and precision != "auto":
        return precision == "bfloat16"
    if engine == "auto" and importlib.util.find_spec("openvino") is not None:
        from bokwon.inpaint.engines.openvino import computes_in_bfloat16

        return computes_in_bfloat16()
    return engine == "openvino"


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
        raise InputFileError(f"model {name} is not one of bokwon's kind: it has {found}", CONTRACT)


def _is_picture(node: Any, channels: int) -> bool:
    """Return whether a graph's input or output is float32 (N, channels, H, W) with N, H and W left open."""
    shape = node.shape or []
    if node.type != "tensor(float)" or len(shape) != 4:
        return False
    fixed = [isinstance(length, int) for length in shape]
    return not any(fixed[:1] + fixed[2:]) and (not fixed[1] or shape[1] == channels)
