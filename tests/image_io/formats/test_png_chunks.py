"""The chunks of PNG files that are put together here byte by byte."""

from __future__ import annotations

import io
import struct
import zlib

import pytest

from bokwon.image_io.formats import png_chunks
from bokwon.image_io.formats.png_chunks import SIGNATURE, PngFile, Spans, inflate, read_chunks, text_of


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def spoilt(name: bytes, body: bytes) -> bytes:
    return chunk(name, body)[:-4] + b"\0\0\0\0"


def header(colour_type: int = 2) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 3, 8, colour_type, 0, 0, 0))


SAMPLES, END = chunk(b"IDAT", b"samples"), chunk(b"IEND")


def chunks_in(*parts: bytes) -> PngFile:
    found = read_chunks(io.BytesIO(SIGNATURE + b"".join(parts)))
    assert found is not None
    return found


def test_a_plain_file() -> None:
    assert chunks_in(header(), SAMPLES, END) == PngFile(
        size=(5, 3),
        depth=8,
        colour_type=2,
        ancillary=(),
        spoilt=(),
        # The signature's 8 bytes, 25 of the header, 19 of the samples.
        spans=((0, 8), (8, 33), (33, 52)),
        frames=1,
        behind=0,
        missing=0,
        ended=True,
        sound=True,
        strange="",
    )


@pytest.mark.parametrize("data", [b"", SIGNATURE, b"x" * 40, (SIGNATURE + SAMPLES + END).ljust(40, b"\0")])
def test_another_file_is_none(data: bytes) -> None:
    assert read_chunks(io.BytesIO(data)) is None


def test_chunks_beside_the_samples_are_kept_in_order_and_spoilt_ones_named_once() -> None:
    bad = spoilt(b"zTXt", b"bad")
    found = chunks_in(header(), chunk(b"tEXt", b"b"), bad, SAMPLES, chunk(b"pHYs", b"a"), bad, END)
    assert found.ancillary == ((b"tEXt", b"b"), (b"pHYs", b"a"))
    assert found.spoilt == ("zTXt",)
    assert found.sound


def test_transparency_is_decoded_with_the_samples_of_a_palette_alone() -> None:
    clear = chunk(b"tRNS", b"\0")
    assert chunks_in(header(3), clear, SAMPLES, END).spans == ((0, 8), (8, 33), (33, 46), (46, 65))
    gray = chunks_in(header(0), clear, SAMPLES, END)
    assert (gray.spans, gray.ancillary) == (((0, 8), (8, 33), (46, 65)), ((b"tRNS", b"\0"),))


def test_a_wrong_checksum_of_samples_is_noticed() -> None:
    assert not chunks_in(header(), spoilt(b"IDAT", b"samples"), END).sound


def test_a_chunk_that_no_decoder_may_pass_over_is_named() -> None:
    assert chunks_in(header(), chunk(b"ABCD"), chunk(b"EFGH"), SAMPLES, END).strange == "ABCD"


@pytest.mark.parametrize(("told", "pictures", "frames"), [(3, 3, 3), (3, 2, 2), (1, 4, 1), (0, 2, 1), (3, 0, 1)])
def test_as_many_frames_as_are_told_and_there(told: int, pictures: int, frames: int) -> None:
    animation = chunk(b"acTL", struct.pack(">II", told, 0))
    assert chunks_in(header(), animation, SAMPLES, chunk(b"fcTL", b"") * pictures, END).frames == frames


def test_bytes_behind_the_picture_are_counted_without_padding() -> None:
    assert chunks_in(header(), SAMPLES, END, b"\0\r\n \0").behind == 0
    assert chunks_in(header(), SAMPLES, END, b"\0more\n").behind == 5


@pytest.mark.parametrize(("cut", "missing"), [(1, 1), (4, 4), (5, 0)])
def test_a_last_chunk_without_all_of_its_checksum_lacks_just_that(cut: int, missing: int) -> None:
    found = chunks_in((header() + SAMPLES)[:-cut])
    assert (found.missing, found.ended, found.sound) == (missing, False, False)
    assert found.spans[-1] == (33, 52 - cut)


def test_chunks_end_where_a_name_is_none() -> None:
    found = chunks_in(header(), SAMPLES, chunk(b"\0\0\0\0", b"junk"), END)
    assert (found.ended, found.spans) == (False, ((0, 8), (8, 33), (33, 52)))


def spans(missing: int = 0) -> tuple[Spans, bytes]:
    return Spans(io.BytesIO(b"0123456789"), ((0, 2), (5, 8)), missing), b"01567" + bytes(missing) + END


@pytest.mark.parametrize("missing", [0, 3])
@pytest.mark.parametrize("step", [1, 2, 4, 100, -1])
def test_parts_are_read_as_one_file(missing: int, step: int) -> None:
    file, whole = spans(missing)
    pieces = []
    while piece := file.read(step):
        assert step < 0 or len(piece) <= step
        pieces.append(piece)
    assert b"".join(pieces) == whole
    assert file.tell() == len(whole)


@pytest.mark.parametrize("place", range(19))
def test_parts_are_read_from_any_place(place: int) -> None:
    file, whole = spans()
    assert file.seek(place) == place
    assert file.read(3) == whole[place : place + 3]


def test_places_are_counted_from_either_end_and_from_here() -> None:
    file, whole = spans()
    assert file.seek(-4, io.SEEK_END) == len(whole) - 4
    assert file.read() == whole[-4:]
    file.seek(1)
    assert file.seek(2, io.SEEK_CUR) == 3
    assert file.read(2) == b"67"
    assert file.seek(-99, io.SEEK_CUR) == 0


def test_a_part_that_the_file_lacks_is_the_end() -> None:
    file = Spans(io.BytesIO(b"0123456789"), ((0, 2), (8, 20)))
    assert file.read() == b"0189"
    assert file.read(5) == b""


def test_text_is_unpacked() -> None:
    assert inflate(zlib.compress(b"words")) == b"words"
    with pytest.raises(ValueError, match="damaged"):
        inflate(b"no zlib")


def test_text_that_unfolds_to_more_than_any_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png_chunks, "_LARGEST_TEXT", 100)
    assert inflate(zlib.compress(bytes(100))) == bytes(100)
    with pytest.raises(ValueError, match="too long"):
        inflate(zlib.compress(bytes(5000)))


def test_international_text_is_found_behind_its_keyword_language_and_translation() -> None:
    words = "복원".encode()
    assert text_of(b"Title\0\0\0ko\0" + "제목".encode() + b"\0" + words) == words
    assert text_of(b"Title\0\1\0\0\0" + zlib.compress(words)) == words
    assert text_of(b"Title\0\0\0\0\0a\0b") == b"a\0b"
    with pytest.raises(ValueError, match="not enough values"):
        text_of(b"Title\0\0\0ko")
