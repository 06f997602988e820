"""JPEG 2000: samples through imagecodecs, written without loss; every box beside them is copied byte for byte."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from bokwon.errors import InputFileError, importing
from bokwon.image_io.formats import pillow
from bokwon.image_io.metadata import Metadata, plausible_dpi
from bokwon.image_io.modes import check_pixels, from_pillow, multiplied_alpha
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["CODESTREAM", "SIGNATURE", "boxes_with_xmp", "decode", "encode", "own_blocks", "size_of"]

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
CODESTREAM = b"\xff\x4f\xff\x51"
_FILE_TYPE = b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 "
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_CMYK, _SRGB, _GRAY, _SYCC = 12, 16, 17, 18
_KEPT_SPACES = (_CMYK, _SRGB, _GRAY, _SYCC)
"""Numbers of colour spaces (ISO/IEC 15444-1, table I.10)."""
_MULTIPLIED = 2
_OF_HEADER = frozenset({b"pclr", b"cmap", b"cdef", b"colr"})
_TRANSLATED = frozenset({b"jP  ", b"ftyp", b"jp2h", b"jp2c"})
# Samples per metre, as two fractions and powers of ten: vertical first.
_RESOLUTION = struct.Struct(">HHHHbb")
_SPACES = {"CMYK": _CMYK, "L": _GRAY, "LA": _GRAY}
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read a file or a bare codestream; see `bokwon.image_io.formats.table.Format`.

    Raises:
        InputFileError: Damaged, too large, or of samples that cannot be given back as they are.
        MissingDependencyError: imagecodecs is not installed.
    """
    data = stream.read()
    boxes = tuple(_boxes(data)) if data.startswith(SIGNATURE) else ()
    codestream, *others = [content for kind, content in boxes if kind == b"jp2c"] or [data]
    if others:
        raise InputFileError(f"{name} holds {1 + len(others)} images", "save them as files of their own")
    form = _form_of(codestream)
    if form is None or min(form.size) <= 0:
        what = "it has no codestream" if form is None else "its picture has no pixels"
        raise InputFileError(f"{name} is damaged: {what}", "get an undamaged copy")
    check_pixels(name, form.size, max_pixels)
    header = next((content for kind, content in boxes if kind == b"jp2h"), b"")
    with_palette = any(kind == b"pclr" for kind, _ in _boxes(header))
    bits = min(form.depths, default=0)
    if len(set(form.depths)) > 1 or not 8 <= bits <= 16 or len(form.depths) not in _MODES:
        raise _not_kept(name)
    if _has_multiplied_alpha(header):
        raise multiplied_alpha(name)
    profile, space = _colour(header)
    if space not in (None, *_KEPT_SPACES):
        raise _not_kept(name, f", of the colour space {space}")
    xmp = next((content[16:] for kind, content in boxes if kind == b"uuid" and content.startswith(_XMP_BOX)), None)
    metadata = Metadata(icc=profile, xmp=xmp, dpi=_resolution(header))
    if set(form.samplings) != {(1, 1)}:
        if bits > 8:
            # Pillow would drop the lower ones.
            raise _not_kept(name, f", of {bits} bits with chroma smaller than luma")
        with pillow.opened(name, io.BytesIO(data), "JPEG2000", max_pixels) as image:
            pixels, mode, _ = from_pillow(image.convert("RGB") if image.mode == "YCbCr" else image)
        change = "its chroma, stored smaller than its luma, comes back as red, green and blue of full size"
        return _renewed(name, pixels, mode, metadata, boxes, change)
    change = _change(header, space)
    # With the boxes, OpenJPEG also looks colours up, turns luma and chroma to RGB, and puts channels in order.
    pixels = np.asarray(_codec().jpeg2k_decode(data if change else codestream))
    if pixels.shape[:2] != form.size[::-1]:
        raise InputFileError(f"{name} is damaged: it decodes to another size", "get an undamaged copy")
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if channels not in _MODES:
        raise _not_kept(name)
    mode = "CMYK" if space == _CMYK and channels == 4 else _MODES[channels]
    if with_palette:
        bits = 8 * pixels.dtype.itemsize
    if 8 < bits < 16:
        # As bright as 16 bits are; going back loses nothing.
        pixels = np.asarray(pixels << (16 - bits), np.uint16)
        metadata = replace(metadata, jpeg2000_bits=bits)
    if change:
        return _renewed(name, pixels, mode, metadata, boxes, change)
    return Page(np.ascontiguousarray(pixels), mode, "JPEG2000", replace(metadata, jpeg2000=boxes))


