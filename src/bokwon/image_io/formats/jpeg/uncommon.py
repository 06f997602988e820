"""JPEG codings that Pillow does not know: JPEG-LS, coding without loss, more than 8 bits a sample. By imagecodecs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bokwon.errors import InputFileError, importing
from bokwon.image_io.formats.jpeg.segments import APP0
from bokwon.image_io.formats.jpeg.structure import Structure
from bokwon.types import Pixels
from bokwon.utilities.memory import is_out_of_memory

__all__ = ["decode_uncommon"]

_FIX = "convert it to PNG or TIFF with a program that reads it"
_END = b"\xff\xd9"
_ADOBE_RGB = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"
_MODES = {1: "L", 3: "RGB"}


def decode_uncommon(name: str, data: bytes, found: Structure) -> tuple[Pixels, str, tuple[str, ...]]:
    """Decode a JPEG file of an uncommon coding.

    Args:
        name: What messages call it.
        data: The file, whole: JPEG-LS says in segments of programs how its colours are transformed.
        found: What it is made of; its `coding` is not empty.

    Returns:
        Samples of 8 or 16 bits, their mode, and notices on what changed. Samples of another depth are scaled, so that
        black stays black and white stays white.

    Raises:
        InputFileError: No decoder reads it. It may be sound.
        MissingDependencyError: imagecodecs is not installed.
    """
    with importing(f"{name} is a {found.coding}, which takes imagecodecs: {{error}}", "pip install 'bokwon[archive]'"):
        import imagecodecs
    samples = _first(_decoders(imagecodecs, found), data)
    if samples is None or samples.dtype not in (np.uint8, np.uint16) or samples.shape[:2] != found.size[::-1]:
        raise InputFileError(f"{name} is a {found.coding}, which bokwon does not read", _FIX)
    channels = samples.shape[2] if samples.ndim == 3 else 1
    if channels not in _MODES:
        raise InputFileError(f"{name} is a {found.coding} of {channels} channels, which bokwon does not read", _FIX)
    if found.bits in (8, 16):
        return samples, _MODES[channels], ()
    depth = 8 if found.bits < 8 else 16
    most, full = (1 << found.bits) - 1, (1 << depth) - 1
    # Adding half of the divisor rounds to the nearest.
    scaled = (np.minimum(samples, most).astype(np.uint32) * full + most // 2) // most
    notice = f"{name}: its samples of {found.bits} bits become {depth} bits, as bright as they were"
    return scaled.astype(np.uint8 if depth == 8 else np.uint16), _MODES[channels], (notice,)


def _decoders(imagecodecs: Any, found: Structure) -> Iterator[Callable[[bytes], Any]]:
    if found.is_jpeg_ls:
        # Without the mark of the end its decoder may search for it for a minute.
        yield lambda data: imagecodecs.jpegls_decode(data + _END)
        return
    yield imagecodecs.jpeg8_decode
    if found.lossless:
        # A JFIF segment says luma and chroma, which libjpeg does not turn to RGB in this coding; nobody stores them so.
        yield lambda _: imagecodecs.jpeg8_decode(_marked_rgb(found.clean))


def _marked_rgb(data: bytes) -> bytes:
    """Return a file without its JFIF segment, and with Adobe's, which says that its colours are stored as they are."""
    start = 4 + int.from_bytes(data[4:6], "big") if data[2:4] == bytes((0xFF, APP0)) else 2
    return data[:2] + _ADOBE_RGB + data[start:]


def _first(decoders: Iterator[Callable[[bytes], Any]], data: bytes) -> Any:
    for decode in decoders:
        try:
            return np.asarray(decode(data))
        # Each decoder has exceptions of its own; the next one may know more.
        except Exception as error:
            if is_out_of_memory(error):
                raise
    return None
