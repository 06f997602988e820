"""TIFF files on their way out: samples by Pillow or OpenCV, every descriptive tag byte for byte."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import BinaryIO

import numpy as np
from PIL import TiffTags

from bokwon.image_io.formats import opencv
from bokwon.image_io.formats.tiff import directories, multipage, uncommon
from bokwon.image_io.formats.tiff.directories import Directory, Entry
from bokwon.image_io.metadata import Metadata, plausible_dpi
from bokwon.image_io.modes import is_deep, to_pillow
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = [
    "changes",
    "changes_of",
    "descriptive",
    "encode",
    "encoding_for",
    "exif_block",
    "has_signed",
    "own_blocks",
    "resolution",
    "tag_names",
    "tags_with_xmp",
]

_DEFLATE = "tiff_adobe_deflate"
_BILEVEL = ("group3", "group4", "tiff_ccitt")
_LOSSLESS = ("raw", "tiff_lzw", _DEFLATE, "packbits", *_BILEVEL)
_OPENCV_COMPRESSION_TAG, _OPENCV_PREDICTOR_TAG = 259, 317
"""IMWRITE_TIFF_COMPRESSION and IMWRITE_TIFF_PREDICTOR, without loading OpenCV."""
_OPENCV_COMPRESSION = {"raw": 1, "tiff_lzw": 5, _DEFLATE: 8, "packbits": 32773}

_PHOTOMETRIC = 262
WHITE_IS_ZERO = 0
"""What the tag of photometric interpretation says of a negative."""
WITH_NEGATIVES = ("1", "L")
"""Modes whose pages are written as negatives where they were read from one."""
_EXTRA_SAMPLES = 338
_DESCRIPTION_DPI = (282, 283, 296)
_ICC, _XMP = 34675, 700
_BYTE, _UNDEFINED = 1, 7
# How samples are stored: size, depth, compression, strips, tiles, palettes, JPEG tables, sub-images.
_STRUCTURAL = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 288, 289}
    | {292, 293, 317, 320, 322, 323, 324, 325, 330, 338, 339, 347}
    | {512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531}
)
# What place the page has in its file, which only another TIFF file can say.
_PLACE = frozenset({254, 255})
_BLACK_AND_WHITE = 532
# These speak in sample values (least, greatest, response of gray, halftones, black and white): wrong once those are
# counted otherwise.
_IN_SAMPLES = frozenset({280, 281, 290, 291, 321, 340, 341, _BLACK_AND_WHITE})
_PLANAR, _SAMPLE_FORMAT = 284, 339
_SEPARATE, _SIGNED = 2, 2
_PREDICTOR = 317
_NO_PREDICTOR, _HORIZONTAL = 1, 2
_WITH_DIFFERENCES = ("tiff_lzw", _DEFLATE, *uncommon.NEWER)


def descriptive(directory: Directory, *, samples_changed: bool = False) -> Directory:
    """Return the tags of a page that do not speak of how its samples are stored.

    Args:
        directory: All of its tags.
        samples_changed: The samples no longer have the values that they have in the file.
    """
    unwanted = _STRUCTURAL | _IN_SAMPLES if samples_changed else _STRUCTURAL
    return {tag: entry for tag, entry in directory.items() if tag not in unwanted}


def has_differences(tags: Directory) -> bool:
    """Return whether a page stores differences of neighbouring samples."""
    return _PREDICTOR in tags and directories.numbers(tags[_PREDICTOR])[:1] == (_HORIZONTAL,)


def changes_of(tags: Directory, *, samples_changed: bool) -> list[str]:
    """Return what about a page does not come back as it was stored, in words.

    Args:
        tags: The page's directory.
        samples_changed: As for `descriptive`.
    """
    found = []
    if _PLANAR in tags and directories.numbers(tags[_PLANAR])[0] == _SEPARATE:
        found.append("its channels, stored one after the other, come back pixel by pixel")
    if has_signed(tags):
        found.append("its samples, stored as signed numbers, come back as unsigned ones of the same values")
    if samples_changed and (lost := _IN_SAMPLES & tags.keys()):
        found.append(f"tags that speak of its sample values are not kept: {tag_names(lost)}")
    return found


def has_signed(tags: Directory) -> bool:
    """Return whether a page's samples are stored as signed numbers.

    Args:
        tags: The page's directory.
    """
    return _SAMPLE_FORMAT in tags and _SIGNED in directories.numbers(tags[_SAMPLE_FORMAT])


def tag_names(tags: Iterable[int]) -> str:
    """Return tags for a message, by number and by name."""
    found = {tag: TiffTags.lookup(tag).name for tag in sorted(tags)}
    return ", ".join(str(tag) if name == "unknown" else f"{tag} ({name})" for tag, name in found.items())


def own_blocks(metadata: Metadata) -> list[str]:
    """Return the names of the TIFF tags that no other format can hold."""
    tags = metadata.tiff.tags if metadata.tiff else {}
    own = [tag for tag, entry in tags.items() if tag in _IN_SAMPLES or entry.type in directories.BIG_ONLY]
    extra = ["fourth channel"] if metadata.tiff and metadata.tiff.extra is not None else []
    extra += ["images within the page (SubIFDs)"] if metadata.tiff and metadata.tiff.inner else []
    return [*extra, *(f"TIFF tag {tag_names([tag])}" for tag in sorted(own))]


def exif_block(tags: Directory) -> bytes:
    """Return descriptive tags as an EXIF block for another format, profile and XMP left to their own places."""
    elsewhere = _PLACE | {_ICC, _XMP}
    kept = {
        tag: entry
        for tag, entry in descriptive(tags, samples_changed=True).items()
        if tag not in elsewhere and entry.type not in directories.BIG_ONLY
    }
    return directories.file_header(8) + directories.serialise(kept, 8) if kept else b""


def tags_with_xmp(tags: Directory, packet: bytes | None) -> Directory:
    """Return a page's tags with another XMP packet in the place of the one that was there; None for none."""
    others = {tag: entry for tag, entry in tags.items() if tag != _XMP}
    if packet is None:
        return others
    # Bytes, as the specification says, or bytes without a meaning, as many programs say.
    kind = tags[_XMP].type if _XMP in tags and tags[_XMP].type in (_BYTE, _UNDEFINED) else _BYTE
    return {**others, _XMP: Entry(kind, len(packet), packet)}


