"""The filters that a PDF's streams are stored with, undone one by one, each within a limit of bytes.

A few bytes of Flate or LZW can stand for gigabytes, and filters can be chained. So no step may yield more than its
reader has use for.
"""

from __future__ import annotations

import zlib
from typing import Any

__all__ = ["LOSSLESS", "Filter", "TooLongError", "filters_of", "undo_filters"]

LOSSLESS = frozenset({"/FlateDecode", "/LZWDecode", "/RunLengthDecode", "/ASCII85Decode", "/ASCIIHexDecode"})
"""The filters that know nothing of images."""

_WITH_PARAMETERS = ("/FlateDecode", "/LZWDecode")
"""Those of them that parameters mean something to; qpdf refuses others that have some."""

Filter = tuple[str, Any]
"""The name of a filter, and its parameters: None where it has none."""

_BLOCK = 1 << 20
"""Bytes. Flate data is measured in blocks of this size."""
_LZW_CLEAR, _LZW_END = 256, 257


class TooLongError(ValueError):
    """A stream stands for more bytes than its reader has use for."""


def filters_of(pikepdf: Any, stream: Any) -> list[Filter]:
    """Return the filters of a stream, in the order in which a reader undoes them.

    Args:
        pikepdf: The library that opened the PDF.
        stream: A stream, or the dictionary of one.
    """
    names, parameters = stream.get("/Filter"), stream.get("/DecodeParms")
    names = [] if names is None else names if isinstance(names, pikepdf.Array) else [names]
    parameters = list(parameters) if isinstance(parameters, pikepdf.Array) else [parameters]
    told = [item if isinstance(item, pikepdf.Dictionary) else None for item in parameters]
    return [(str(name), told[place] if place < len(told) else None) for place, name in enumerate(names)]


def undo_filters(pikepdf: Any, data: bytes, filters: list[Filter], most: int) -> bytes:
    """Undo lossless filters.

    Args:
        pikepdf: The library that opened the PDF.
        data: As stored.
        filters: Of `LOSSLESS`.
        most: How many bytes any of them may yield.

    Raises:
        TooLongError: One yields more.
    """
    with pikepdf.new() as pdf:
        for name, parameters in filters:
            if name == "/FlateDecode":
                _check_flate(data, most)
            elif name == "/LZWDecode":
                _check_lzw(data, most, 1 if parameters is None else int(parameters.get("/EarlyChange", 1)))
            stream = pikepdf.Stream(pdf, data)
            stream.Filter = pikepdf.Name(name)
            if parameters is not None and name in _WITH_PARAMETERS:
                # Of another file, so only its numbers can be taken over.
                stream.DecodeParms = pikepdf.Dictionary({key: int(value) for key, value in parameters.items()})
            data = bytes(stream.read_bytes(pikepdf.StreamDecodeLevel.specialized))
            if len(data) > most:
                raise TooLongError(f"it unfolds to more than {most} bytes")
    return data


def _check_flate(data: bytes, most: int) -> None:
    """Measure what Flate data inflates to, without holding it."""
    inflater = zlib.decompressobj()
    length = 0
    while data and length <= most and not inflater.eof:
        try:
            length += len(inflater.decompress(data, _BLOCK))
        except zlib.error:
            # Its reader says what is wrong.
            return
        data = inflater.unconsumed_tail
    if length > most:
        raise TooLongError(f"it inflates to more than {most} bytes")


def _check_lzw(data: bytes, most: int, early: int) -> None:
    """Measure what LZW data stands for, without holding it. Each code adds at most one byte to the longest before."""
    # No entry of the table is longer than 3838 bytes, and no code shorter than 9 bits.
    if len(data) * 3838 * 8 // 9 <= most:
        return
    lengths: list[int] = []
    total = last = bits = held = 0
    width = 9
    for byte in data:
        held, bits = (held << 8 | byte) & 0xFFFFF, bits + 8
        if bits < width:
            continue
        bits -= width
        code = held >> bits & (1 << width) - 1
        if code == _LZW_CLEAR:
            lengths, last, width = [], 0, 9
            continue
        if code == _LZW_END:
            return
        length = 1 if code < _LZW_CLEAR else lengths[code - 258] if code - 258 < len(lengths) else last + 1
        total += length
        if total > most:
            raise TooLongError(f"it unfolds to more than {most} bytes")
        if last:
            lengths.append(last + 1)
        last = length
        if len(lengths) + 258 + early >= 1 << width and width < 12:
            width += 1
