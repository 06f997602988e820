from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bokwon.utilities.telemetry import switch_off_telemetry


def test_engines_are_told_to_keep_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    monkeypatch.setitem(sys.modules, "openvino_telemetry", sys)
    switch_off_telemetry()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


def test_the_package_that_reports_cannot_be_imported_any_more() -> None:
    program = (
        "from bokwon.utilities import switch_off_telemetry; switch_off_telemetry()\n"
        "try:\n    import openvino_telemetry\nexcept ImportError:\n    print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "refused"
