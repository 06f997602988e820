"""PNG: ancillary chunks are copied from page to page byte for byte; 16-bit colour goes through OpenCV."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import UnidentifiedImageError

from bokwon.errors import InputFileError
from bokwon.image_io.exif import orientation_of, tiff_part
from bokwon.image_io.formats import opencv, pillow, png_chunks, png_samples
from bokwon.image_io.formats.png_chunks import SIGNATURE
from bokwon.image_io.metadata import Metadata, plausible_dpi
from bokwon.image_io.modes import check_pixels, from_pillow, is_deep, to_pillow
from bokwon.image_io.page import Page
from bokwon.image_io.transparency import key_of_alpha, with_key
from bokwon.types import Pixels

__all__ = ["SIGNATURE", "chunks_of", "chunks_with_xmp", "decode", "encode", "kept_chunks", "own_blocks", "size_of"]

# Signature, then IHDR: length, name, 13 bytes of data, checksum.
_HEADER_BYTES = len(SIGNATURE) + 12 + 13
# About the samples' storage or about animation: the encoder writes its own, or they no longer hold.
_NOT_COPIED = frozenset({b"acTL", b"fcTL", b"fdAT", b"hIST", b"sPLT", b"dSIG"})
# Unsafe to copy by their name, but still true of an image with the same channels and depth.
_STILL_TRUE = frozenset(
    {b"bKGD", b"cHRM", b"cICP", b"cLLI", b"gAMA", b"iCCP", b"mDCV", b"pCAL", b"sBIT", b"sCAL", b"sRGB", b"sTER"}
    | {b"tIME", b"tRNS"}
)
# These speak in sample values: wrong once palette or small samples have become full ones.
_IN_SAMPLES = frozenset({b"bKGD", b"pCAL", b"sBIT", b"tRNS"})
# Of those, what is one gray value, and means the same once it is brought to 8 bits like the samples.
_GRAY_VALUES = frozenset({b"bKGD", b"tRNS"})
# About storage or animation, or said by the new samples themselves: nobody misses them.
_NOT_MISSED = frozenset({b"acTL", b"fcTL", b"fdAT", b"iDOT", b"sBIT", b"tRNS"})


_TRANSLATED = frozenset({b"iCCP", b"eXIf"})
_XMP = b"XML:com.adobe.xmp\0"

_AT_ONCE = 1 << 27
"""Bytes of samples. Larger pictures are read by Pillow, which, unlike OpenCV, never holds the whole file in memory."""
_GRAY, _RGB, _PALETTE, _GRAY_WITH_ALPHA = 0, 2, 3, 4
_COLOUR_TYPES = {"L": _GRAY, "LA": _GRAY_WITH_ALPHA, "RGB": _RGB, "RGBA": 6}
"""PNG's numbers for modes of 8 or 16 bits."""


def decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read a PNG file of one picture; see `bokwon.image_io.formats.table.Format`."""
    file = png_chunks.read_chunks(stream)
    if file is None:
        raise UnidentifiedImageError
    _check(name, file, max_pixels)
    source = cast(BinaryIO, png_chunks.Spans(stream, file.spans, file.missing))
    depth, colour_type = file.depth, file.colour_type
    with pillow.opened(name, source, "PNG", max_pixels) as image:
        small_gray = depth in (2, 4) and colour_type == _GRAY
        chunks, lost = kept_chunks(file, samples_changed=small_gray or image.mode == "P")
        quick = _decode_colour(source, image.size) if depth == 8 and colour_type == _RGB and file.sound else None
        changes: tuple[str, ...] = ()
        if quick is not None:
            pixels, mode = quick, "RGB"
        else:
            pixels, mode, changes = from_pillow(image)
    if depth == 16 and colour_type not in (_GRAY, _PALETTE):
        source.seek(0)
        pixels = opencv.decode_sixteen_bits(name, source.read(), pixels)
        if colour_type == _GRAY_WITH_ALPHA:
            # Both decoders make colour of it.
            pixels, mode = np.ascontiguousarray(pixels[..., [0, 3]]), "LA"
    metadata, spoilt = _metadata(chunks)
    key = dict(file.ancillary).get(b"tRNS", b"")
    if mode in ("1", "L", "RGB") and len(key) >= (2 if colour_type == _GRAY else 6) and colour_type in (_GRAY, _RGB):
        pixels, mode, metadata = _with_alpha(pixels, mode, metadata, key, depth)
    elif colour_type == _PALETTE and mode == "RGBA":
        metadata = replace(metadata, alpha_of_values=True)
    notices = [f"{name}: chunks that do not hold any more are not kept: {', '.join(lost)}"] if lost else []
    notices += [f"{name}: {change}" for change in changes]
    if small_gray:
        notices.append(f"{name} has less than 8 bits of gray; it comes back with 8")
    if file.behind:
        notices.append(f"{name}: {file.behind} bytes behind its picture are not kept")
    return Page(pixels, mode, "PNG", metadata, tuple(notices), _warnings(name, file, spoilt))


def _decode_colour(source: BinaryIO, size: tuple[int, int]) -> Pixels | None:
    """Decode RGB of 8 bits with OpenCV, in two thirds of the time; None if it must be left to Pillow."""
    if 3 * size[0] * size[1] > _AT_ONCE:
        return None
    source.seek(0)
    pixels = opencv.decode_eight_bits(source.read())
    return pixels if pixels is not None and pixels.shape == (size[1], size[0], 3) else None


def _check(name: str, file: png_chunks.PngFile, max_pixels: int) -> None:
    check_pixels(name, file.size, max_pixels)
    if file.strange:
        raise InputFileError(
            f"{name} has samples of a kind that its chunk {file.strange} tells, and bokwon does not know it",
            "save it anew as a PNG with another program",
        )
    pillow.check_single(name, file.frames, "PNG")


def _warnings(name: str, file: png_chunks.PngFile, spoilt: list[str]) -> tuple[str, ...]:
    found = []
    if broken := sorted({*file.spoilt, *spoilt}):
        found.append(f"{name}: chunks that are damaged are not kept: {', '.join(broken)}")
    if not file.sound:
        found.append(f"{name} is damaged, though it can be read: a checksum of its samples is wrong; compare it")
    elif not file.ended:
        found.append(f"{name} is damaged, though it can be read: its last chunk is missing")
    return tuple(found)


def _metadata(chunks: tuple[tuple[bytes, bytes], ...]) -> tuple[Metadata, list[str]]:
    """Return what chunks tell, and the names of those that cannot be read; these are left out."""
    found: dict[str, Any] = {}
    spoilt: list[str] = []
    kept = []
    for name, data in chunks:
        try:
            if name == b"iCCP":
                found.setdefault("icc", png_chunks.inflate(data.split(b"\0", 1)[1][1:]))
            elif name == b"eXIf":
                found.setdefault("exif", tiff_part(data) or None)
            elif name == b"iTXt" and data.startswith(_XMP):
                found.setdefault("xmp", png_chunks.text_of(data) or None)
            elif name == b"pHYs" and data[8:9] == b"\1":
                found.setdefault("dpi", plausible_dpi(*(value * 0.0254 for value in struct.unpack(">II", data[:8]))))
        except (ValueError, IndexError, struct.error):
            spoilt.append(name.decode())
            continue
        kept.append((name, data))
    return Metadata(png=tuple(kept), orientation=orientation_of(found.get("exif")), **found), spoilt


def _with_alpha(pixels: Pixels, mode: str, metadata: Metadata, key: bytes, depth: int) -> tuple[Pixels, str, Metadata]:
    """Turn the value that is transparent (tRNS) into an alpha channel, for as long as the page is worked on."""
    if mode == "1":
        pixels = np.multiply(pixels, 255, dtype=np.uint8)
    most = 2**depth - 1
    values = np.frombuffer(key[: 2 if mode in ("1", "L") else 6], ">u2") & most
    if depth < 8:
        values = values.astype(np.uint32) * 255 // most
    values = values.astype(pixels.dtype)
    stored = tuple(int(value) for value in values)
    pngs = tuple(item for item in metadata.png or () if item[0] != b"tRNS")
    metadata = replace(metadata, png=pngs, png_key=stored, png_bilevel=mode == "1", alpha_of_values=True)
    return with_key(pixels, values), "RGBA" if mode == "RGB" else "LA", metadata


def size_of(stream: BinaryIO) -> tuple[int, int] | None:
    """Return width and height, as the header says."""
    stream.seek(0)
    head = stream.read(24)
    return struct.unpack(">II", head[16:24]) if head.startswith(SIGNATURE) and len(head) == 24 else None


def kept_chunks(
    file: png_chunks.PngFile, *, samples_changed: bool
) -> tuple[tuple[tuple[bytes, bytes], ...], tuple[str, ...]]:
    """Return the ancillary chunks that still hold after a restoration.

    Args:
        file: What the file says.
        samples_changed: The samples no longer have the file's own form (palette, or less than 8 bits of gray).

    Returns:
        Name and data of each, in file order; and the names of those that say something and do not hold any more.
    """
    small_gray = samples_changed and file.colour_type == _GRAY
    kept: list[tuple[bytes, bytes]] = []
    lost: list[bytes] = []
    for name, data in file.ancillary:
        safe_to_copy = bool(name[3] & 0x20)
        wanted = name not in _NOT_COPIED and (safe_to_copy or name in _STILL_TRUE)
        if wanted and (not samples_changed or name not in _IN_SAMPLES or (small_gray and name in _GRAY_VALUES)):
            kept.append((name, _as_eight_bits(data, file.depth) if small_gray and name in _GRAY_VALUES else data))
        elif name not in _NOT_MISSED:
            lost.append(name)
    return tuple(kept), tuple(sorted({name.decode("latin-1") for name in lost}))


def _as_eight_bits(data: bytes, depth: int) -> bytes:
    """Return a gray value of 2 bytes as it is among samples that were brought from fewer bits to 8."""
    most = 2**depth - 1
    return struct.pack(">H", (int.from_bytes(data[:2], "big") & most) * 255 // most)


def chunks_of(metadata: Metadata) -> tuple[tuple[bytes, bytes], ...]:
    """Return the chunks that say in PNG what a page of any format carries."""
    if metadata.png is not None:
        return metadata.png
    chunks: list[tuple[bytes, bytes]] = []
    if metadata.icc:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.dpi:
        per_metre = [round(value / 0.0254) for value in metadata.dpi]
        chunks.append((b"pHYs", struct.pack(">IIB", *per_metre, 1)))
    if metadata.exif:
        chunks.append((b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append(_xmp_chunk(metadata.xmp))
    return tuple(chunks)


def _xmp_chunk(packet: bytes) -> tuple[bytes, bytes]:
    return b"iTXt", _XMP + b"\0\0\0\0" + packet


def chunks_with_xmp(chunks: tuple[tuple[bytes, bytes], ...], packet: bytes | None) -> tuple[tuple[bytes, bytes], ...]:
    """Return a PNG's chunks with another XMP packet in the place of the one that was there; None for none."""
    places = [place for place, (name, data) in enumerate(chunks) if name == b"iTXt" and data.startswith(_XMP)]
    place = places[0] if places else len(chunks)
    new = (_xmp_chunk(packet),) if packet is not None else ()
    return (*chunks[:place], *new, *chunks[place + bool(places) :])