def resolution(tags: Directory) -> tuple[float, float] | None:
    """Return a page's resolution in pixels per inch, or None where it has none that means something."""
    across, down, unit = _DESCRIPTION_DPI
    if across not in tags or down not in tags or any(len(tags[tag].data) != 8 for tag in (across, down)):
        return None
    factor = {2: 1.0, 3: 2.54}.get(directories.numbers(tags[unit])[0] if unit in tags else 2)
    pairs = [struct.unpack("<II", tags[tag].data) for tag in (across, down)]
    if factor is None or any(above == 0 or below == 0 for above, below in pairs):
        return None
    return plausible_dpi(pairs[0][0] / pairs[0][1] * factor, pairs[1][0] / pairs[1][1] * factor)


def encoding_for(compression: str, mode: str) -> str:
    """Return the lossless compression to write for a page that was stored with `compression`."""
    if compression in uncommon.NEWER:
        return compression if uncommon.can_encode(mode) else _DEFLATE
    return compression if compression in _LOSSLESS and (mode == "1" or compression not in _BILEVEL) else _DEFLATE


def changes(page: Page) -> list[str]:
    """Return what changes when a page is written as TIFF, one sentence each."""
    stored = page.metadata.tiff
    notices: list[str] = []
    if stored and encoding_for(stored.compression, page.mode) != stored.compression:
        how = (
            " (pip install 'bokwon[archive]' keeps it)"
            if page.mode != "1" and stored.compression in uncommon.NEWER
            else ""
        )
        notices.append(f"TIFF compression {stored.compression} is not kept: the output is Deflate, without loss{how}")
    if stored and stored.inner:
        notices.append("the images within this page (SubIFDs) stay as they are and may show the damage")
    if stored and stored.tile and not uncommon.can_encode(page.mode):
        how = "" if page.mode == "1" else " (pip install 'bokwon[archive]' keeps them)"
        notices.append(f"the tiles of this TIFF become strips{how}")
    return notices


