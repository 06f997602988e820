from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from bokwon.image_io.formats.tiff import chain, directories, extent

PIXELS = np.random.default_rng(3).integers(0, 256, (11, 13)).astype(np.uint8)


def behind(data: bytes) -> int:
    stream = io.BytesIO(data)
    return extent.bytes_behind(stream, chain.positions(stream))


def by_tifffile(order: str = "<", *, big: bool = False, **settings: Any) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, byteorder=order, bigtiff=big) as writer:
        for number in range(2):
            # The images within the first page lie behind it.
            writer.write(PIXELS, metadata=None, subifds=2 if number == 0 else 0, **settings)
            for _ in range(2 if number == 0 else 0):
                writer.write(PIXELS[::2, ::2], metadata=None, subfiletype=1)
    return stream.getvalue()


def by_pillow() -> bytes:
    """A page whose EXIF and GPS directories lie behind its samples."""
    exif = Image.Exif()
    exif[271] = "a maker with a name too long for its entry"
    exif.get_ifd(0x8769)[37510] = b"a comment that lies outside its entry"
    exif.get_ifd(0x8825)[29] = "2026:11:30"
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, "TIFF", exif=exif)
    return stream.getvalue()


FILES = {
    "little": by_tifffile(),
    "big-endian": by_tifffile(">"),
    "BigTIFF": by_tifffile(big=True),
    "tiles": by_tifffile(tile=(16, 16)),
    "compressed": by_tifffile(compression="zlib", rowsperstrip=2),
    "EXIF": by_pillow(),
}


@pytest.mark.parametrize("name", FILES)
def test_bytes_behind_the_last_part_are_counted(name: str) -> None:
    data = FILES[name]
    assert behind(data) == 0
    assert behind(data + bytes(9)) == 0
    assert behind(data + b"secret" + bytes(9)) == 6


def test_a_directory_that_was_replaced_is_a_gap() -> None:
    data = by_pillow()
    stream = chain.with_directory(io.BytesIO(data), directories.parse(io.BytesIO(data)))
    assert behind(stream.read()) == 0


@pytest.mark.parametrize(("tag", "value"), [(279, 0), (279, None), (259, 6)])
def test_where_it_is_not_known_how_far_a_page_reaches_nothing_is_said(tag: int, value: int | None) -> None:
    stream = io.BytesIO()
    # No size of the strip, size zero, and JPEG of the old kind, which has parts anywhere.
    Image.fromarray(PIXELS).save(stream, "TIFF")
    found = directories.parse(stream)
    if value is None:
        del found[tag]
    else:
        found[tag] = directories.Entry.longs(value)
    changed = chain.with_directory(stream, found)
    assert behind(changed.read() + b"secret") == 0


def test_a_page_outside_the_file_is_no_loss() -> None:
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, "TIFF")
    found = directories.parse(stream)
    found[273] = directories.Entry.longs(2**31)
    assert behind(chain.with_directory(stream, found).read() + struct.pack("<I", 7)) == 0
