"""Names of a package that are loaded when somebody asks for them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package that loads some of its public names on demand.

    Args:
        package: Its name.
        modules: The module of each name; for a module of the package, its own full name.
    """

    def load(name: str) -> Any:
        if name in modules:
            module = importlib.import_module(modules[name])
            return module if module.__name__ == f"{package}.{name}" else getattr(module, name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load
