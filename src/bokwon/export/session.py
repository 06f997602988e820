"""ONNX Runtime to check exports with: on the processor, without warnings or output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokwon.utilities.telemetry import switch_off_telemetry

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["open_session"]

_ERROR = 3


def open_session(model: bytes) -> onnxruntime.InferenceSession:
    """Load a model.

    Args:
        model: The ONNX file, whole.
    """
    switch_off_telemetry()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERROR
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
