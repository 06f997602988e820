"""What fills holes keeps to itself: the engines' own reports to their makers are switched off."""

from __future__ import annotations

import os
import sys

__all__ = ["switch_off_telemetry"]


def switch_off_telemetry() -> None:
    """Disable the telemetry of ONNX Runtime and OpenVINO. Call it before either is loaded.

    ONNX Runtime's builds for Linux collect events in the user's cache folder and upload them. OpenVINO sends an event
    at each import, if the package `openvino_telemetry` is installed.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # None makes importing it an ImportError, as if it were not installed.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