def _not_kept(name: str, which: str = "") -> InputFileError:
    kept = "8 to 16 bits of gray, RGB or CMYK, with or without alpha"
    return InputFileError(f"{name} is a kind of JPEG 2000 that bokwon does not keep{which}", f"convert it to {kept}")


def _change(header: bytes, space: int | None) -> str:
    """Return what of the samples comes back otherwise than it is stored, in words; nothing for the usual kind."""
    if any(kind == b"pclr" for kind, _ in _boxes(header)):
        return "palette image: comes back with full colours, because a filled hole needs colours the palette lacks"
    if space == _SYCC:
        return "its luma and chroma come back as red, green and blue"
    # Colours count from 1, 0 is the picture as a whole.
    if any(kind == 0 and colour not in (0, channel + 1) for channel, kind, colour in _definitions(header)):
        return "its channels, stored in another order, come back in the usual one"
    return ""


def _renewed(
    name: str, pixels: Pixels, mode: str, metadata: Metadata, boxes: tuple[tuple[bytes, bytes], ...], change: str
) -> Page:
    """Return a page whose header is made anew, for the samples that are written; all else stays."""
    fresh = dict(_new_boxes(pixels, mode, metadata))
    # Some files have parts of the header beside it, which would speak of the old samples.
    boxes = tuple((kind, content) for kind, content in boxes if kind not in _OF_HEADER)
    kept = tuple((kind, fresh[kind] if kind == b"jp2h" else content) for kind, content in boxes)
    metadata = replace(metadata, jpeg2000=kept)
    return Page(np.ascontiguousarray(pixels), mode, "JPEG2000", metadata, (f"{name}: {change}",))


def size_of(stream: BinaryIO) -> tuple[int, int] | None:
    """Return width and height, as the codestream says."""
    stream.seek(0)
    data = stream.read()
    boxes = _boxes(data) if data.startswith(SIGNATURE) else iter(((b"jp2c", data),))
    form = next((_form_of(content) for kind, content in boxes if kind == b"jp2c"), None)
    return form.size if form else None


@dataclass(frozen=True)
class _Form:
    """What a codestream's SIZ segment says: size, and bits and subsampling of each component."""

    size: tuple[int, int]
    depths: tuple[int, ...]
    samplings: tuple[tuple[int, int], ...]


def _form_of(codestream: bytes) -> _Form | None:
    if not codestream.startswith(CODESTREAM) or len(codestream) < 42:
        return None
    width, height, left, top = struct.unpack(">IIII", codestream[8:24])
    (channels,) = struct.unpack(">H", codestream[40:42])
    parts = codestream[42 : 42 + 3 * channels]
    depths = tuple(depth + 1 for depth in parts[::3])
    return _Form((width - left, height - top), depths, tuple(zip(parts[1::3], parts[2::3], strict=False)))


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata) -> None:
    """Write samples without loss.

    Args:
        stream: Where to.
        pixels: Samples of 8 or 16 bits.
        mode: Their mode.
        metadata: Metadata of the page. One that was a bare codestream becomes one again.

    Raises:
        MissingDependencyError: imagecodecs is not installed.
    """
    bits = metadata.jpeg2000_bits
    if bits is not None:
        pixels = pixels >> (16 - bits)
    colours = len(mode) - mode.endswith("A") if mode not in ("L", "LA") else 1
    samples = bytes(
        _codec().jpeg2k_encode(
            np.ascontiguousarray(pixels),
            reversible=True,
            level=0,
            codecformat="j2k",
            mct=colours == 3,
            bitspersample=bits,
        )
    )
    boxes = metadata.jpeg2000
    if boxes == ():
        stream.write(samples)
        return
    if boxes is None:
        boxes = _new_boxes(pixels, mode, metadata)
    for kind, content in boxes:
        _write_box(stream, kind, samples if kind == b"jp2c" else content)


def _codec() -> Any:
    with importing("JPEG 2000 takes imagecodecs, which cannot be imported: {error}", "pip install 'bokwon[archive]'"):
        import imagecodecs
    return imagecodecs


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[position : position + 8])
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", data[position + 8 : position + 16].ljust(8, b"\0"))
            head = 16
        end = len(data) if size == 0 else position + size
        if end < position + head or end > len(data):
            raise ValueError("its boxes do not fit into one another")
        yield kind, data[position + head : end]
        position = end


def _write_box(stream: BinaryIO, kind: bytes, content: bytes) -> None:
    size = len(content) + 8
    if size < 2**32:
        stream.write(struct.pack(">I4s", size, kind))
    else:
        stream.write(struct.pack(">I4sQ", 1, kind, size + 8))
    stream.write(content)


