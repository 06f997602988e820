from __future__ import annotations

import errno

import pytest

from bokwon.errors import BokwonError, InputFileError, MemoryLimitError, MissingDependencyError
from bokwon.utilities.memory import as_bokwon_error, is_out_of_memory, out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer"),
        RuntimeError("OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 40 bytes"),
        ImportError("codec.so: failed to map segment from shared object"),
        ValueError("encoding error 1"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_what_libraries_say_for_want_of_memory(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [ValueError("no picture"), ValueError("encoding error 5"), OSError(errno.ENOSPC, "no space"), KeyboardInterrupt()],
)
def test_other_errors_are_no_want_of_memory(error: BaseException) -> None:
    assert not is_out_of_memory(error)


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
