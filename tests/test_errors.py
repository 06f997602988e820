"""The errors: their exit codes, and the one line that each becomes."""

from __future__ import annotations

import pickle

from bokwon import errors


def test_every_error_has_its_documented_exit_code() -> None:
    codes = {name: getattr(errors, name).exit_code for name in errors.__all__}
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
    for name in errors.__all__:
        back = pickle.loads(pickle.dumps(getattr(errors, name)("the fault", "the fix")))
        assert (type(back).__name__, back.message, back.fix) == (name, "the fault", "the fix")
