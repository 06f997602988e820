"""CCITT fax data of a PDF -> samples: through libtiff, which reads it from TIFF files."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from PIL import Image

from bokwon.types import Pixels

__all__ = ["UnsupportedFaxError", "decode_fax"]

_SHORT, _LONG = 3, 4
_MODIFIED_HUFFMAN, _GROUP_3, _GROUP_4 = 2, 3, 4


class UnsupportedFaxError(ValueError):
    """The data is of a kind that no decoder here reads; it may be sound."""


def decode_fax(data: bytes, parameters: Any, size: tuple[int, int]) -> Pixels:
    """Decode CCITT fax data.

    Args:
        data: As stored.
        parameters: Of the filter, as the PDF tells them; None where it tells none.
        size: Width and height of the image.

    Returns:
        Samples (H, W), bool: the bits that the filter yields, before the image's Decode.

    Raises:
        UnsupportedFaxError: Its rows begin at bytes, or have no marks, in a coding that libtiff knows only otherwise.
        OSError: It is damaged.

    Source: ISO 32000-2:2020, table 11; TIFF 6.0, sections 10 and 11.
    """
    told = parameters if parameters is not None else {}
    kind = int(told.get("/K", 0))
    aligned = bool(told.get("/EncodedByteAlign", False))
    marked = bool(told.get("/EndOfLine", False))
    width, height = size
    # Some files leave out Columns, where the image is not 1728 pixels wide.
    columns = int(told.get("/Columns", width))
    if columns != width:
        raise UnsupportedFaxError(f"rows of {columns} pixels in an image of {width}")
    options = 0
    if kind < 0:
        if aligned:
            raise UnsupportedFaxError("Group 4 with rows that begin at bytes (EncodedByteAlign)")
        compression = _GROUP_4
    elif kind == 0 and aligned and not marked:
        compression = _MODIFIED_HUFFMAN
    else:
        compression = _GROUP_3
        # T4Options: two-dimensional coding; marks that end at bytes.
        options = (1 if kind > 0 else 0) | (4 if aligned else 0)
        if not _has_marks(data):
            raise UnsupportedFaxError("Group 3 without marks at the ends of rows")
    photometric = 1 if told.get("/BlackIs1", False) else 0
    tags = [
        (256, _LONG, width),
        (257, _LONG, height),
        (258, _SHORT, 1),
        (259, _SHORT, compression),
        (262, _SHORT, photometric),
        (266, _SHORT, 1),
        (273, _LONG, 0),
        (278, _LONG, height),
        (279, _LONG, len(data)),
        (292, _LONG, options),
    ]
    start = 8 + 2 + 12 * len(tags) + 4
    directory = b"".join(
        struct.pack("<HHLL", tag, field, 1, start if tag == 273 else value) for tag, field, value in tags
    )
    file = b"II*\0" + struct.pack("<LH", 8, len(tags)) + directory + bytes(4) + data
    with Image.open(io.BytesIO(file), formats=["TIFF"]) as image:
        return np.array(image.convert("1"))


def _has_marks(data: bytes) -> bool:
    """Return whether Group 3 data begins with the mark that ends a row: eleven zeros or more, and a one."""
    first = int.from_bytes(data[:4].ljust(4, b"\0"), "big")
    return 0 < first < 1 << 21
