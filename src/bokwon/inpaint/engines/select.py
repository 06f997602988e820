"""Chooses the engine and the precision for a model file: those asked for, or the fastest ones on this machine."""

from __future__ import annotations

import importlib.util
import platform
from typing import NamedTuple

from bokwon.errors import ArgumentError, InputFileError
from bokwon.inpaint.engines.base import CONCURRENCY, ModelEngine
from bokwon.inpaint.engines.mirrored_views import EnsembleEngine
from bokwon.inpaint.engines.onnx import OnnxEngine, fastest_device
from bokwon.inpaint.engines.openvino import OpenVinoEngine, computes_in_bfloat16
from bokwon.inpaint.models import Model, find_int8, load_model
from bokwon.inpaint.runtime_facts import DEFAULT_FACTS, RuntimeFacts
from bokwon.settings import EngineName, Precision
from bokwon.utilities.processes import available_cores

__all__ = ["LoadedModel", "in_precision", "load", "load_engine", "prefers_int8"]

_X86_64 = ("x86_64", "amd64")


class LoadedModel(NamedTuple):
    """A model and its engine.

    Attributes:
        model: The model in use, the int8 one where that is.
        sha256: Checksum of its file.
        engine: What runs it.
        precision: Precision of the computation: `float32`, `bfloat16` or `int8`.
    """

    model: Model
    sha256: str
    engine: ModelEngine
    precision: Precision


def load(
    model: Model,
    *,
    engine: EngineName = "auto",
    precision: Precision = "auto",
    threads: int | None = None,
    ensemble: int = 1,
    several: bool = False,
) -> LoadedModel:
    """Load a model into an engine, in a given precision.

    Args:
        model: The float model, or an int8 model itself.
        engine: As for `load_engine`.
        precision: `auto` is the fastest one on this machine.
        threads: How many threads the engine may use; all cores by default.
        ensemble: Number of mirrored views that are averaged.
        several: As for `load_engine`.

    Raises:
        ArgumentError: Engine and precision do not go together.
        FileAccessError: The model file cannot be read.
        InputFileError: It is damaged, or there is no int8 model of it.
        MissingDependencyError: The engine is not installed.
    """
    model = in_precision(model, precision, engine)
    data, sha256 = load_model(model)
    kind = "int8" if model.precision == "int8" else precision
    running = load_engine(
        data, model.name, model.facts, engine=engine, precision=kind, threads=threads, several=several
    )
    computes = "int8" if kind == "int8" else running.precision
    return LoadedModel(model, sha256, EnsembleEngine(running, ensemble) if ensemble > 1 else running, computes)


def in_precision(model: Model, precision: Precision, engine: EngineName) -> Model:
    """Return the model whose file computes in a precision: the model itself, or its int8 model.

    Args:
        model: The float model, or an int8 model itself, which is taken as it is.
        precision: What to compute with.
        engine: As for `load_engine`.

    Raises:
        ArgumentError: Engine and precision do not go together.
        InputFileError: int8 is asked for, and there is no int8 model.
    """
    if engine == "openvino" and "int8" in (precision, model.precision):
        raise ArgumentError("int8 models are made for ONNX Runtime", "leave out one of OpenVINO and int8")
    if model.precision == "int8":
        return model
    if precision == "int8":
        return find_int8(model)
    if precision == "bfloat16" and engine == "onnx":
        raise ArgumentError("ONNX Runtime does not compute in bfloat16", "leave out one of onnx and bfloat16")
    if precision == "auto" and prefers_int8(engine):
        try:
            return find_int8(model)
        except InputFileError:
            # Most models have no int8 version. One that belongs to another model is not used.
            return model
    return model


def load_engine(
    data: bytes,
    name: str,
    facts: RuntimeFacts = DEFAULT_FACTS,
    *,
    engine: EngineName = "auto",
    precision: Precision = "auto",
    threads: int | None = None,
    several: bool = False,
) -> ModelEngine:
    """Load a model file into an engine.

    Args:
        data: The ONNX file, whole.
        name: Name in messages.
        facts: What the model's card says.
        engine: `onnx`, `openvino`, or `auto`: OpenVINO if it is installed and the processor computes in bfloat16,
            otherwise and for int8 models ONNX Runtime. `in_precision` decides before whether to use an int8 model.
        precision: `float32`, `bfloat16` (with OpenVINO), or `auto` for the faster one; `int8` for an int8 model.
        threads: How many threads it may use; all cores by default.
        several: Whether pages of several tiles are expected, so that the engine is loaded as for these.

    Raises:
        ArgumentError: The processor does not compute in bfloat16.
        InputFileError: The model cannot be used.
        MissingDependencyError: The engine is not installed.
    """
    if _runs_openvino(engine, precision):
        return OpenVinoEngine(data, name, facts, threads=threads, precision=precision)
    parallel = several and (threads or available_cores()) >= CONCURRENCY and fastest_device() == "processor"
    return OnnxEngine(
        data,
        name,
        facts,
        threads=threads,
        precision="int8" if precision == "int8" else "float32",
        concurrency=CONCURRENCY if parallel else 1,
    )


def prefers_int8(engine: EngineName) -> bool:
    """Return whether a model's int8 model is the faster one here: by ONNX Runtime, on an x86-64 processor.

    Measured there with VNNI instructions and with AVX2 alone, and beside OpenVINO's bfloat16 without matrix units; not
    measured on other processors.

    Args:
        engine: As for `load_engine`.
    """
    if engine == "openvino" or platform.machine().lower() not in _X86_64:
        return False
    # If ONNX Runtime is missing, loading the engine reports it.
    return fastest_device() == "processor"


def _runs_openvino(engine: EngineName, precision: Precision) -> bool:
    # int8 models run faster with ONNX Runtime than OpenVINO's bfloat16 does.
    if engine == "auto" and precision != "auto":
        return precision == "bfloat16"
    if engine == "auto" and importlib.util.find_spec("openvino") is not None:
        return computes_in_bfloat16()
    return engine == "openvino"
