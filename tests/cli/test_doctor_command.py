"""`bokwon doctor` as it is typed, and what it judges by."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bokwon.cli import doctor
from bokwon.errors import BokwonError, InputFileError, MemoryLimitError
from bokwon.inpaint import models
from bokwon.utilities.memory import out_of_memory
from bokwon.version import __version__


def test_a_sound_installation_is_well() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bokwon", "doctor"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines()[:-1])
    assert lines["bokwon"] == __version__
    assert lines["numpy"] == np.__version__
    assert lines["model document"].startswith("works (")
    assert lines["model photo"].startswith("works (")
    assert done.stdout.splitlines()[-1] == "all is well"
    assert str(Path.home()) not in done.stdout


def test_a_damaged_model_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(_model: models.Model) -> None:
        raise InputFileError("its file is not what its card says", "copy it again")

    monkeypatch.setattr(models, "load_model", damaged)
    with pytest.raises(BokwonError, match="marked with !!"):
        doctor.doctor(test=False)
    assert "!! model document: its file is not what its card says" in capsys.readouterr().out


def test_wrong_results_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from bokwon.inpaint.restorer import Restorer

    monkeypatch.setattr(Restorer, "fill", lambda self, pixels, *_, **__: pixels.fill(7) or 1)
    line = doctor.try_model("document")
    assert not line.good
    assert "changed pixels outside the hole" in line.finding


def test_blank_paper_filled_with_something_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from bokwon.inpaint.restorer import Restorer

    monkeypatch.setattr(Restorer, "fill", lambda *_, **__: 1)
    line = doctor.try_model("document")
    assert not line.good
    # The hole is white, 255, the paper (236, 228, 208).
    assert "fills blank paper wrongly, by 31 of 255" in line.finding


def test_a_missing_package_is_told_and_a_missing_extra_is_not_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in ("numpy", "pikepdf") else kept(name))
    lines = {line.subject: line for line in doctor.describe_system()}
    assert not lines["numpy"].good
    assert lines["optional: archive"].good
    assert "pip install 'bokwon[archive]'" in lines["optional: archive"].finding


def test_too_little_memory_is_no_fault_of_the_installation(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(model: models.Model) -> None:
        raise out_of_memory(f"loading the model {model.path.stem}")

    monkeypatch.setattr(models, "load_model", lacking)
    with pytest.raises(MemoryLimitError, match="loading the model"):
        doctor.doctor(test=False)
    assert "!! model document: loading the model document needs more memory than" in capsys.readouterr().out
