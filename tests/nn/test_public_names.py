"""Everything public in `bokwon.nn` is documented, every example runs, and PyTorch is all it needs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import bokwon.nn

GUIDE = Path(__file__).parents[2] / "docs" / "research" / "layer.md"
MODULES = sorted(found.name for found in pkgutil.walk_packages(bokwon.nn.__path__, "bokwon.nn."))


def sections(value: object) -> tuple[str, ...]:
    """Return the parts that the docstring of a public function or class must have."""
    if inspect.isfunction(value):
        return (
            ("Args:", "Example:\n    >>>")
            if value.__annotations__.get("return") == "None"
            else ("Args:", "Returns:", "Example:\n    >>>")
        )
    if inspect.isclass(value) and not issubclass(value, Exception):
        return ("Example:\n    >>>",)
    return ()


def test_every_function_and_class_says_what_it_takes_and_returns_and_shows_it() -> None:
    missing = []
    for name in MODULES:
        module = importlib.import_module(name)
        for value in (getattr(module, each) for each in module.__all__):
            text = inspect.getdoc(value) or ""
            missing += [f"{name}.{value.__name__}: {part}" for part in sections(value) if part not in text]
    assert missing == []


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    module = importlib.import_module(name)
    torch.manual_seed(0)
    failed, _ = doctest.testmod(module, extraglobs={"torch": torch})
    assert failed == 0


def test_the_guide_s_examples_run() -> None:
    torch.manual_seed(0)
    failed, tried = doctest.testfile(str(GUIDE), module_relative=False)
    assert failed == 0
    assert tried > 5


def test_pytorch_is_all_that_the_room_loads() -> None:
    program = (
        "import sys\n"
        "for name in ('torchvision', 'safetensors', 'PIL', 'cv2', 'onnx', 'onnxruntime'): sys.modules[name] = None\n"
        f"import importlib\nfor name in {MODULES!r}: importlib.import_module(name)\n"
        "from bokwon.nn import PartialConv2d, PConvUNet, partial_conv2d\n"
        "from bokwon.nn.losses import losses\n"
        "print('loaded')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "loaded", done.stderr
