"""What a IIIF image service offers, and the requests for an image at full size: one, or one for each tile.

Source: IIIF Image API 1.1, 2.1.1 and 3.0, sections 4 (requests), 5 (image information) and the compliance levels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

from bokwon.errors import InputFileError
from bokwon.iiif.manifest import Terms, id_of, is_image_service, read_terms
from bokwon.iiif.values import as_list, whole_number

__all__ = ["ImageService", "Tile", "base_of", "read_info"]

_LEVEL = re.compile(r"level([012])\b")
_REQUEST = re.compile(r"/(full|square|(pct:)?[\d.,]+)/[^/]+/!?[\d.]+/(default|native|color|gray|bitonal)\.\w+$")
_OWN_TILE = 1024
"""Side of a tile, pixels, for a server that gives any region and names no tile size."""
_LEAST_TILE = 64 * 64
"""Pixels. With smaller tiles a page would take hundreds of thousands of requests."""
_FORMATS = ("jpg", "png", "tif")
"""File formats to request if the server prefers one of them. Otherwise jpg, which every server has."""


def base_of(url: str) -> str:
    """Return the base URL of an image service, given that of its info.json or of one of its images."""
    address = url.split("#")[0].rstrip("/")
    return _REQUEST.sub("", address.removesuffix("/info.json"))


@dataclass(frozen=True)
class Tile:
    """A region that is requested at full size.

    Attributes:
        url: The request.
        left: Left edge, pixels.
        top: Top edge.
        width: Width.
        height: Height.
    """

    url: str
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class ImageService:
    """What a IIIF image service offers for one image.

    Attributes:
        base: Base URL of the requests.
        version: Of the Image API: 1, 2 or 3.
        width: Full width, pixels.
        height: Full height.
        most: Largest width, height and area of an answer; None where the server names no limit.
        tile: Width and height of the tiles that the server offers at full size; None if it names none.
        any_region: Whether it gives any region.
        format: File format to request.
        terms: Terms of use that belong to the image itself.
    """

    base: str
    version: int
    width: int
    height: int
    most: tuple[int | None, int | None, int | None] = (None, None, None)
    tile: tuple[int, int] | None = None
    any_region: bool = False
    format: str = "jpg"
    terms: Terms = field(default_factory=Terms)

    @property
    def is_capped(self) -> bool:
        """Whether the whole image at full size is over the limits that the server names."""
        return not self._fits(self.width, self.height)

    def _fits(self, width: int, height: int) -> bool:
        sizes = (width, height, width * height)
        return all(most is None or size <= most for size, most in zip(sizes, self.most, strict=True))

    @property
    def whole(self) -> str:
        """The request for the whole image."""
        return f"{self.base}/full/{'max' if self.version == 3 else 'full'}/0/{self._file}"

    @property
    def _file(self) -> str:
        return f"{'native' if self.version == 1 else 'default'}.{self.format}"

    def tiles(self) -> Iterator[Tile] | None:
        """Return the requests for tiles that cover the image at full size; None if the server offers none.

        Their URLs have the canonical form. Servers that store the tiles as files know no other.
        """
        side = self.tile
        if side is None or not self._fits(*side):
            if not self.any_region:
                return None
            across, down, area = self.most
            square = isqrt(area) if area is not None else _OWN_TILE
            side = min(across or _OWN_TILE, square, _OWN_TILE), min(down or _OWN_TILE, square, _OWN_TILE)
        if side[0] * side[1] < min(_LEAST_TILE, self.width * self.height):
            return None
        return self._grid(*side)

    def _grid(self, across: int, down: int) -> Iterator[Tile]:
        for top in range(0, self.height, down):
            for left in range(0, self.width, across):
                width, height = min(across, self.width - left), min(down, self.height - top)
                region, size = f"{left},{top},{width},{height}", f"{width},{height}" * (self.version == 3)
                if (width, height) == (self.width, self.height):
                    region, size = "full", "max" if self.version == 3 else "full"
                url = f"{self.base}/{region}/{size or f'{width},'}/0/{self._file}"
                yield Tile(url, left, top, width, height)


def read_info(content: Any, base: str) -> ImageService:
    """Read the information of an image service (info.json).

    Args:
        content: Its JSON.
        base: Base URL at which it was found; used if the content has no `id`.

    Raises:
        InputFileError: It is not the information of an image, or has no size.
    """
    if not is_image_service(content):
        raise InputFileError(f"{base}/info.json is not the information of a IIIF image", "check the address")
    named = " ".join(item for item in as_list(content.get("@context")) if isinstance(item, str))
    width, height = whole_number(content.get("width")), whole_number(content.get("height"))
    if width is None or height is None:
        raise InputFileError(f"{base}/info.json does not tell the size of the image", "ask those who run the server")
    version = 3 if "/image/3" in named or content.get("type") == "ImageService3" else 2
    version = 1 if "/image-api/" in named + str(content.get("profile")) else version
    profile = as_list(content.get("profile"))
    # In version 2 the profile is a list: the level, then objects with further features and limits.
    more = [item for item in profile if isinstance(item, dict)] if version == 2 else [content]
    level = max([int(found[1]) for item in profile if (found := _LEVEL.search(str(item)))], default=0)
    features = {str(item) for each in more for key in ("supports", "extraFeatures") for item in as_list(each.get(key))}
    limits = [
        min([count for each in more if (count := whole_number(each.get(key)))], default=None)
        for key in ("maxWidth", "maxHeight", "maxArea")
    ]
    # A server that names only the width limits both sides by it.
    across, down, area = limits[0], limits[1] if limits[1] is not None else limits[0], limits[2]
    preferred = [item for item in as_list(content.get("preferredFormats")) if item in _FORMATS]
    return ImageService(
        id_of(content).rstrip("/") or base,
        version,
        width,
        height,
        (across, down, area),
        _tile(content),
        level > 0 or "regionByPx" in features,
        preferred[0] if preferred else "jpg",
        read_terms(content),
    )


def _tile(content: dict[str, Any]) -> tuple[int, int] | None:
    """Return width and height of the largest tile that a server offers at full size."""
    found = []
    first = {"width": content.get("tile_width"), "height": content.get("tile_height")}
    for item in [{**first, "scaleFactors": content.get("scale_factors")}, *as_list(content.get("tiles"))]:
        if isinstance(item, dict) and 1 in map(whole_number, as_list(item.get("scaleFactors", [1]))):
            across = whole_number(item.get("width"))
            if across is not None:
                found.append((across, whole_number(item.get("height")) or across))
    return max(found, key=lambda side: side[0] * side[1], default=None)
