"""The source of an image, and its decoding. Every fault of a file is reported in one sentence."""

from __future__ import annotations

import io
import re
import shutil
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from PIL import UnidentifiedImageError

from bokwon.errors import BokwonError, FileAccessError, InputFileError, accessing
from bokwon.image_io.page import Page
from bokwon.utilities.memory import is_out_of_memory, out_of_memory

__all__ = ["MAX_PIXELS", "RAW_FIX", "READABLE_TEXT", "Source", "damaged", "decode_source", "foreign_kind", "in_words"]

MAX_PIXELS = 400_000_000
"""Larger images are refused before they are decoded."""

RAW_FIX = (
    "develop it first, and save it as a 16-bit TIFF (for example with darktable, RawTherapee or the maker's program)"
)
"""What to do with a camera's raw file."""

READABLE_TEXT = "PNG, JPEG, TIFF, WebP, BMP, JPEG 2000, HEIF, AVIF and PDF"
"""What messages say is read; every format of `bokwon.image_io.formats.table` is named in it."""

_OWN_SIGNATURES = (b"\x89PNG", b"\xff\xd8")
_FOREIGN = {
    b"GIF8": ("a GIF", "save each of its pictures as a PNG (ImageMagick: magick NAME.gif NAME-%03d.png)"),
    b"8BPS": ("a Photoshop document", "flatten it and save it as TIFF or PNG"),
    b"<svg": ("a vector graphic (SVG)", "export it as PNG"),
    b"%!PS": ("a PostScript file", "convert it to PDF"),
    b"AT&TFORM": ("a DjVu file", "convert it to PDF or TIFF (ddjvu -format=tiff)"),
    b"\0\0\0\x0cJXL ": ("a JPEG XL file", "convert it to PNG (djxl)"),
    b"\xff\x0a": ("a JPEG XL file", "convert it to PNG (djxl)"),
    b"\x76\x2f\x31\x01": ("an OpenEXR file", "convert it to 16-bit TIFF"),
    b"FUJIFILMCCD-RAW": ("a camera's raw file", RAW_FIX),
    b"IIU\0": ("a camera's raw file", RAW_FIX),
    b"IIRO": ("a camera's raw file", RAW_FIX),
    b"IIRS": ("a camera's raw file", RAW_FIX),
    b"MMOR": ("a camera's raw file", RAW_FIX),
    b"FOVb": ("a camera's raw file", RAW_FIX),
}
"""Kinds of files that are often tried: what they begin with, what they are, and what to do."""
_REPR = re.compile(r"\b[bu]?(\'[^\']*\'|\"[^\"]*\")|<[\w. ]+ at 0x[0-9a-f]+>")
_OF_PARSING = (TypeError, LookupError, AttributeError, ArithmeticError, UnicodeError, struct.error, AssertionError)


@dataclass(frozen=True)
class Source:
    """The source of an image.

    Attributes:
        name: Name in messages.
        path: The file; None if it came through a pipe.
        data: Its bytes, if it came through a pipe.
    """

    name: str
    path: Path | None = None
    data: bytes = b""

    @classmethod
    def of(cls, path: Path) -> Source:
        """Return the source for a file, or for the content of a named pipe.

        Raises:
            FileAccessError: No such file, or not a file.
        """
        try:
            if path.is_dir():
                raise FileAccessError(f"{path} is a folder", "name an image file in it")
            if not path.exists():
                raise FileAccessError(f"{path} does not exist", "check the path")
            if path.is_fifo():
                # A shell's <(command): it can be read once, and not at any place.
                return cls(str(path), data=path.read_bytes())
            if not path.is_file():
                raise FileAccessError(f"{path} is a device, not a file", "name an image file")
        except (OSError, ValueError) as error:
            raise FileAccessError(f"{path} cannot be read: {error}", "check the path and its permissions") from error
        return cls(str(path), path)

    def open(self) -> BinaryIO:
        """Open the source for reading.

        Raises:
            FileAccessError: It may not be read.
        """
        if self.path is None:
            return io.BytesIO(self.data)
        with accessing(f"{self.name} cannot be read: {{error}}", "check the path and permissions"):
            return self.path.open("rb")

    def copy_to(self, stream: BinaryIO) -> None:
        """Copy the bytes of the source.

        Raises:
            FileAccessError: It may not be read.
        """
        with self.open() as original:
            shutil.copyfileobj(original, stream)


def decode_source(source: Source, decode: Callable[[str, BinaryIO, int], Page], *, max_pixels: int) -> Page:
    """Decode an image file that holds one page.

    Args:
        source: Where from.
        decode: Decodes it: takes the name for messages, the seekable file and the limit of pixels.
        max_pixels: Refuse larger images, before decoding them.

    Raises:
        FileAccessError: The file cannot be opened.
        InputFileError: The file is not an image, is damaged or too large, has several pages, or is of a kind that
            cannot be written back.
    """
    with source.open() as stream:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                page = decode(source.name, stream, max_pixels)
        except BokwonError:
            raise
        except UnidentifiedImageError as error:
            raise _unreadable(source, stream, str(error)) from error
        # Decoders meet damage with whatever exception their parsing happens to hit.
        except Exception as error:
            if is_out_of_memory(error):
                raise out_of_memory(source.name) from error
            raise damaged(source.name, error) from error
    heard = tuple(dict.fromkeys(f"{source.name}: {warning.message}" for warning in caught))
    return replace(page, warnings=page.warnings + heard)


def damaged(name: str, reason: object) -> InputFileError:
    """Return the error for a damaged file.

    Args:
        name: What the message calls it.
        reason: What its decoder says: words, or the exception.
    """
    fix = "get an undamaged copy, or open it in an image editor and save it anew"
    return InputFileError(f"{name} is damaged: {in_words(reason)}", fix)


def in_words(reason: object) -> str:
    """Return what a decoder says, without the names of types and values of its programming language."""
    words = str(reason).strip()
    if isinstance(reason, _OF_PARSING) or not words or words.startswith("invalid literal"):
        return "its parts do not fit together"
    return " ".join(_REPR.sub("", words).replace("()", "").split())


def foreign_kind(head: bytes) -> tuple[str, str] | None:
    """Return what a file of a kind that is not read is called, and what to do with it; None for an unknown kind.

    Args:
        head: What the file begins with.
    """
    if head[4:8] == b"ftyp" and head[8:11] == b"crx":
        return "a camera's raw file", RAW_FIX
    found = (named for signature, named in _FOREIGN.items() if head.lstrip().startswith(signature))
    return next(found, None)


def _unreadable(source: Source, stream: BinaryIO, reason: str) -> InputFileError:
    stream.seek(0)
    head = stream.read(64)
    if not head:
        return InputFileError(f"{source.name} is empty (0 bytes)", "get an undamaged copy")
    if reason or head.startswith(_OWN_SIGNATURES):
        why = f" ({in_words(reason)})" if reason else ""
        message = f"{source.name} is damaged: its header is cut off or broken{why}"
        return InputFileError(message, "get an undamaged copy")
    if foreign := foreign_kind(head):
        kind, fix = foreign
        return InputFileError(f"{source.name} is {kind}, which bokwon does not read", fix)
    return InputFileError(
        f"{source.name} is not an image that bokwon reads", f"it reads {READABLE_TEXT}; convert it to PNG or TIFF"
    )
