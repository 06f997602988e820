"""One decoded image."""

from __future__ import annotations

from dataclasses import dataclass

from bokwon.image_io.metadata import Metadata
from bokwon.types import Pixels

__all__ = ["Page"]


@dataclass(frozen=True)
class Page:
    """One decoded image.

    Attributes:
        pixels: Samples as stored, (H, W) or (H, W, C), not rotated by EXIF orientation.
        mode: Their mode, a key of `bokwon.image_io.modes.MODES`.
        format: `PNG`, `JPEG`, `TIFF`, `WEBP`, `BMP` or `JPEG2000`; `PDF` for a picture that only a PDF can hold.
        metadata: What the file carries beside the samples.
        notices: What the reader should be told, one sentence each.
        warnings: What is wrong with the file though it could be decoded, one sentence each.
    """

    pixels: Pixels
    mode: str
    format: str
    metadata: Metadata
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]
