"""What users may rely on: the names, how they are called."""

from __future__ import annotations

import doctest
import inspect
from types import ModuleType

import pytest

import bokwon
from bokwon import settings


def test_the_public_names() -> None:
    assert bokwon.__all__ == [
        "Damage",
        "Detector",
        "Restoration",
        "RestoreSettings",
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
    for name in ("Restoration", "RestoreSettings", "Restorer", "restore", "errors"):
        assert inspect.getdoc(getattr(bokwon, name))


def test_the_signatures() -> None:
    assert list(inspect.signature(bokwon.restore).parameters) == ["image", "hole", "allow_large", "settings"]
    assert list(inspect.signature(bokwon.Restorer).parameters) == ["settings", "loaded"]
    assert list(inspect.signature(bokwon.RestoreSettings).parameters) == [
        "model",
        "material",
        "method",
        "finish",
        "grow",
        "engine",
        "precision",
        "ensemble",
        "ink",
        "grain",
        "letters",
        "tile",
        "threads",
    ]
    assert list(inspect.signature(bokwon.Restorer.restore).parameters) == [
        "self",
        "image",
        "hole",
        "allow_large",
        "progress",
    ]


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
        "material",
        "material_reason",
    ]


@pytest.mark.parametrize("module", [bokwon, settings])
def test_the_examples_run(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = bokwon.nothing
