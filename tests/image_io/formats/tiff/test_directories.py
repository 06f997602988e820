from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.image_io.formats.tiff import chain, directories
from bokwon.image_io.formats.tiff.directories import Entry

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 12: 8}
POINTERS = {34665, 34853, 40965}


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    kind = draw(st.sampled_from(sorted(SIZES)))
    count = draw(st.integers(1, 9))
    size = SIZES[kind] * count
    return Entry(kind, count, draw(st.binary(min_size=size, max_size=size)))


any_directory = st.dictionaries(st.integers(254, 65535).filter(lambda tag: tag not in POINTERS), entries(), max_size=8)


def as_file(directory: directories.Directory, order: str = "<", *, big: bool = False) -> io.BytesIO:
    begin = 16 if big else 8
    return io.BytesIO(
        directories.file_header(begin, order, big=big) + directories.serialise(directory, begin, order, big=big)
    )


@settings(deadline=None)
@given(any_directory, any_directory, st.sampled_from("<>"), st.booleans())
def test_what_is_written_is_read_again(
    outer: directories.Directory, inner: directories.Directory, order: str, big: bool
) -> None:
    directory = {**outer, 34665: Entry(4, 1, b"", inner)}
    stream = as_file(directory, order, big=big)
    assert (directories.byte_order(stream), directories.is_big(stream)) == (order, big)
    assert directories.parse(stream) == directory
    assert chain.positions(stream) == [16 if big else 8]


def test_big_endian_values_come_out_little_endian() -> None:
    table = struct.pack(">HHII", 282, 5, 1, 8 + 2 + 2 * 12 + 4) + struct.pack(">HHIHH", 274, 3, 1, 6, 0)
    blob = b"MM\0*" + struct.pack(">IH", 8, 2) + table + struct.pack(">I", 0) + struct.pack(">II", 300, 7)
    directory = directories.parse(io.BytesIO(blob))
    assert directory[282].data == struct.pack("<II", 300, 7)
    assert directories.numbers(directory[274]) == (6,)


def test_big_tiff_is_read() -> None:
    behind = 16 + 8 + 2 * 20 + 8
    table = struct.pack("<HHQ8s", 700, 1, 4, b"xmp!") + struct.pack("<HHQQ", 33550, 12, 2, behind)
    blob = b"II" + struct.pack("<HHHQ", 43, 8, 0, 16) + struct.pack("<Q", 2) + table + struct.pack("<Q", 0)
    directory = directories.parse(io.BytesIO(blob + struct.pack("<dd", 2.5, 0.5)))
    assert directory[700].data == b"xmp!"
    assert directory[33550].data == struct.pack("<dd", 2.5, 0.5)


def test_an_entry_that_points_outside_the_file_is_left_out() -> None:
    good, bad = struct.pack("<HHII", 700, 1, 2, 0x2121), struct.pack("<HHII", 34675, 7, 1000, 4_000_000_000)
    blob = b"II*\0" + struct.pack("<IH", 8, 2) + good + bad + struct.pack("<I", 0)
    assert directories.parse(io.BytesIO(blob)) == {700: Entry(1, 2, b"!!")}


def test_a_directory_that_points_at_itself_ends() -> None:
    loop = struct.pack("<HHII", 34665, 4, 1, 8)
    directory = directories.parse(io.BytesIO(b"II*\0" + struct.pack("<IH", 8, 1) + loop + struct.pack("<I", 0)))
    assert set(directory) == {34665}


@pytest.mark.parametrize("blob", [b"", b"II*\0", b"text of some kind", b"II*\0" + struct.pack("<IH", 8, 9)])
def test_what_is_no_directory_is_an_error(blob: bytes) -> None:
    with pytest.raises(ValueError, match=r"byte-order|ends inside"):
        directories.parse(io.BytesIO(blob))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_directory_or_a_value_error(blob: bytes) -> None:
    try:
        directory = directories.parse(io.BytesIO(b"II*\0\x08\0\0\0" + blob))
    except ValueError:
        return
    assert all(entry.count > 0 for entry in directory.values())
