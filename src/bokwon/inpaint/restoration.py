"""The result of a restoration in Python: the restored image and how it was made; and what determines its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from numpy.typing import NDArray
from PIL import Image

from bokwon.settings import Material
from bokwon.types import Hole

__all__ = ["Identity", "ImageT", "Restoration"]

ImageT = TypeVar("ImageT", bound="NDArray[Any] | Image.Image")


@dataclass(frozen=True, eq=False)
class Restoration(Generic[ImageT]):
    """A restored image, and how it was made.

    Attributes:
        image: The image with its hole filled. It has the kind, size, mode and depth of the input, and the same pixels
            outside the hole.
        hole: (H, W) bool, True where pixels were filled: the given hole, grown by `grow`.
        method: `model`, `telea` or `ns`.
        model: Name of the model; None for a classical method.
        sha256: Checksum of the model file; None for a classical method.
        engine: Name and version of the engine.
        tiles: Number of tiles that were run; 0 for an empty hole.
        version: Version of bokwon.
        notices: What the user should know, one sentence each.
        material: What it was filled as: `page`, `photo` or `rubbing`; None for a classical method.
        material_reason: Why, in a few words.
    """

    image: ImageT
    hole: Hole
    method: str
    model: str | None
    sha256: str | None
    engine: str
    tiles: int
    version: str
    notices: tuple[str, ...]
    material: Material | None = None
    material_reason: str = ""


class Identity(NamedTuple):
    """What determines the pixels of a fill: the same identity gives the same fill.

    Attributes:
        sha256: Checksum of the model file; None for a classical method.
        engine: Name and version of the engine.
        settings: The settings that change pixels.
    """

    sha256: str | None
    engine: str
    settings: dict[str, Any]
