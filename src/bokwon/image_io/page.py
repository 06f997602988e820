"""One decoded image."""

from __future__ import annotations

from dataclasses import dataclass

from bokwon.image_io.metadata import Metadata
from bokwon.image_io.orientation import Orientation
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
        shown: What turns the samples as viewers show them, where the document tells it: on the pages of a PDF. None
            where only the image's own EXIF does.
    """

    pixels: Pixels
    mode: str
    format: str
    metadata: Metadata
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    shown: Orientation | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def upright(self) -> Orientation:
        """What turns the samples as viewers show them."""
        return Orientation.of_exif(self.metadata.orientation) if self.shown is None else self.shown
