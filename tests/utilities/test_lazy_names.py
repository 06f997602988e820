"""Names that a package loads on demand."""

from __future__ import annotations

from types import ModuleType

import pytest

from bokwon.utilities.lazy_names import lazy_names


def test_a_name_is_loaded_when_it_is_asked_for() -> None:
    package = ModuleType("package")
    package.__getattr__ = lazy_names("package", {"prod": "math", "gone": "math"})  # type: ignore[method-assign]
    assert package.prod([2, 3]) == 6
    with pytest.raises(AttributeError, match="module 'package' has no attribute 'other'"):
        _ = package.other
    with pytest.raises(AttributeError, match="gone"):
        _ = package.gone


def test_a_module_of_the_package_is_a_name_of_it_too() -> None:
    assert lazy_names("bokwon", {"errors": "bokwon.errors"})("errors").__name__ == "bokwon.errors"
