"""The engine that runs model files with ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError, importing
from bokwon.inpaint.colour import Light, to_network
from bokwon.inpaint.engines.base import CONCURRENCY, CONTRACT, SCALE, ModelEngine
from bokwon.inpaint.runtime_facts import DEFAULT_FACTS, RuntimeFacts
from bokwon.settings import Precision
from bokwon.utilities.memory import is_out_of_memory, out_of_memory
from bokwon.utilities.processes import available_cores
from bokwon.utilities.telemetry import switch_off_telemetry

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["OnnxEngine", "fastest_device"]

_FATAL = 4
_INPUTS = {"image": 3, "valid": 1}

# Fastest first. What an installed build of ONNX Runtime has of them is used; the processor always does.
_PROVIDERS = {
    "CUDAExecutionProvider": "CUDA",
    "CoreMLExecutionProvider": "CoreML",
    "DmlExecutionProvider": "DirectML",
    "CPUExecutionProvider": "processor",
}


class OnnxEngine(ModelEngine):
    """Runs a model file with ONNX Runtime, on the fastest device that the installed build supports.

    Args:
        data: The ONNX file, whole.
        name: Name in messages.
        facts: What the model's card says.
        precision: Precision of the file: `float32` or `int8`.
        threads: How many threads it may use; all cores by default.
        concurrency: Number of parallel runs that share the threads.

    Raises:
        InputFileError: The file is not ONNX, or its inputs and output are not those of bokwon's models.
        MissingDependencyError: ONNX Runtime is not installed, or not whole.
    """

    def __init__(
        self,
        data: bytes,
        name: str,
        facts: RuntimeFacts = DEFAULT_FACTS,
        *,
        precision: Precision = "float32",
        threads: int | None = None,
        concurrency: int = 1,
    ) -> None:
        super().__init__(name, facts, precision)
        switch_off_telemetry()
        with importing(
            "ONNX Runtime cannot be imported: {error}",
            "pip install onnxruntime, or do without a model (--method telea)",
        ):
            import onnxruntime

        # Its warnings are about graph optimisation; errors arrive as exceptions.
        onnxruntime.set_default_logger_severity(_FATAL)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _FATAL
        # Its plans for memory are made for one size of input, and hold two to three times as much as is in use.
        options.enable_mem_pattern = False
        self._data = data
        self._twin: OnnxEngine | None = None
        self._threads = threads or available_cores()
        self.concurrency = concurrency
        if threads is not None or concurrency > 1:
            options.intra_op_num_threads = max(self._threads // concurrency, 1)
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=_providers(onnxruntime))
        # ONNX Runtime's exceptions have no common base but Exception.
        except Exception as error:
            if is_out_of_memory(error):
                raise out_of_memory(f"loading the model {name}") from error
            raise InputFileError(f"model {name} cannot be loaded: {error}", "get an undamaged copy") from error
        _check_contract(self._session, name)
        self.takes_scale = SCALE in {node.name for node in self._session.get_overridable_initializers()}
        device = _PROVIDERS[self._session.get_providers()[0]]
        self._on_processor = device == "processor"
        self.description = f"ONNX Runtime {onnxruntime.__version__}, {device}"

    def shared(self, sizes: Sequence[tuple[int, int]]) -> ModelEngine:
        """Return an engine that runs two tiles at once, each on half of the cores. This is faster than one on all."""
        if self.concurrency > 1 or self._threads < CONCURRENCY or not self._on_processor:
            return self
        return self._with(CONCURRENCY)

    def alone(self) -> ModelEngine:
        """Return an engine that runs one tile on all cores."""
        return self if self.concurrency == 1 else self._with(1)

    def _with(self, concurrency: int) -> OnnxEngine:
        """Return the same engine with another concurrency. It is made once: that takes a tenth of a second."""
        if self._twin is None:
            self._twin = OnnxEngine(
                self._data,
                self.name,
                self.facts,
                precision=self.precision,
                threads=self._threads,
                concurrency=concurrency,
            )
        return self._twin

    def run(self, light: Light, missing: NDArray[np.bool_], scale: float) -> NDArray[np.float32]:
        """Run the session; see `ModelEngine.run`."""
        image, valid = to_network(light, missing)
        inputs = {"image": self.facts.from_unit(image), "valid": valid}
        if self.takes_scale:
            inputs[SCALE] = np.array([scale], np.float32)
        (filled,) = self._session.run(None, inputs)
        return self.facts.to_unit(np.asarray(filled))


def fastest_device() -> str | None:
    """Return what the installed ONNX Runtime computes with, as `processor` or `CUDA`; None where there is none."""
    switch_off_telemetry()
    try:
        import onnxruntime
    except ImportError:
        return None
    return _PROVIDERS[_providers(onnxruntime)[0]]


def _providers(onnxruntime: Any) -> list[str]:
    """Return what its installed build can compute with, the fastest first."""
    available = onnxruntime.get_available_providers()
    return [provider for provider in _PROVIDERS if provider in available]


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
