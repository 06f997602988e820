"""One decoded image, and how a file stores its samples."""

from __future__ import annotations

from dataclasses import dataclass

from bokwon.image_io.metadata import Metadata
from bokwon.types import Pixels

__all__ = ["Page", "Storage"]


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


@dataclass(frozen=True)
class Storage:
    """How a file stores its samples, where that is not how Pillow decodes them.

    Attributes:
        sixteen_bit_colour: Colour of 16 bits, of which Pillow gives the high bytes.
        small_gray: Gray of 2 or 4 bits.
        white_is_zero: Gray as a negative.
        negative: A negative that is written so again.
        gray_with_alpha: Gray of 16 bits with alpha.
        luma: Colour as luma and chroma.
    """

    sixteen_bit_colour: bool = False
    small_gray: bool = False
    white_is_zero: bool = False
    negative: bool = False
    gray_with_alpha: bool = False
    luma: bool = False

    @property
    def turned(self) -> bool:
        """Whether a negative comes back as what it looks like."""
        return self.white_is_zero and not self.negative
