from __future__ import annotations

import base64
import zlib
from typing import Any

import imagecodecs
import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name

from bokwon.image_io.formats.pdf.filters import TooLongError, _check_lzw, filters_of, undo_filters

DATA = bytes(range(256)) * 3


def undone(data: bytes, *filters: tuple[str, Any], most: int = 1000) -> bytes:
    return undo_filters(pikepdf, data, list(filters), most)


def lzw(data: bytes) -> bytes:
    return bytes(imagecodecs.lzw_encode(data))


def test_filters_have_their_parameters() -> None:
    pdf = pikepdf.new()
    stream = pdf.make_stream(b"")
    assert filters_of(pikepdf, stream) == []
    stream.Filter = Name.LZWDecode
    assert filters_of(pikepdf, stream) == [("/LZWDecode", None)]
    stream.DecodeParms = Dictionary(EarlyChange=0)
    assert filters_of(pikepdf, stream)[0][1].EarlyChange == 0
    stream.Filter, stream.DecodeParms = Array([Name.A, Name.B, Name.C]), Array([None, Dictionary(K=1)])
    names, parameters = zip(*filters_of(pikepdf, stream), strict=True)
    assert names == ("/A", "/B", "/C")
    assert (parameters[0], int(parameters[1].K), parameters[2]) == (None, 1, None)


def test_one_filter_after_another() -> None:
    wrapped = base64.a85encode(zlib.compress(lzw(DATA))) + b"~>"
    assert undone(wrapped, ("/ASCII85Decode", None), ("/FlateDecode", None), ("/LZWDecode", None)) == DATA
    assert undone(DATA) == DATA


def test_parameters_that_mean_nothing_to_a_filter_are_passed_over() -> None:
    filters = ("/ASCII85Decode", Dictionary()), ("/RunLengthDecode", Dictionary(Columns=7))
    assert undone(base64.a85encode(b"\2abc\x80") + b"~>", *filters) == b"abc"


def test_predictors_are_undone() -> None:
    # PNG's "up": each row is the difference to the one above.
    rows = zlib.compress(bytes([2, 1, 2, 3, 2, 1, 1, 1]))
    parameters = Dictionary(Predictor=12, Columns=3)
    assert undone(rows, ("/FlateDecode", parameters)) == bytes([1, 2, 3, 2, 3, 4])


@pytest.mark.parametrize("name", ["/FlateDecode", "/LZWDecode", "/RunLengthDecode"])
def test_what_unfolds_to_too_much_is_refused(name: str) -> None:
    plain = bytes(1_000_000)
    data = {"/FlateDecode": zlib.compress(plain), "/LZWDecode": lzw(plain), "/RunLengthDecode": b"\x81\0" * 7813}[name]
    with pytest.raises(TooLongError, match="to more than 999999 bytes"):
        undone(data, (name, None), most=999_999)
    assert len(undone(data, (name, None), most=1_000_064)) >= 1_000_000


@given(st.lists(st.sampled_from([b"a", b"bc", bytes(500), DATA]), min_size=1, max_size=40).map(b"".join))
def test_lzw_is_measured_as_it_unfolds(data: bytes) -> None:
    packed = lzw(data)
    _check_lzw(packed, len(data), 1)
    with pytest.raises(TooLongError):
        _check_lzw(packed, len(data) - 1, 1)
