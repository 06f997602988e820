from __future__ import annotations

import errno

import pytest

from bokwon.errors import BokwonError, InputFileError, MemoryLimitError, MissingDependencyError
from bokwon.utilities.memory import as_bokwon_error, is_out_of_memory, out_of_memory


def of_library(module: str, message: str, name: str = "Fault", **attributes: object) -> Exception:
    """Return an error of a class of a library, which need not be installed."""
    error: Exception = type(name, (RuntimeError,), {"__module__": module})(message)
    error.__dict__.update(attributes)
    return error


RUNTIME = "onnxruntime.capi.onnxruntime_pybind11_state"
ALLOCATION = "OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 40 bytes"
NAME = "out of memory, std::bad_alloc, failed to allocate.png"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError("out of memory error when reading image file"),
        OSError("out of memory"),
        OSError("encoder error -9 when writing image file"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("can't start new thread"),
        RuntimeError("Failed to decode frame 0: Out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("Exception from src/inference/src/cpp/core.cpp:97:\nCheck failed: std::bad_alloc"),
        RuntimeError("Exception from src/plugins/intel_cpu/src/node.cpp:823: [CPU] node with name 'a' can't alloc "),
        RuntimeError("CUDA error: out of memory"),
        of_library(RUNTIME, "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for a buffer"),
        of_library(RUNTIME, "[ONNXRuntimeError] : 1 : FAIL : Load model from a.onnx failed:std::bad_alloc"),
        of_library("cv2", ALLOCATION, "error", code=-4),
        of_library("imagecodecs._jpeg8", "Insufficient memory (case 4)"),
        of_library("torch", "CUDA out of memory. Tried to allocate 2.00 GiB", "OutOfMemoryError"),
        ImportError("codec.so: failed to map segment from shared object"),
        ValueError("encoding error 1"),
    ],
)
def test_what_libraries_say_for_want_of_memory(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no picture"),
        ValueError("encoding error 5"),
        OSError(errno.ENOSPC, "no space"),
        OSError(errno.EIO, "out of memory"),
        KeyboardInterrupt(),
        of_library("cv2", "OpenCV(5.0.0) imgcodecs.cpp:1: error: (-215:Assertion failed)", "error", code=-215),
    ],
)
def test_other_errors_are_no_want_of_memory(error: BaseException) -> None:
    assert not is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        InputFileError(f"{NAME} is damaged: its header is cut off"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", NAME),
        OSError(f"cannot identify image file '{NAME}'"),
        ValueError(NAME),
        of_library("pikepdf", f"{NAME}: unable to find trailer dictionary", "PdfError"),
        of_library(RUNTIME, f"[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Load model from {NAME} failed:Protobuf"),
        of_library(
            RUNTIME, f"[ONNXRuntimeError] : 3 : NO_SUCHFILE : Load model from {NAME} failed. File doesn't exist"
        ),
        ModuleNotFoundError("No module named 'out of memory'"),
    ],
)
def test_the_name_of_a_file_is_no_want_of_memory(error: Exception) -> None:
    assert not is_out_of_memory(error)


def test_what_fails_for_want_of_memory_is_known_by_its_cause() -> None:
    error = InputFileError("page.pdf is damaged")
    error.__cause__ = MemoryError()
    assert as_bokwon_error("page.pdf", error).exit_code == 7
    error.__cause__ = ValueError("no picture")
    assert as_bokwon_error("page.pdf", error) is error


def test_the_error_names_what_to_lower() -> None:
    error = out_of_memory("page.png")
    assert isinstance(error, MemoryLimitError)
    assert error.exit_code == 7
    assert all(option in str(error) for option in ("page.png", "--tile", "-j", "--threads", "--max-mpixels"))


def test_any_error_becomes_one_of_ours() -> None:
    ours = InputFileError("page.png is damaged")
    assert as_bokwon_error("page.png", ours) is ours
    assert as_bokwon_error("page.png", RuntimeError("std::bad_alloc")).exit_code == 7
    assert as_bokwon_error("page.png", out_of_memory("scan.png")).message == "scan.png needs more memory than there is"
    other = as_bokwon_error("page.png", RuntimeError("no picture"))
    assert type(other) is BokwonError
    assert str(other) == "unexpected RuntimeError: no picture"


@pytest.mark.parametrize(
    ("said", "code"), [("failed to map segment from shared object", 7), ("No module named 'cv2'", 3)]
)
def test_a_package_that_memory_was_too_small_for_is_not_called_missing(said: str, code: int) -> None:
    error = MissingDependencyError("OpenCV cannot be imported", "pip install bokwon")
    error.__cause__ = ImportError(said)
    assert as_bokwon_error("the command", error).exit_code == code
