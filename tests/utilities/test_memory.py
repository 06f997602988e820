from __future__ import annotations

import errno

import pytest

from bokwon.errors import MemoryLimitError
from bokwon.utilities.memory import is_out_of_memory, out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer"),
        RuntimeError("OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 40 bytes"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_what_libraries_say_for_want_of_memory(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [ValueError("no picture"), OSError(errno.ENOSPC, "no space"), KeyboardInterrupt()])
def test_other_errors_are_no_want_of_memory(error: BaseException) -> None:
    assert not is_out_of_memory(error)


def test_the_error_names_what_to_lower() -> None:
    error = out_of_memory("page.png")
    assert isinstance(error, MemoryLimitError)
    assert error.exit_code == 7
    assert all(option in str(error) for option in ("page.png", "--tile", "-j", "--threads", "--max-mpixels"))
