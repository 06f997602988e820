"""Which engine runs a model file, in which precision: what was asked for, or what is fastest here."""

from __future__ import annotations

import importlib.util
import platform
from typing import NamedTuple

from bokwon.errors import ArgumentError, InputFileError
from bokwon.inpaint.engines.base import ModelEngine
from bokwon.inpaint.engines.mirrored_views import EnsembleEngine
from bokwon.inpaint.engines.onnx import OnnxEngine, fastest_device
from bokwon.inpaint.engines.openvino import OpenVinoEngine, computes_in_bfloat16
from bokwon.inpaint.models import Model, find_int8, load_model
from bokwon.inpaint.runtime_facts import DEFAULT_FACTS, RuntimeFacts

__all__ = ["ENGINES", "PRECISIONS", "LoadedModel", "in_precision", "load", "load_engine", "prefers_int8"]

ENGINES = ("auto", "onnx", "openvino")
"""What may run model files."""

PRECISIONS = ("auto", "float32", "bfloat16", "int8")
"""What model files may compute with."""

_X86_64 = ("x86_64", "amd64")


class LoadedModel(NamedTuple):
    """A model and what runs it.

    Attributes:
        model: The model in use, the int8 one where that is.
        sha256: Checksum of its file.
        engine: What runs it.
        precision: What it computes with, `float32`, `bfloat16` or `int8`.
    """

    model: Model
    sha256: str
    engine: ModelEngine
    precision: str


def load(
    model: Model, *, engine: str = "auto", precision: str = "auto", threads: int | None = None, ensemble: int = 1
) -> LoadedModel:
    """Load a model into the engine and in the precision that were asked for.

    Args:
        model: The float model, or an int8 model itself.
        engine: As for `load_engine`.
        precision: One of `PRECISIONS`; `auto` is what is fastest here.
        threads: How many threads the engine may use; all cores by default.
        ensemble: Of how many mirrored views of a tile the mean is taken.

    Raises:
        ArgumentError: The engine or the precision does not exist, or they do not go together.
        FileAccessError: The model file cannot be read.
        InputFileError: It is damaged, or there is no int8 model of it.
        MissingDependencyError: The engine is not installed.
    """
    model = in_precision(model, precision, engine)
    data, sha256 = load_model(model)
    kind = "int8" if model.precision == "int8" else precision
    running = load_engine(data, model.name, model.facts, engine=engine, precision=kind, threads=threads)
    computes = "int8" if kind == "int8" else running.precision
    return LoadedModel(model, sha256, EnsembleEngine(running, ensemble) if ensemble > 1 else running, computes)


def in_precision(model: Model, precision: str, engine: str) -> Model:
    """Return the model whose file computes in a precision: the model itself, or its int8 model.

    Args:
        model: The float model, or an int8 model itself, which is always taken as it is.
        precision: One of `PRECISIONS`.
        engine: As for `load_engine`.

    Raises:
        ArgumentError: The engine or the precision does not exist, or they do not go together.
        InputFileError: int8 is asked for, and there is no int8 model.
    """
    if precision not in PRECISIONS:
        raise ArgumentError(f"no precision is named {precision!r}", f"choose one of {', '.join(PRECISIONS)}")
    if model.precision == "int8":
        return model
    if precision == "int8":
        if engine == "openvino":
            raise ArgumentError("int8 models are made for ONNX Runtime", "leave out one of OpenVINO and int8")
        return find_int8(model)
    if precision == "bfloat16" and engine == "onnx":
        raise ArgumentError("ONNX Runtime does not compute in bfloat16", "leave out one of onnx and bfloat16")
    if precision == "auto" and prefers_int8(engine):
        try:
            return find_int8(model)
        except InputFileError:
            # Most models have none; one that is another's is not for this one to run.
            return model
    return model


def load_engine(
    data: bytes,
    name: str,
    facts: RuntimeFacts = DEFAULT_FACTS,
    *,
    engine: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
) -> ModelEngine:
    """Load a model file into what runs it.

    Args:
        data: The ONNX file, whole.
        name: What messages call it.
        facts: What the model's card says.
        engine: `onnx`, `openvino`, or `auto`: OpenVINO where it is installed and the processor computes in bfloat16,
            and ONNX Runtime everywhere else and for int8 models. Whether an int8 model is the better choice is asked
            before (`in_precision`).
        precision: `float32`, `bfloat16` (by OpenVINO), or `auto`, which is the faster one; `int8` for an int8 model.
        threads: How many threads it may use; all cores by default.

    Raises:
        ArgumentError: No such engine, or the processor does not compute in bfloat16.
        InputFileError: The model cannot be used.
        MissingDependencyError: The engine is not installed.
    """
    if _runs_openvino(engine, precision):
        return OpenVinoEngine(data, name, facts, threads=threads, precision=precision)
    return OnnxEngine(data, name, facts, threads=threads, precision="int8" if precision == "int8" else "float32")


def prefers_int8(engine: str) -> bool:
    """Return whether a model's int8 model is the faster one here: by ONNX Runtime, on an x86-64 processor.

    Measured there with VNNI instructions and with AVX2 alone, and beside OpenVINO's bfloat16 without matrix units; not
    measured on other processors.

    Args:
        engine: As for `load_engine`.

    Raises:
        ArgumentError: No such engine.
    """
    _check_name(engine)
    if engine == "openvino" or platform.machine().lower() not in _X86_64:
        return False
    # Without ONNX Runtime, whoever loads the engine says so.
    return fastest_device() == "processor"


def _check_name(engine: str) -> None:
    if engine not in ENGINES:
        raise ArgumentError(f"no engine is named {engine!r}", f"choose one of {', '.join(ENGINES)}")


def _runs_openvino(engine: str, precision: str) -> bool:
    _check_name(engine)
    # int8 models run faster with ONNX Runtime than OpenVINO's bfloat16 does.
    if engine == "auto" and precision != "auto":
        return precision == "bfloat16"
    if engine == "auto" and importlib.util.find_spec("openvino") is not None:
        return computes_in_bfloat16()
    return engine == "openvino"
