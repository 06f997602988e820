"""The engine that runs model files with OpenVINO, in bfloat16 where the processor has it."""

from __future__ import annotations

import importlib
import io
from functools import lru_cache
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError, MissingDependencyError
from bokwon.processes import available_cores
from bokwon.restore.engines import CONTRACT, LANES, SCALE, ModelEngine
from bokwon.telemetry import switch_off_telemetry

__all__ = ["OpenVinoEngine", "computes_in_bfloat16"]


def computes_in_bfloat16() -> bool:
    """Return whether OpenVINO is here and the processor has instructions for bfloat16."""
    try:
        core = _core()
    except ImportError:
        return False
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _openvino() -> Any:
    # By name: it carries no types.
    switch_off_telemetry()
    return importlib.import_module("openvino")


@lru_cache(maxsize=1)
def _core() -> Any:
    """Return the process's one core, which lives as long as the process.

    A core's plugin gives its thread a stack for signals, and when it goes, the one that it found there. With two cores
    of which the older goes first, that is freed memory, and the next signal (Ctrl-C, the end of a child process) kills.
    """
    return _openvino().Core()


class OpenVinoEngine(ModelEngine):
    """Runs a model file with OpenVINO on the processor.

    Args:
        data: The ONNX file, whole.
        name: What messages call it.
        threads: How many threads it may use; all cores by default.
        lanes: How many runs share them out.

    Raises:
        InputFileError: Not a model file that OpenVINO reads.
        MissingDependencyError: OpenVINO is not installed, or not whole.
    """

    def __init__(self, data: bytes, name: str, *, threads: int | None = None, lanes: int = 1) -> None:
        super().__init__(name)
        try:
            openvino, core = _openvino(), _core()
        except ImportError as error:
            message = f"OpenVINO cannot be imported: {error}"
            raise MissingDependencyError(message, "pip install 'bokwon[openvino]', or --engine onnx") from error
        precision = "bfloat16" if computes_in_bfloat16() else "float32"
        # Where the processor lacks it, bfloat16 is imitated: slower, and less exact for nothing.
        settings: dict[str, str | int] = {"INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32"}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        if lanes > 1:
            settings["NUM_STREAMS"] = lanes
        self._data = data
        self._twin: OpenVinoEngine | None = None
        self._threads = threads
        self.lanes = lanes
        try:
            model = core.read_model(io.BytesIO(data))
            inputs = {port.get_any_name() for port in model.inputs}
            if inputs != {"image", "valid"} or len(model.outputs) != 1:
                raise InputFileError(f"model {name} is not one of bokwon's kind: it has {sorted(inputs)}", CONTRACT)
            self.scaled = _open_scale(openvino, model)
            compiled = core.compile_model(model, "CPU", settings)
            # A request serves one run at a time.
            self._requests: SimpleQueue[Any] = SimpleQueue()
            for _ in range(lanes):
                self._requests.put(compiled.create_infer_request())
        except InputFileError:
            raise
        # OpenVINO raises bare RuntimeErrors.
        except Exception as error:
            raise InputFileError(f"model {name} cannot be loaded: {error}", "get an undamaged copy") from error
        self.description = f"OpenVINO {openvino.__version__.split('-')[0]}, processor, {precision}"

    def shared(self) -> ModelEngine:
        """Return a twin that runs two tiles at once; see `ModelEngine.shared`."""
        if self.lanes > 1 or (self._threads or available_cores()) < LANES:
            return self
        if self._twin is None:
            self._twin = OpenVinoEngine(self._data, self._name, threads=self._threads, lanes=LANES)
        return self._twin

    def _run(self, inputs: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        request = self._requests.get()
        try:
            return np.array(request.infer(inputs)[0])
        finally:
            self._requests.put(request)


def _open_scale(openvino: Any, model: Any) -> bool:
    """Turn the constant that OpenVINO makes of an input with a default into an input, if the model has it."""
    constants = [node for node in model.get_ops() if node.get_friendly_name() == SCALE]
    if not constants:
        return False
    scale = openvino.opset13.parameter([1], np.float32, name=SCALE)
    scale.output(0).get_tensor().set_names({SCALE})
    for port in list(constants[0].output(0).get_target_inputs()):
        port.replace_source_output(scale.output(0))
    model.add_parameters([scale])
    return True
