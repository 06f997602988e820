"""The models that fill holes, as clients may ask for them by name."""

from __future__ import annotations

from bokwon.errors import InputFileError
from bokwon.inpaint.models import INT8_OF, list_models

__all__ = ["list_fillers"]


def list_fillers() -> list[dict[str, str]]:
    """Return `name` and `title` of each model that fills holes.

    The 8-bit models are not listed: bokwon uses one in place of its float model where it is faster.
    """
    try:
        found = [model for model in list_models() if INT8_OF not in (model.card or {})]
    except InputFileError:
        # Whoever uses the damaged one is told.
        return []
    models = {model.path.stem: model for model in found if "classes" not in (model.card or {})}
    return [{"name": name, "title": str((model.card or {}).get("title", name))} for name, model in models.items()]
