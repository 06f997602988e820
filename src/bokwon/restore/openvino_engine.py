"""The engine that runs model files with OpenVINO, in bfloat16 where the processor has it."""

from __future__ import annotations

import importlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError, MissingDependencyError
from bokwon.imaging.color import Light, from_network, to_network
from bokwon.restore.engines import CONTRACT, REACH, check_output

__all__ = ["OpenVinoEngine", "computes_in_bfloat16"]


def computes_in_bfloat16() -> bool:
    """Return whether OpenVINO is here and the processor has instructions for bfloat16."""
    try:
        openvino = _openvino()
    except ImportError:
        return False
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _openvino() -> Any:
    # By name: it carries no types.
    return importlib.import_module("openvino")


class OpenVinoEngine:
    """Runs a model file with OpenVINO on the processor.

    Args:
        data: The ONNX file, whole.
        name: What messages call it.
        threads: How many threads it may use; all cores by default.

    Raises:
        InputFileError: Not a model file that OpenVINO reads.
        MissingDependencyError: OpenVINO is not installed, or not whole.
    """

    tile = 512
    reach = REACH

    def __init__(self, data: bytes, name: str, *, threads: int | None = None) -> None:
        try:
            openvino = _openvino()
        except ImportError as error:
            message = f"OpenVINO cannot be imported: {error}"
            raise MissingDependencyError(message, "pip install 'bokwon[openvino]', or --engine onnx") from error
        self._name = name
        core = openvino.Core()
        precision = "bfloat16" if computes_in_bfloat16() else "float32"
        # Where the processor lacks it, bfloat16 is imitated: slower, and less exact for nothing.
        settings: dict[str, str | int] = {"INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32"}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        try:
            model = core.read_model(io.BytesIO(data))
            inputs = {port.get_any_name() for port in model.inputs}
            if inputs != {"image", "valid"} or len(model.outputs) != 1:
                raise InputFileError(f"model {name} is not one of bokwon's kind: it has {sorted(inputs)}", CONTRACT)
            self._request = core.compile_model(model, "CPU", settings).create_infer_request()
        except InputFileError:
            raise
        # OpenVINO raises bare RuntimeErrors.
        except Exception as error:
            raise InputFileError(f"model {name} cannot be loaded: {error}", "get an undamaged copy") from error
        self.description = f"OpenVINO {openvino.__version__.split('-')[0]}, processor, {precision}"

    def fill(self, light: Light, missing: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Run the model on a tile; see `Engine.fill`.

        Raises:
            InputFileError: The model fails on it, or gives something else than a picture of its size.
        """
        image, valid = to_network(light, missing)
        try:
            filled = np.array(self._request.infer({"image": image, "valid": valid})[0])
        except Exception as error:
            raise InputFileError(f"model {self._name} cannot be run: {error}", CONTRACT) from error
        check_output(filled, image, self._name)
        return from_network(filled, light.shape[-1])
