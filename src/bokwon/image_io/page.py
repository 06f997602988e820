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
        metadata: Metadata of the file.
        notices: Notices for the user, one sentence each.
        warnings: Faults of the file that could be decoded all the same, one sentence each.
        shown: Rotation or mirroring of the samples to what viewers show, if the document sets it, as a PDF does. None
            if only the EXIF of the image does.
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
        """Rotation or mirroring of the samples to what viewers show."""
        return Orientation.of_exif(self.metadata.orientation) if self.shown is None else self.shown
