"""The errors: their exit codes, and the one line that each becomes."""

from __future__ import annotations

import errno
import importlib
import pickle

import pytest

from bokwon import errors

CLASSES = [name for name in errors.__all__ if isinstance(getattr(errors, name), type)]


def test_every_error_has_its_documented_exit_code() -> None:
    codes = {name: getattr(errors, name).exit_code for name in CLASSES}
    assert codes == {
        "ArgumentError": 1,
        "BokwonError": 15,
        "FileAccessError": 5,
        "InputFileError": 2,
        "MemoryLimitError": 7,
        "MissingDependencyError": 3,
        "OutputExistsError": 6,
        "TimeLimitError": 8,
    }


def test_an_error_is_one_line_with_the_fix_after_the_fault() -> None:
    error = errors.ArgumentError("the mask is\n too small", "make it larger")
    assert str(error) == "the mask is too small; make it larger"
    assert isinstance(error, ValueError)


def test_an_error_without_a_fix_is_its_message_alone() -> None:
    assert str(errors.InputFileError("a.png is damaged")) == "a.png is damaged"


def test_an_error_keeps_both_parts_on_its_way_from_another_process() -> None:
    for name in CLASSES:
        back = pickle.loads(pickle.dumps(getattr(errors, name)("the fault", "the fix")))
        assert (type(back).__name__, back.message, back.fix) == (name, "the fault", "the fix")


def test_a_failed_import_names_the_module_the_fault_and_the_fix() -> None:
    with (
        pytest.raises(errors.MissingDependencyError) as caught,
        errors.importing("boxes take {name}: {error}", "pip install boxes"),
    ):
        importlib.import_module("bokwon_boxes")
    assert caught.value.message == "boxes take bokwon_boxes: No module named 'bokwon_boxes'"
    assert caught.value.fix == "pip install boxes"
    assert isinstance(caught.value.__cause__, ImportError)


def test_other_faults_of_an_imported_package_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="broken"), errors.importing("boxes take {name}", "pip install boxes"):
        raise RuntimeError("broken")


def test_what_the_system_refuses_names_its_reason() -> None:
    with (
        pytest.raises(errors.FileAccessError) as caught,
        errors.accessing("page.png cannot be read: {error}", "check the path"),
    ):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "page.png")
    assert str(caught.value) == "page.png cannot be read: No such file or directory; check the path"
    with (
        pytest.raises(errors.FileAccessError, match="cannot be read: no reason"),
        errors.accessing("page.png cannot be read: {error}", ""),
    ):
        raise OSError("no reason")


def test_errors_of_bokwon_pass_through_what_reports_the_system() -> None:
    with pytest.raises(errors.OutputExistsError, match="holds other files"), errors.accessing("no: {error}", ""):
        raise errors.OutputExistsError("out holds other files")
