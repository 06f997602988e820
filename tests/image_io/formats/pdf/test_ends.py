from __future__ import annotations

import io

import pytest

from bokwon.image_io.formats.pdf.ends import bytes_outside, without_padding

BODY = b"%PDF-1.7\nobjects\nstartxref\n9\n%%EOF"


@pytest.mark.parametrize(
    ("data", "outside"),
    [
        (BODY, (0, 0)),
        (BODY + b"\n", (0, 0)),
        (BODY + b"\r\n\0\0\x1a", (0, 0)),
        (BODY + b"\nlater objects\n%%EOF\n", (0, 0)),
        (BODY + b"\nsecret\n", (0, 6)),
        (BODY + b"\nlater objects\n%%EOF\nsecret", (0, 6)),
        (b"\r\n" + BODY, (0, 0)),
        (b"@PJL\n" + BODY, (4, 0)),
        (b"a header" + BODY + b"a tail", (8, 6)),
        (b"%PDF-1.7 and no end", (0, 0)),
        (b"no beginning\n%%EOF\nsecret", (0, 6)),
        (BODY + b"objects" * 10_000 + b"%%EOFsecret", (0, 6)),
    ],
)
def test_what_lies_outside_is_counted(data: bytes, outside: tuple[int, int]) -> None:
    assert bytes_outside(io.BytesIO(data)) == outside


@pytest.mark.parametrize("padding", [b"\0" * 5000, b"\r\n" * 600, b"\0" * 1001])
def test_a_long_padding_does_not_hide_the_end(padding: bytes) -> None:
    shortened = without_padding(io.BytesIO(BODY + padding))
    assert shortened.read() == BODY
    assert shortened.seek(-5, io.SEEK_END) == len(BODY) - 5
    assert shortened.read(100) == b"%%EOF"
    shortened.seek(2)
    shortened.seek(3, io.SEEK_CUR)
    assert shortened.read(3) == BODY[5:8]
    shortened.seek(len(BODY) + 10)
    assert shortened.read() == b""


@pytest.mark.parametrize("behind", [b"", b"\0" * 1000, b"later objects" + b"\0" * 2000, b"junk " * 1000])
def test_a_file_stays_as_it_is_if_something_else_may_belong_to_it(behind: bytes) -> None:
    stream = io.BytesIO(BODY + behind)
    assert without_padding(stream) is stream
