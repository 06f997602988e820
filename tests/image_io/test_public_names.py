"""What `from bokwon.image_io import ...` and its formats offer, and that it stays light."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "name",
    ["image_io", "image_io.formats", "image_io.formats.jpeg", "image_io.formats.tiff", "image_io.formats.pdf"],
)
def test_every_public_name_is_there(name: str) -> None:
    package = importlib.import_module(f"bokwon.{name}")
    assert package.__all__
    assert [item for item in package.__all__ if not hasattr(package, item)] == []


def test_importing_loads_no_decoder() -> None:
    heavy = "{'cv2', 'imagecodecs', 'pikepdf', 'tifffile'}"
    program = f"import bokwon.image_io, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
