"""The paper's experiments, one function each: from images and masks to a page with tables and pictures.

Needs `bokwon[train,eval]`. The command is `bokwon reproduce`.
"""

from typing import TYPE_CHECKING

from bokwon.utilities.lazy_names import lazy_names

if TYPE_CHECKING:
    from bokwon.reproduce.ablation import reproduce_ablation
    from bokwon.reproduce.layers import reproduce_layers
    from bokwon.reproduce.padding import reproduce_padding
    from bokwon.reproduce.recipe import Recipe
    from bokwon.reproduce.superres import reproduce_superres
    from bokwon.reproduce.table import reproduce_table

__all__ = [
    "Recipe",
    "reproduce_ablation",
    "reproduce_layers",
    "reproduce_padding",
    "reproduce_superres",
    "reproduce_table",
]


# Each experiment loads what it needs.
__getattr__ = lazy_names(
    __name__,
    {
        "reproduce_ablation": "bokwon.reproduce.ablation",
        "reproduce_layers": "bokwon.reproduce.layers",
        "reproduce_padding": "bokwon.reproduce.padding",
        "Recipe": "bokwon.reproduce.recipe",
        "reproduce_superres": "bokwon.reproduce.superres",
        "reproduce_table": "bokwon.reproduce.table",
    },
)
