"""The table of file formats: how each is recognised, read and written, and what it can hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from bokwon.image_io.formats import bmp, heif, jpeg, jpeg2000, pdf, png, tiff, webp
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.image_io.protocols import Document
from bokwon.image_io.source import Source
from bokwon.types import Pixels

__all__ = ["EXTENSIONS", "FORMATS", "HEAD_BYTES", "Format", "format_of_content"]

HEAD_BYTES = 1024
"""How much of a file's beginning tells its format."""

_PDF_MARK = b"%PDF-"


def _nothing(_: object) -> list[str]:
    return []


def _nobody_knows(_: BinaryIO) -> None:
    return None


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: Its name in pages and options.
        extensions: File extensions, the usual one first.
        signatures: The first bytes of its files. That of a PDF may also lie a little later; HEIF and AVIF have brands.
        decode: Reads a file of one page. Arguments: its name for messages, the seekable file, and the limit of pixels.
        encode: Writes samples, with their mode and metadata.
        modes: Modes of 1 and 8 bits that it holds.
        deep_modes: Modes of 16 bits that it holds.
        metadata: Which of `icc`, `exif`, `xmp` and `dpi` it can hold.
        longest_side: Longest side that its encoder can write, pixels; None if there is no limit that matters.
        own_blocks: Names the metadata of a page of this format that no other format can hold.
        too_long: Names the metadata that is too long for this format.
        changes: Returns sentences on what changes when a page is written in this format.
        size: Reads width and height from the headers of a file; None if only decoding tells them.
        open: Opens a file that may have several pages. Its argument is the limit of pixels of a page. None if files
            have one page.
    """

    name: str
    extensions: tuple[str, ...]
    signatures: tuple[bytes, ...]
    decode: Callable[[str, BinaryIO, int], Page]
    encode: Callable[[BinaryIO, Pixels, str, Metadata], None]
    modes: frozenset[str] = frozenset()
    deep_modes: frozenset[str] = frozenset()
    metadata: frozenset[str] = frozenset({"icc", "exif", "xmp", "dpi"})
    longest_side: int | None = None
    own_blocks: Callable[[Metadata], list[str]] = _nothing
    too_long: Callable[[Metadata], list[str]] = _nothing
    changes: Callable[[Page], list[str]] = _nothing
    size: Callable[[BinaryIO], tuple[int, int] | None] = _nobody_knows
    open: Callable[[Source, int], Document] | None = None

    @property
    def is_read_only(self) -> bool:
        """Whether this format is never written. Its restored pages become PNG files."""
        return not self.modes and self.open is None

    @property
    def written_as(self) -> str:
        """Name of the output format for files of this format, unless another one is asked for."""
        return "PNG" if self.is_read_only else self.name


_TABLE = (
    Format(
        "PNG",
        (".png",),
        (png.SIGNATURE[:4],),
        png.decode,
        png.encode,
        modes=frozenset({"1", "L", "LA", "RGB", "RGBA"}),
        deep_modes=frozenset({"L", "LA", "RGB", "RGBA"}),
        own_blocks=png.own_blocks,
        size=png.size_of,
    ),
    Format(
        "JPEG",
        (".jpg", ".jpeg"),
        (b"\xff\xd8",),
        jpeg.decode,
        jpeg.encode,
        modes=frozenset({"L", "RGB", "CMYK"}),
        longest_side=65500,
        own_blocks=jpeg.own_blocks,
        size=jpeg.size_of,
        too_long=jpeg.too_long,
        changes=jpeg.changes,
    ),
    Format(
        "TIFF",
        (".tif", ".tiff"),
        tiff.SIGNATURES,
        tiff.decode,
        tiff.encode,
        modes=frozenset({"1", "L", "LA", "RGB", "RGBA", "CMYK"}),
        deep_modes=frozenset({"L", "LA", "RGB", "RGBA", "CMYK"}),
        own_blocks=tiff.own_blocks,
        size=tiff.size_of,
        changes=tiff.changes,
        open=tiff.TiffDocument,
    ),
    Format(
        "WEBP",
        (".webp",),
        (b"RIFF",),
        webp.decode,
        webp.encode,
        modes=frozenset({"RGB", "RGBA"}),
        metadata=frozenset({"icc", "exif", "xmp"}),
        longest_side=16383,
        size=webp.size_of,
    ),
    Format(
        "BMP",
        (".bmp",),
        (b"BM",),
        bmp.decode,
        bmp.encode,
        modes=frozenset({"1", "L", "RGB", "RGBA"}),
        metadata=frozenset({"dpi", "icc"}),
        size=bmp.size_of,
    ),
    Format(
        "JPEG2000",
        (".jp2", ".j2k", ".jpf"),
        (jpeg2000.SIGNATURE, jpeg2000.CODESTREAM),
        jpeg2000.decode,
        jpeg2000.encode,
        modes=frozenset({"L", "LA", "RGB", "RGBA", "CMYK"}),
        deep_modes=frozenset({"L", "LA", "RGB", "RGBA", "CMYK"}),
        metadata=frozenset({"icc", "xmp", "dpi"}),
        own_blocks=jpeg2000.own_blocks,
        size=jpeg2000.size_of,
    ),
    Format("HEIF", (".heic", ".heif", ".hif"), (), heif.decode_heif, heif.encode, metadata=frozenset()),
    Format("AVIF", (".avif",), (), heif.decode_avif, heif.encode, metadata=frozenset()),
    Format("PDF", (".pdf",), (b"%PDF",), pdf.decode, pdf.encode, metadata=frozenset(), open=pdf.PdfDocument),
)

FORMATS = {item.name: item for item in _TABLE}
"""Name to format."""

EXTENSIONS = {extension: item.name for item in _TABLE for extension in item.extensions}
"""File name extension to format."""


def format_of_content(head: bytes) -> Format | None:
    """Return the format of a file; None if the table does not have it.

    Args:
        head: The first `HEAD_BYTES` bytes of the file.
    """
    if heif.is_avif(head):
        return FORMATS["AVIF"]
    if heif.is_heif(head):
        return FORMATS["HEIF"]
    found = next((item for item in _TABLE if head.startswith(item.signatures)), None)
    # Anything may stand before a PDF, the two letters of a BMP too, but no image: those may speak of PDF themselves.
    if _PDF_MARK in head and (found is None or found.name == "BMP"):
        return FORMATS["PDF"]
    return found
