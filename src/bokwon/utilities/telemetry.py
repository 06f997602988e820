"""Disables the telemetry of ONNX Runtime and OpenVINO."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

__all__ = ["import_openvino", "switch_off_telemetry"]

_REPORTER = "openvino_telemetry"
_ABSENT = object()


def switch_off_telemetry() -> None:
    """Disable the telemetry of ONNX Runtime. Call it before ONNX Runtime is loaded.

    Its builds for Linux collect events in the user's cache folder and upload them.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def import_openvino() -> Any:
    """Import OpenVINO, and return the module.

    OpenVINO sends an event when it is imported, if it finds the package `openvino_telemetry`. So the package is hidden
    during the import, and only then: other code of the process can use it before and after.

    Raises:
        ImportError: OpenVINO is not installed, or not completely.
    """
    before: Any = sys.modules.get(_REPORTER, _ABSENT)
    # With None, importing it is an ImportError, as if it were not installed.
    sys.modules[_REPORTER] = None  # type: ignore[assignment]
    try:
        # Imported by name, because it has no types.
        return importlib.import_module("openvino")
    finally:
        del sys.modules[_REPORTER]
        if before is not _ABSENT:
            sys.modules[_REPORTER] = before
