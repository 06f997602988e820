"""JPEG 2000: samples through imagecodecs, written without loss; every box beside them is copied byte for byte."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from bokwon.errors import InputFileError, importing
from bokwon.image_io.formats.jpeg2000_boxes import (
    CMYK,
    GRAY,
    OF_HEADER,
    SIGNATURE,
    SRGB,
    SYCC,
    XMP,
    box,
    colour,
    definitions,
    file_of,
    first_box,
    new_boxes,
    read_boxes,
    read_file,
    resolution,
)
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import check_pixels, multiplied_alpha
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["CODESTREAM", "SIGNATURE", "boxes_with_xmp", "decode", "encode", "own_blocks", "size_of"]

CODESTREAM = b"\xff\x4f\xff\x51"
_KEPT_SPACES = (CMYK, SRGB, GRAY, SYCC)
_MULTIPLIED = 2
_SMALLER_CHROMA = (((1, 1), (2, 1), (2, 1)), ((1, 1), (2, 2), (2, 2)))
"""Subsampling of the three channels in 4:2:2 and in 4:2:0."""
_TRANSLATED = frozenset({b"jP  ", b"ftyp", b"jp2h", b"jp2c"})
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read a file or a bare codestream; see `bokwon.image_io.formats.table.Format`.

    Raises:
        InputFileError: Damaged, too large, or of samples that cannot be given back as they are.
        MissingDependencyError: imagecodecs is not installed.
    """
    data = stream.read()
    boxes, behind = read_file(data) if data.startswith(SIGNATURE) else ((), 0)
    notices = (f"{name}: {behind} bytes behind its picture are not kept",) if behind else ()
    codestream, *others = [content for kind, content in boxes if kind == b"jp2c"] or [data]
    if others:
        raise InputFileError(f"{name} holds {1 + len(others)} images", "save them as files of their own")
    codestream, scale = _unscaled(codestream)
    form = _form_of(codestream)
    if form is None or min(form.size) <= 0:
        what = "it has no codestream" if form is None else "its picture has no pixels"
        raise InputFileError(f"{name} is damaged: {what}", "get an undamaged copy")
    check_pixels(name, form.size, max_pixels)
    header = first_box(boxes, b"jp2h") or b""
    with_palette = first_box(read_boxes(header), b"pclr") is not None
    bits = min(form.depths, default=0)
    if len(set(form.depths)) > 1 or not 8 <= bits <= 16 or len(form.depths) not in _MODES:
        raise _not_kept(name)
    if _has_multiplied_alpha(header):
        raise multiplied_alpha(name)
    profile, space = colour(header)
    if space not in (None, *_KEPT_SPACES):
        raise _not_kept(name, f", of the colour space {space}")
    xmp = next((content[16:] for kind, content in boxes if kind == b"uuid" and content.startswith(XMP)), None)
    metadata = Metadata(icc=profile, xmp=xmp, dpi=resolution(header, scale))
    if form.samplings in _SMALLER_CHROMA:
        space = SYCC
    elif set(form.samplings) != {(1, 1)}:
        raise _not_kept(name, ", whose samples lie on an unusual grid")
    change = _change(header, space, form, scale, with_palette=with_palette)
    # With the boxes, OpenJPEG also looks colours up, turns luma and chroma to RGB, and puts channels in order.
    wrapped = _wrapped(codestream, form, boxes, SRGB if space is None else space) if change else codestream
    pixels = np.asarray(_codec().jpeg2k_decode(wrapped))
    if pixels.shape[:2] != form.size[::-1]:
        raise InputFileError(f"{name} is damaged: it decodes to another size", "get an undamaged copy")
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if channels not in _MODES:
        raise _not_kept(name)
    mode = "CMYK" if space == CMYK and channels == 4 else _MODES[channels]
    if with_palette:
        bits = 8 * pixels.dtype.itemsize
    if 8 < bits < 16:
        # As bright as 16 bits are; going back loses nothing.
        pixels = np.asarray(pixels << (16 - bits), np.uint16)
        metadata = replace(metadata, jpeg2000_bits=bits)
    if change:
        page = _renewed(name, pixels, mode, metadata, boxes, change)
        return replace(page, notices=page.notices + notices)
    return Page(np.ascontiguousarray(pixels), mode, "JPEG2000", replace(metadata, jpeg2000=boxes), notices)


def _not_kept(name: str, which: str = "") -> InputFileError:
    kept = "8 to 16 bits of gray, RGB or CMYK, with or without alpha"
    return InputFileError(f"{name} is a kind of JPEG 2000 that bokwon does not keep{which}", f"convert it to {kept}")


