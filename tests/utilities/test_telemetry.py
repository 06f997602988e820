from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bokwon.utilities.telemetry import switch_off_telemetry

OPENVINO = """
try:
    import openvino_telemetry
    reports = True
except ImportError:
    reports = False
"""
PROGRAM = """
import sys
from bokwon.utilities.telemetry import import_openvino
{first}
print(import_openvino().reports, "openvino_telemetry" in sys.modules)
import openvino_telemetry
print(openvino_telemetry.mark)
"""


def test_onnx_runtime_is_told_to_send_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    switch_off_telemetry()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


@pytest.mark.parametrize(("first", "loaded"), [("", False), ("import openvino_telemetry", True)])
def test_openvino_reports_nothing_and_other_code_keeps_the_package(tmp_path: Path, first: str, loaded: bool) -> None:
    (tmp_path / "openvino.py").write_text(OPENVINO)
    (tmp_path / "openvino_telemetry.py").write_text("mark = 'its own'\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    command = [sys.executable, "-c", PROGRAM.format(first=first)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"False {loaded}", "its own"]


def test_a_failed_import_leaves_the_package_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "openvino.py").write_text("raise ImportError('no library')\n")
    program = (
        "import sys\nfrom bokwon.utilities.telemetry import import_openvino\n"
        "try:\n    import_openvino()\nexcept ImportError as error:\n"
        "    print(error, 'openvino_telemetry' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "no library False\n"