def own_blocks(metadata: Metadata) -> list[str]:
    """Return the kinds of a JPEG 2000 file's boxes that no other format takes over."""
    boxes = metadata.jpeg2000 or ()
    kinds = {kind for kind, content in boxes if kind not in _TRANSLATED and not content.startswith(_XMP_BOX)}
    return sorted(kind.decode("latin-1").strip() for kind in kinds)


def boxes_with_xmp(boxes: tuple[tuple[bytes, bytes], ...], packet: bytes | None) -> tuple[tuple[bytes, bytes], ...]:
    """Return a JPEG 2000 file's boxes with another XMP packet in the place of the one that was there; None for none."""
    places = [place for place, (kind, content) in enumerate(boxes) if kind == b"uuid" and content.startswith(_XMP_BOX)]
    codestream = next((place for place, (kind, _) in enumerate(boxes) if kind == b"jp2c"), len(boxes))
    place = places[0] if places else codestream
    new = ((b"uuid", _XMP_BOX + packet),) if packet is not None else ()
    return (*boxes[:place], *new, *boxes[place + bool(places) :])


def _resolution(header: bytes) -> tuple[float, float] | None:
    """Return pixels per inch, horizontal and vertical: those to display it with, or else those it was captured with."""
    try:
        inner = dict(_boxes(dict(_boxes(header)).get(b"res ", b"")))
    except ValueError:
        # The picture does not depend on it.
        return None
    content = inner.get(b"resd") or inner.get(b"resc") or b""
    if len(content) != _RESOLUTION.size:
        return None
    down, below_down, across, below_across, power_down, power_across = _RESOLUTION.unpack(content)
    if not all((down, below_down, across, below_across)):
        return None
    per_inch = 0.0254 * 10.0**power_across, 0.0254 * 10.0**power_down
    return plausible_dpi(across / below_across * per_inch[0], down / below_down * per_inch[1])


def _definitions(header: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the channel definitions (cdef): the number of a channel, its kind, and the colour that it is or is for."""
    content = next((content for kind, content in _boxes(header) if kind == b"cdef"), b"")
    entries = content[2:]
    yield from struct.iter_unpack(">HHH", entries[: len(entries) // 6 * 6])


def _has_multiplied_alpha(header: bytes) -> bool:
    """Return whether the channel definitions call one the opacity that colours are multiplied by."""
    return any(kind == _MULTIPLIED for _, kind, _ in _definitions(header))


def _colour(header: bytes) -> tuple[bytes | None, int | None]:
    """Return the colour profile, and the number of the colour space; None for the one that is not told."""
    content = next((content for kind, content in _boxes(header) if kind == b"colr"), b"")
    if content[:1] == b"\2":
        return content[3:], _CMYK if content[19:23] == b"CMYK" else None
    return None, int.from_bytes(content[3:7], "big") if content[:1] == b"\1" and len(content) >= 7 else None


def _new_boxes(pixels: Pixels, mode: str, metadata: Metadata) -> tuple[tuple[bytes, bytes], ...]:
    """Make the boxes of a page that was of another format."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    depth = (metadata.jpeg2000_bits or pixels.dtype.itemsize * 8) - 1
    parts = [(b"ihdr", struct.pack(">IIHBBBB", height, width, channels, depth, 7, 0, 0))]
    if metadata.icc:
        parts.append((b"colr", b"\2\0\0" + metadata.icc))
    else:
        parts.append((b"colr", struct.pack(">BBBI", 1, 0, 0, _SPACES.get(mode, _SRGB))))
    if mode in ("LA", "RGBA"):
        # Which channel is which: colours in order, the last one opacity of the whole picture.
        entries = [(index, 0, index + 1) for index in range(channels - 1)] + [(channels - 1, 1, 0)]
        packed = b"".join(struct.pack(">HHH", *entry) for entry in entries)
        parts.append((b"cdef", struct.pack(">H", channels) + packed))
    if metadata.dpi:
        per_metre = [value / 0.0254 for value in metadata.dpi]
        # The least power of ten with which both fit into 16 bits.
        power = next(power for power in range(10) if max(per_metre) < 65535 * 10**power)
        across, down = (round(value / 10**power) for value in per_metre)
        inner = _RESOLUTION.pack(down, 1, across, 1, power, power)
        parts.append((b"res ", struct.pack(">I4s", len(inner) + 8, b"resc") + inner))
    header = b"".join(struct.pack(">I4s", len(content) + 8, kind) + content for kind, content in parts)
    boxes = [(b"jP  ", SIGNATURE[8:]), (b"ftyp", _FILE_TYPE[8:]), (b"jp2h", header)]
    if metadata.xmp:
        boxes.append((b"uuid", _XMP_BOX + metadata.xmp))
    return (*boxes, (b"jp2c", b""))
