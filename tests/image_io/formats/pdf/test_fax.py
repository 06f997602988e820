from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pikepdf import Dictionary

from bokwon.image_io.formats.pdf.fax import UnsupportedFaxError, decode_fax

# Runs of ink, as on a page; 37 columns end within a byte.
BITS = np.kron(np.random.default_rng(3).integers(0, 2, (21, 13)), np.ones((1, 3), int)).astype(bool)[:, :37]
SIZE = (37, 21)
Encode = Callable[[np.ndarray, str], bytes]


def test_group_4_is_read(encode_fax: Encode) -> None:
    data = encode_fax(BITS, "group4")
    np.testing.assert_array_equal(decode_fax(data, Dictionary(K=-1, Columns=37), SIZE), BITS)
    np.testing.assert_array_equal(decode_fax(data, Dictionary(K=-1), SIZE), BITS)
    inverted = decode_fax(data, Dictionary(K=-1, Columns=37, BlackIs1=True), SIZE)
    np.testing.assert_array_equal(inverted, ~BITS)


@pytest.mark.parametrize("told", [{}, {"/EndOfLine": True}])
def test_group_3_is_read(encode_fax: Encode, told: dict[str, object]) -> None:
    data = encode_fax(BITS, "group3")
    np.testing.assert_array_equal(decode_fax(data, Dictionary({"/Columns": 37, **told}), SIZE), BITS)
    assert decode_fax(data, None, SIZE).shape == (21, 37)


def test_rows_that_begin_at_bytes_are_read(encode_fax: Encode) -> None:
    found = decode_fax(encode_fax(BITS, "tiff_ccitt"), Dictionary(K=0, Columns=37, EncodedByteAlign=True), SIZE)
    np.testing.assert_array_equal(found, BITS)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"K": -1, "Columns": 37, "EncodedByteAlign": True}, "Group 4 with rows that begin at bytes"),
        ({"K": -1, "Columns": 1728}, "rows of 1728 pixels in an image of 37"),
        ({"Columns": 37}, "Group 3 without marks"),
        ({"K": 4, "Columns": 37}, "Group 3 without marks"),
    ],
)
def test_what_libtiff_does_not_know_is_unsupported(encode_fax: Encode, parameters: dict[str, object], why: str) -> None:
    data = encode_fax(BITS, "group4")
    with pytest.raises(UnsupportedFaxError, match=why):
        decode_fax(data, Dictionary({f"/{key}": value for key, value in parameters.items()}), SIZE)


def test_damage_is_told() -> None:
    with pytest.raises(OSError, match=r"decoder|broken"):
        decode_fax(b"", Dictionary(K=-1, Columns=37), SIZE)
