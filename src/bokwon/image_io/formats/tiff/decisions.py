"""What absent and odd tags of a TIFF page mean: decided here once, as libtiff decides it."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from bokwon.errors import InputFileError
from bokwon.image_io.formats.tiff import directories
from bokwon.image_io.formats.tiff.directories import Directory, Entry
from bokwon.image_io.source import RAW_FIX

__all__ = ["COMPRESSIONS", "Decision", "check_developed", "compression_name", "decide", "number"]

_BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _SAMPLES = 258, 259, 262, 266, 277
_PLANAR, _COLOUR_MAP, _INNER, _EXTRA, _FORMAT = 284, 320, 330, 338, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE = 0, 1, 2, 3
_CCITT = (2, 3, 4, 32771)
_VOID, _UNSPECIFIED, _UNASSOCIATED = 4, 0, 2
_OF_SENSORS = (32803, 34892)
"""Samples of a colour filter array, and linear raw ones."""
_CANON_RAW = b"CR\2\0"

COMPRESSIONS = {
    1: "none",
    2: "CCITT modified Huffman",
    3: "CCITT T.4 (Group 3)",
    4: "CCITT T.6 (Group 4)",
    5: "LZW",
    6: "JPEG of the old kind",
    7: "JPEG",
    8: "Deflate",
    9: "JBIG",
    10: "JBIG in colour",
    32766: "NeXT",
    32771: "CCITT RLE",
    32773: "PackBits",
    32809: "ThunderScan",
    32908: "Pixar film",
    32909: "Pixar log",
    32946: "Deflate",
    33003: "JPEG 2000 (Aperio)",
    33005: "JPEG 2000 (Aperio)",
    34661: "JBIG",
    34676: "SGI log",
    34677: "SGI log",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG of DNG",
    34925: "LZMA",
    34933: "PNG",
    34934: "JPEG XR",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
"""Names of compressions by their number in TIFF."""


@dataclass(frozen=True)
class Decision:
    """What a page's tags mean.

    Attributes:
        tags: The tags as they are to be understood.
        notices: What was decided, in words.
        changed: Whether decoders are to be given these tags.
        extra: Whether the fourth channel beside RGB is none that is known; it counts as alpha in `tags`.
        colours: The colour map of a palette with 16-bit indices, which decoders do not know; they count as gray.
    """

    tags: Directory
    notices: tuple[str, ...] = ()
    changed: bool = False
    extra: bool = False
    colours: tuple[int, ...] = ()


def number(tags: Directory, tag: int, default: int) -> int:
    """Return the first value of a tag of whole numbers, or the default where it has none."""
    try:
        return int(next(iter(directories.numbers(tags[tag])), default)) if tag in tags else default
    except KeyError:
        # Of a type that holds no whole numbers.
        return default


def decide(tags: Directory) -> Decision:
    """Decide what absent and odd tags of a page mean.

    Args:
        tags: Its directory.
    """
    decided, notices = dict(tags), []
    for tag, known in ((_FILL_ORDER, (1, 2)), (_PLANAR, (1, 2))):
        if tag in decided and number(decided, tag, 0) not in known:
            del decided[tag]
    if number(decided, _FORMAT, 1) == _VOID:
        del decided[_FORMAT]
    channels = number(decided, _SAMPLES, 1)
    if _PHOTOMETRIC not in decided:
        kind = _RGB if channels >= 3 else _BLACK_IS_ZERO
        if channels < 3 and number(decided, _COMPRESSION, 1) in _CCITT:
            kind = _WHITE_IS_ZERO
        decided[_PHOTOMETRIC] = Entry.shorts(kind)
        words = {_RGB: "red, green and blue", _BLACK_IS_ZERO: "gray with black as zero"}.get(kind, "white as zero")
        notices.append(f"it does not say what its samples mean (PhotometricInterpretation): read as {words}")
    photometric = number(decided, _PHOTOMETRIC, _BLACK_IS_ZERO)
    extra = False
    colours: tuple[int, ...] = ()
    if photometric == _PALETTE and _COLOUR_MAP in decided and decided[_COLOUR_MAP].type == 3:
        values = directories.numbers(decided[_COLOUR_MAP])
        if max(values, default=0) < 256:
            notices.append("its colour map holds values of 8 bits in the place of 16: read as 8 bits")
            values = tuple(value * 257 for value in values)
            decided[_COLOUR_MAP] = Entry.shorts(*values)
        if number(decided, _BITS, 1) == 16 and len(values) == 3 << 16:
            colours = values
            decided[_PHOTOMETRIC] = Entry.shorts(_BLACK_IS_ZERO)
            del decided[_COLOUR_MAP]
    if photometric == _RGB and channels == 4:
        if _EXTRA not in decided:
            notices.append("it does not say what its fourth channel is: read as opacity")
        elif number(decided, _EXTRA, _UNASSOCIATED) == _UNSPECIFIED:
            extra = True
            decided[_EXTRA] = Entry.shorts(_UNASSOCIATED)
    return Decision(decided, tuple(notices), decided != tags, extra, colours)


def compression_name(tags: Directory) -> str:
    """Return what a page is compressed with, in words."""
    value = number(tags, _COMPRESSION, 1)
    return COMPRESSIONS.get(value, f"method {value}")


def check_developed(name: str, stream: BinaryIO, positions: list[int]) -> None:
    """Refuse a camera's raw file (DNG, NEF, CR2, ARW and others), whose samples are those of the sensor.

    Args:
        name: Name in messages.
        stream: The file, seekable.
        positions: Where its directories lie.

    Raises:
        InputFileError: It is one.
    """
    stream.seek(8)
    raw = stream.read(4) == _CANON_RAW
    for position in positions:
        tags = directories.parse(stream, position)
        raw |= number(tags, _PHOTOMETRIC, 0) in _OF_SENSORS
        inner = tags.get(_INNER)
        try:
            places = directories.numbers(inner) if inner else ()
        except KeyError:
            places = ()
        for place in places[:16]:
            with suppress(ValueError, struct.error):
                raw |= number(directories.parse(stream, place), _PHOTOMETRIC, 0) in _OF_SENSORS
    if raw:
        raise InputFileError(f"{name} is a camera's raw file (such as DNG), which bokwon does not read", RAW_FIX)
