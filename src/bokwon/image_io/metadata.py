"""What a page carries beside its samples: profile, resolution, EXIF, and each format's own blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bokwon.types import Pixels

if TYPE_CHECKING:
    from bokwon.image_io.formats.tiff.directories import Directory

__all__ = ["JpegSettings", "Metadata", "TiffSettings", "plausible_dpi"]

_LEAST_DPI, _MOST_DPI = 1.0, 50_000.0


def plausible_dpi(across: float, down: float) -> tuple[float, float] | None:
    """Return a resolution, or None if it means nothing; every format holds the others.

    Args:
        across: Pixels per inch in a row.
        down: And in a column.
    """
    return (across, down) if all(_LEAST_DPI <= value <= _MOST_DPI for value in (across, down)) else None


@dataclass(frozen=True)
class JpegSettings:
    """How a JPEG file was encoded, and the blocks it carries.

    Attributes:
        tables: Quantisation tables of the components to write, zigzag-free, as Pillow gives and takes them; the last
            one is that of all further components.
        subsampling: 0, 1 or 2 for 4:4:4, 4:2:2 or 4:2:0.
        progressive: Whether it is stored in several scans.
        segments: Marker segments (JFIF, EXIF, XMP, ICC, IPTC, comments) whole, marker and length included.
        changes: What about the encoding does not come back, in words.
        rgb: Whether red, green and blue are stored as they are, not as luma and chroma.
        layout: Where `subsampling` has no number for it: name, and samples across and down in each block, of luma and
            the two of chroma.
    """

    tables: tuple[tuple[int, ...], ...]
    subsampling: int
    progressive: bool
    segments: tuple[bytes, ...]
    changes: tuple[str, ...] = ()
    layout: tuple[tuple[int, int, int], ...] = ()
    rgb: bool = False


@dataclass(frozen=True)
class TiffSettings:
    """How a TIFF page was stored, and every tag that is not about storage.

    Attributes:
        compression: Pillow's name of the compression, such as `raw`, `tiff_lzw` or `group4`.
        tags: Its descriptive tags, EXIF and GPS directories among them.
        tile: Height and width of its tiles; None for a page in strips.
        big: Whether it lay in a BigTIFF.
        white_is_zero: Whether its gray is stored as a negative, to be written so again.
        differences: Whether it stores differences of neighbours (a horizontal predictor), which compress better.
        order: Byte order of its file, `<` or `>`.
        extra: (H, W), a fourth channel beside RGB of which nothing is known; it is written back as it was.
        inner: The images within the page (SubIFDs), as a TIFF file of the same byte order with one page for each.
    """

    compression: str
    tags: Directory
    tile: tuple[int, int] | None = None
    big: bool = False
    white_is_zero: bool = False
    differences: bool = False
    order: str = "<"
    extra: Pixels | None = field(default=None, compare=False)
    inner: bytes = b""


@dataclass(frozen=True)
class Metadata:
    """The metadata of a page.

    The first four can be moved to most formats. If a file is written in the format that it was read from, the blocks of
    that format are used instead, so that nothing is lost.

    Attributes:
        icc: ICC colour profile.
        exif: EXIF block, beginning with its byte-order mark.
        xmp: XMP packet.
        dpi: Resolution in pixels per inch, horizontal and vertical.
        orientation: EXIF orientation, 1 (upright) to 8. Samples are never rotated by it.
        png: Ancillary chunks (name, data) of a PNG page.
        png_key: Sample values that this PNG treats as transparent, one for each channel. While it is restored, the page
            has an alpha channel instead.
        png_bilevel: Whether that PNG is of 1 bit.
        alpha_of_values: Whether the alpha channel follows from sample values. Then a filled pixel is as transparent as
            the nearest known one.
        jpeg: Settings of a JPEG page.
        tiff: Settings of a TIFF page.
        jpeg2000: Boxes (kind, content) of a JPEG 2000 file; none for a bare codestream.
        jpeg2000_bits: Bits of a sample in a JPEG 2000 file, if they are more than 8 and fewer than 16.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    orientation: int = 1
    png: tuple[tuple[bytes, bytes], ...] | None = None
    png_key: tuple[int, ...] | None = None
    png_bilevel: bool = False
    alpha_of_values: bool = False
    jpeg: JpegSettings | None = None
    tiff: TiffSettings | None = None
    jpeg2000: tuple[tuple[bytes, bytes], ...] | None = None
    jpeg2000_bits: int | None = None