def _tags_of(metadata: Metadata) -> Directory:
    if metadata.tiff is not None:
        return dict(metadata.tiff.tags)
    tags: Directory = {}
    if metadata.exif:
        with suppress(ValueError, struct.error):
            tags = descriptive(directories.parse(io.BytesIO(metadata.exif)))
        # In a JPEG it speaks of luma and chroma.
        tags.pop(_BLACK_AND_WHITE, None)
    if metadata.icc:
        tags[_ICC] = Entry(_UNDEFINED, len(metadata.icc), metadata.icc)
    if metadata.xmp:
        tags = tags_with_xmp(tags, metadata.xmp)
    if metadata.dpi:
        for tag, value in zip(_DESCRIPTION_DPI, metadata.dpi, strict=False):
            tags[tag] = Entry(5, 1, struct.pack("<II", round(value * 10000), 10000))
        tags[_DESCRIPTION_DPI[2]] = Entry.shorts(2)
    return tags


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata, order: str | None = None) -> None:
    """Write a one-page TIFF file.

    Args:
        stream: Where to; seekable, and empty.
        pixels: Samples of 1, 8 or 16 bits.
        mode: Their mode.
        metadata: Metadata of the page. A page that was a TIFF keeps its compression if that is lossless, and stays a
            BigTIFF if it was one.
        order: Byte order, `<` or `>`; by default that of the TIFF that the page was read from.
    """
    stored = metadata.tiff
    order = order or (stored.order if stored else "<")
    unknown = stored is not None and stored.extra is not None and mode == "RGB" and stored.extra.dtype == pixels.dtype
    if stored is not None and stored.extra is not None and unknown:
        pixels, mode = np.concatenate([pixels, stored.extra[..., None]], axis=-1), "RGBA"
    compression = encoding_for(metadata.tiff.compression, mode) if metadata.tiff else _DEFLATE
    tile = metadata.tiff.tile if metadata.tiff and uncommon.can_encode(mode) else None
    negative = metadata.tiff is not None and metadata.tiff.white_is_zero and mode in WITH_NEGATIVES
    if negative:
        pixels = ~pixels
    if order == ">" and pixels.dtype == np.uint16:
        # Encoders write the low byte first; in blocks without differences, samples may be of either order.
        pixels = pixels.byteswap()
    # What was no TIFF page is written as OpenCV and Pillow do by themselves: only colour of 16 bits as differences.
    differences = metadata.tiff.differences if metadata.tiff else is_deep(pixels) and mode in ("RGB", "RGBA")
    # With the high byte first, encoders know no differences of 16 bits.
    if compression not in _WITH_DIFFERENCES or mode == "1" or (order == ">" and pixels.dtype == np.uint16):
        differences = False
    bare = _encode_bare(pixels, mode, compression, tile, differences=differences)
    structure = directories.parse(bare)
    directory = {tag: entry for tag, entry in structure.items() if tag in _STRUCTURAL}
    if negative:
        directory[_PHOTOMETRIC] = Entry.shorts(WHITE_IS_ZERO)
    if mode == "RGBA":
        # Unassociated alpha, or nothing that is known; OpenCV leaves the tag out.
        directory[_EXTRA_SAMPLES] = Entry.shorts(0 if unknown else 2)
    lengths = directories.blocks_of(structure)[1]
    directory[lengths] = Entry.longs(*directories.numbers(structure[lengths]))
    output = multipage.TiffWriter(stream, order, big=metadata.tiff is not None and metadata.tiff.big)
    output.add(directory | _tags_of(metadata), bare, metadata.tiff.inner if metadata.tiff else b"")


def _encode_bare(
    pixels: Pixels, mode: str, compression: str, tile: tuple[int, int] | None, *, differences: bool
) -> io.BytesIO:
    if tile is not None or compression in uncommon.NEWER or (is_deep(pixels) and mode in ("LA", "CMYK")):
        return uncommon.encode_samples(pixels, mode, compression, tile, differences=differences)
    if is_deep(pixels):
        settings = [_OPENCV_COMPRESSION_TAG, _OPENCV_COMPRESSION[compression]]
        settings += [_OPENCV_PREDICTOR_TAG, _HORIZONTAL if differences else _NO_PREDICTOR]
        return io.BytesIO(opencv.encode(".tiff", pixels, settings))
    image = to_pillow(pixels, mode)
    image.info.clear()
    encoded = io.BytesIO()
    told = {_PREDICTOR: _HORIZONTAL} if differences else {}
    image.save(encoded, "TIFF", compression=compression, tiffinfo=told)
    return encoded
