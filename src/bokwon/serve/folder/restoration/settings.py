"""The settings of a restoration that a request asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from bokwon.errors import ArgumentError
from bokwon.settings import RestoreSettings

__all__ = ["settings_of"]

_ASKED = ("method", "model", "material", "finish")
_OF_A_MODEL = ("model", "material", "engine", "precision", "ensemble")


def settings_of(default: RestoreSettings, told: Mapping[str, Any], models: Collection[str]) -> RestoreSettings:
    """Return the settings that a request asks for, on top of those of the folder.

    Args:
        default: Settings of the folder.
        told: May hold `method`, `model` or `material`, and `finish`.
        models: Names of the models that may be asked for: no request makes the server load another file.

    Raises:
        ArgumentError: There is no such method, model, material or finish, or both a model and a material are asked for.
    """
    asked = {name: told[name] for name in _ASKED if told.get(name) is not None}
    if "model" in asked and asked["model"] not in models:
        raise ArgumentError(f"there is no model {str(asked['model'])[:100]!r}", f"choose {' or '.join(models)}")
    # One of them in the request replaces the other of the folder.
    if "model" in asked:
        asked.setdefault("material", "auto")
    elif "material" in asked:
        asked["model"] = None
    if asked.get("method", default.method) != "model":
        # Classical methods take none of a model's settings.
        plain = RestoreSettings()
        asked |= {name: getattr(plain, name) for name in _OF_A_MODEL}
    return replace(default, **asked)
