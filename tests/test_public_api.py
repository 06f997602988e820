"""What users may rely on: the names, how they are called."""

from __future__ import annotations

import inspect

import pytest

import bokwon
from bokwon import errors


def test_the_public_names() -> None:
    assert sorted(bokwon.__all__) == [
        "Damage",
        "Detector",
        "Restoration",
        "Restorer",
        "__version__",
        "detect",
        "errors",
        "restore",
    ]
    assert set(bokwon.__all__) <= set(dir(bokwon))
    for name in bokwon.__all__:
        assert getattr(bokwon, name) is not None


def test_every_public_name_tells_what_it_is() -> None:
    for name in ("Restoration", "Restorer", "restore", "errors"):
        assert inspect.getdoc(getattr(bokwon, name))


def test_the_signatures() -> None:
    assert list(inspect.signature(bokwon.restore).parameters) == ["image", "hole", "model", "method"]
    assert list(inspect.signature(bokwon.Restorer).parameters) == [
        "model",
        "method",
        "tile",
        "threads",
        "letters",
        "engine",
        "grain",
        "precision",
        "ink",
        "ensemble",
        "widen",
    ]
    assert list(inspect.signature(bokwon.Restorer.restore).parameters) == ["self", "image", "hole", "progress"]


def test_the_fields_of_a_restoration() -> None:
    assert list(bokwon.Restoration.__dataclass_fields__) == [
        "image",
        "hole",
        "method",
        "model",
        "sha256",
        "engine",
        "tiles",
        "version",
        "notices",
    ]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = bokwon.nothing


def test_every_error_has_its_documented_exit_code() -> None:
    codes = {name: getattr(errors, name).exit_code for name in errors.__all__}
    assert codes == {
        "ArgumentError": 1,
        "BokwonError": 15,
        "FileAccessError": 5,
        "InputFileError": 2,
        "MissingDependencyError": 3,
        "OutputExistsError": 6,
    }


def test_an_error_is_one_line_with_the_fix_after_the_fault() -> None:
    error = errors.ArgumentError("the mask is\n too small", "make it larger")
    assert str(error) == "the mask is too small; make it larger"
    assert isinstance(error, ValueError)
