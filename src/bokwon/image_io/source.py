"""Where an image comes from, and decoding it with every way a file can be wrong told in one sentence."""

from __future__ import annotations

import io
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from PIL import Image, PngImagePlugin, UnidentifiedImageError

from bokwon.errors import BokwonError, FileAccessError, InputFileError
from bokwon.image_io.modes import too_many_pixels
from bokwon.image_io.page import Page

__all__ = ["MAX_PIXELS", "READABLE_TEXT", "Source", "damaged", "decode_source"]

MAX_PIXELS = 400_000_000
"""Larger images are refused before they are decoded."""

READABLE_TEXT = "PNG, JPEG, TIFF, WebP, BMP, JPEG 2000 and PDF"
"""What messages say is read; every format of `bokwon.image_io.formats.table` is named in it."""

_PNG_OR_JPEG = (b"\x89PNG", b"\xff\xd8\xff")
_LARGEST_TEXT = 64 * 2**20
"""A colour profile or text of a PNG may unfold to as many bytes; Pillow takes a sixty-fourth of it for an attack."""


@dataclass(frozen=True)
class Source:
    """Where an image comes from.

    Attributes:
        name: What messages call it.
        path: The file, or
        data: its bytes, where it came through a pipe.
    """

    name: str
    path: Path | None = None
    data: bytes = b""

    @classmethod
    def of(cls, path: Path) -> Source:
        """Return the source that is a file, or a named pipe's content.

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
        try:
            return self.path.open("rb")
        except OSError as error:
            reason = error.strerror or error
            raise FileAccessError(f"{self.name} cannot be read: {reason}", "check the path and permissions") from error

    def copy_to(self, stream: BinaryIO) -> None:
        """Write the source's bytes as they are.

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
        InputFileError: Not an image, damaged, of several pages, too large, or of a kind that cannot be kept as it is.
    """
    with source.open() as stream:
        try:
            with _limits(max_pixels), warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                page = decode(source.name, stream, max_pixels)
        except BokwonError:
            raise
        except UnidentifiedImageError as error:
            raise _unreadable(source, stream) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise too_many_pixels(source.name, max_pixels) from error
        except MemoryError as error:
            raise BokwonError(f"{source.name} does not fit into memory", "split it into smaller images") from error
        # Decoders meet damage with whatever exception their parsing happens to hit.
        except Exception as error:
            raise damaged(source.name, str(error) or type(error).__name__) from error
    heard = tuple(dict.fromkeys(f"{source.name}: {warning.message}" for warning in caught))
    return replace(page, warnings=page.warnings + heard)


@contextmanager
def _limits(max_pixels: int) -> Iterator[None]:
    before = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
    # Pillow warns at its limit and refuses at twice that; the warning would come at sizes that are allowed here.
    Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = max_pixels, _LARGEST_TEXT
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = before


def damaged(name: str, reason: object) -> InputFileError:
    """Return the error for a damaged file.

    Args:
        name: What the message calls it.
        reason: What its decoder says.
    """
    fix = "get an undamaged copy, or open it in an image editor and save it anew"
    return InputFileError(f"{name} is damaged: {reason}", fix)


def _unreadable(source: Source, stream: BinaryIO) -> InputFileError:
    stream.seek(0)
    head = stream.read(16)
    if not head:
        return InputFileError(f"{source.name} is empty (0 bytes)", "get an undamaged copy")
    if head.startswith(_PNG_OR_JPEG):
        return InputFileError(f"{source.name} is damaged: its header is cut off or broken", "get an undamaged copy")
    return InputFileError(
        f"{source.name} is not an image that bokwon reads", f"it reads {READABLE_TEXT}; convert it to PNG or TIFF"
    )
