"""Exports are checked with ONNX Runtime on the processor, without a word on standard error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bokwon.export.session import open_session


def test_a_model_in_memory_is_run_on_the_processor(mean_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    session = open_session(mean_model.read_bytes())
    assert session.get_providers() == ["CPUExecutionProvider"]
    image, valid = np.full((1, 3, 8, 8), 0.25, np.float32), np.ones((1, 1, 8, 8), np.float32)
    (filled,) = session.run(None, {"image": image, "valid": valid})
    np.testing.assert_allclose(filled, 0.25, atol=1e-6)
    assert capfd.readouterr() == ("", "")
