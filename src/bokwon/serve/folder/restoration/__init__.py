"""Filling pages and regions, and writing outputs, in the same way as `bokwon restore`."""

from typing import TYPE_CHECKING

from bokwon.utilities.lazy_names import lazy_names

if TYPE_CHECKING:
    from bokwon.serve.folder.restoration.fills import Fill, Result
    from bokwon.serve.folder.restoration.restoring import Restoring

__all__ = ["Fill", "Restoring", "Result"]


# Loaded on demand, because of a circular import: the view imports fills, and restoring imports the view.
__getattr__ = lazy_names(
    __name__,
    {
        "Fill": "bokwon.serve.folder.restoration.fills",
        "Result": "bokwon.serve.folder.restoration.fills",
        "Restoring": "bokwon.serve.folder.restoration.restoring",
    },
)