def _unscaled(codestream: bytes) -> tuple[bytes, tuple[int, int]]:
    """Return a codestream with a sample at each point of its grid, and how many grid points apart the samples were.

    It stays as it is if its channels have samples at different distances. Decoders disagree on samples that all lie
    further apart: some enlarge the picture, some fail. OpenJPEG gives the samples that there are.
    """
    form = _form_of(codestream)
    if form is None or len(set(form.samplings)) != 1 or 0 in form.samplings[0]:
        return codestream, (1, 1)
    scale = form.samplings[0]
    # Right and bottom, left and top, size of a tile, left and top of the first tile.
    grid = np.array(struct.unpack(">8I", codestream[8:40])).reshape(4, 2)
    if (grid[2:] % scale).any():
        if (grid[3] + grid[2] < grid[0]).any():
            # Of several tiles, each would have to begin at a sample.
            return codestream, (1, 1)
        # Only one tile, so it may be of any size that is large enough.
        grid[2:] = grid[0] * scale, (0, 0)
    samples = struct.pack(">8I", *(-(-grid // scale)).ravel().tolist())
    parts = b"".join(codestream[start : start + 1] + b"\1\1" for start in range(42, 42 + 3 * len(form.samplings), 3))
    return codestream[:8] + samples + codestream[40:42] + parts + codestream[42 + len(parts) :], scale


def _wrapped(codestream: bytes, form: _Form, boxes: tuple[tuple[bytes, bytes], ...], space: int) -> bytes:
    """Return a file of a codestream and the boxes that its colours depend on.

    It has no profile: the decoder would turn all colours to sRGB, and the page keeps its profile.
    """
    width, height = form.size
    header = first_box(boxes, b"jp2h") or b""
    inner = [
        (b"ihdr", struct.pack(">IIHBBBB", height, width, len(form.depths), form.depths[0] - 1, 7, 0, 0)),
        (b"colr", struct.pack(">BBBI", 1, 0, 0, space)),
        *(part for part in read_boxes(header) if part[0] not in (b"ihdr", b"colr")),
    ]
    return file_of(codestream, b"".join(box(*part) for part in inner), boxes)


def _change(header: bytes, space: int | None, form: _Form, scale: tuple[int, int], *, with_palette: bool) -> str:
    """Return how the samples that are written differ from those of the file, in words; empty if they do not."""
    if with_palette:
        return "palette image: comes back with full colours, because a filled hole needs colours the palette lacks"
    if form.samplings in _SMALLER_CHROMA:
        return "its chroma, stored smaller than its luma, comes back as red, green and blue of full size"
    if space == SYCC:
        return "its luma and chroma come back as red, green and blue"
    # Colours count from 1, 0 is the picture as a whole.
    if any(kind == 0 and colour not in (0, channel + 1) for channel, kind, colour in definitions(header)):
        return "its channels, stored in another order, come back in the usual one"
    if scale != (1, 1):
        return f"its grid is finer than its samples; it comes back with the {form.size[0]}x{form.size[1]} pixels it has"
    return ""


def _renewed(
    name: str, pixels: Pixels, mode: str, metadata: Metadata, boxes: tuple[tuple[bytes, bytes], ...], change: str
) -> Page:
    """Return a page whose header is made anew, for the samples that are written; all else stays."""
    fresh = dict(new_boxes(pixels, mode, metadata))
    # Some files have parts of the header beside it, which would speak of the old samples.
    boxes = tuple((kind, content) for kind, content in boxes if kind not in OF_HEADER)
    kept = tuple((kind, fresh[kind] if kind == b"jp2h" else content) for kind, content in boxes)
    metadata = replace(metadata, jpeg2000=kept)
    return Page(np.ascontiguousarray(pixels), mode, "JPEG2000", metadata, (f"{name}: {change}",))


def size_of(stream: BinaryIO) -> tuple[int, int] | None:
    """Return width and height, as the codestream says."""
    stream.seek(0)
    data = stream.read()
    boxes = read_file(data)[0] if data.startswith(SIGNATURE) else ((b"jp2c", data),)
    form = next((_form_of(_unscaled(content)[0]) for kind, content in boxes if kind == b"jp2c"), None)
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
        boxes = new_boxes(pixels, mode, metadata)
    for kind, content in boxes:
        stream.write(box(kind, samples if kind == b"jp2c" else content))


def _codec() -> Any:
    with importing("JPEG 2000 takes imagecodecs, which cannot be imported: {error}", "pip install 'bokwon[archive]'"):
        import imagecodecs
    return imagecodecs


def own_blocks(metadata: Metadata) -> list[str]:
    """Return the kinds of a JPEG 2000 file's boxes that no other format takes over."""
    boxes = metadata.jpeg2000 or ()
    kinds = {kind for kind, content in boxes if kind not in _TRANSLATED and not content.startswith(XMP)}
    return sorted(kind.decode("latin-1").strip() for kind in kinds)


def boxes_with_xmp(boxes: tuple[tuple[bytes, bytes], ...], packet: bytes | None) -> tuple[tuple[bytes, bytes], ...]:
    """Return a JPEG 2000 file's boxes with another XMP packet in the place of the one that was there; None for none."""
    places = [place for place, (kind, content) in enumerate(boxes) if kind == b"uuid" and content.startswith(XMP)]
    codestream = next((place for place, (kind, _) in enumerate(boxes) if kind == b"jp2c"), len(boxes))
    place = places[0] if places else codestream
    new = ((b"uuid", XMP + packet),) if packet is not None else ()
    return (*boxes[:place], *new, *boxes[place + bool(places) :])


def _has_multiplied_alpha(header: bytes) -> bool:
    """Return whether the channel definitions call one the opacity that colours are multiplied by."""
    return any(kind == _MULTIPLIED for _, kind, _ in definitions(header))