def own_blocks(metadata: Metadata) -> list[str]:
    """Return the names of a PNG's chunks that no other format takes over."""
    chunks = metadata.png or ()
    return sorted({name.decode("latin-1") for name, data in chunks if not _is_translated(name, data)})


def _is_translated(name: bytes, data: bytes) -> bool:
    if name == b"pHYs":
        # Without a unit it is the shape of a pixel, and no resolution.
        return data[8:9] == b"\1"
    return name in _TRANSLATED or (name == b"iTXt" and data.startswith(_XMP))


class _AfterHeader:
    """Passes what an encoder writes on to a file, with a block put in behind the PNG header."""

    def __init__(self, stream: BinaryIO, block: bytes) -> None:
        self._stream = stream
        self._block = block
        self._head = bytearray()

    def write(self, data: bytes) -> int:
        lacking = _HEADER_BYTES - len(self._head)
        if lacking <= 0:
            return self._stream.write(data)
        self._head += data[:lacking]
        if lacking <= len(data):
            self._stream.write(self._head)
            self._stream.write(self._block)
            self._stream.write(memoryview(data)[lacking:])
        return len(data)

    def flush(self) -> None:
        self._stream.flush()


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata) -> None:
    """Write a PNG file.

    Args:
        stream: Where to.
        pixels: Samples of 1, 8 or 16 bits.
        mode: Their mode; every one but CMYK.
        metadata: Metadata of the page.
    """
    chunks = list(chunks_of(metadata))
    if metadata.png_key is not None and len(metadata.png_key) == len(mode) - 1:
        key = np.array(metadata.png_key, pixels.dtype)
        chunks.append((b"tRNS", struct.pack(f">{len(key)}H", *(key.tolist()))))
        transparent = pixels[..., -1] == 0
        pixels, mode = key_of_alpha(pixels, key), mode[:-1]
        if metadata.png_bilevel:
            # There are but two values: what is not transparent has the other one.
            black = not metadata.png_key[0]
            chunks[-1] = (b"tRNS", struct.pack(">H", not black))
            pixels, mode = transparent != black, "1"
    block = b"".join(_chunk(name, data) for name, data in chunks)
    if mode in _COLOUR_TYPES and (mode == "LA" or not is_deep(pixels)):
        height, width = pixels.shape[:2]
        header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, _COLOUR_TYPES[mode], 0, 0, 0)
        stream.write(SIGNATURE + _chunk(b"IHDR", header) + block)
        for part in png_samples.compress(pixels):
            stream.write(_chunk(b"IDAT", part))
        stream.write(_chunk(b"IEND", b""))
        return
    target = _AfterHeader(stream, block)
    if is_deep(pixels):
        target.write(opencv.encode(".png", pixels))
        return
    image = to_pillow(pixels, mode)
    # The metadata is in the block; what Pillow takes from `info` would be written twice.
    image.info.clear()
    image.save(cast(BinaryIO, target), "PNG", compress_level=png_samples.COMPRESSION)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
