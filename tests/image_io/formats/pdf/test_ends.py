from __future__ import annotations

import io

import pytest

from bokwon.image_io.formats.pdf.ends import bytes_outside

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
