"""Masks as files, and the changes between them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.masks import read_samples
from bokwon.image_io.reader import Source, read_page
from bokwon.serve.folder.masks.files import (
    apply_change,
    bounds,
    decode_mask,
    encode_box,
    encode_mask,
    encode_numbers,
    pack_change,
    read_patch,
)
from tests.serve.conftest import picture_of, png_of

HOLES = arrays.arrays(bool, st.tuples(st.integers(1, 20), st.integers(1, 20)))


@given(HOLES)
def test_a_mask_comes_back_as_it_was(hole: np.ndarray) -> None:
    for kind in ("found", "drawn"):
        data = encode_mask(hole, kind)
        found = decode_mask(data, "mask", 10**6)
        assert found is not None
        assert (found[0] == hole).all()
        assert found[1] == kind
    # Any other program reads the same.
    with Image.open(io.BytesIO(data)) as image:
        image.verify()
    assert (picture_of(data) == hole).all()


def test_the_command_reads_it_as_white_is_hole() -> None:
    hole = np.zeros((30, 50), bool)
    hole[3:9, 4:30] = True
    page = read_page(Source("mask", data=encode_mask(hole, "drawn")))
    reading = read_samples(page.pixels, page.mode)
    assert (reading.hole == hole).all()
    assert reading.plain


def test_masks_of_others_are_told_from_ours() -> None:
    hole = np.eye(9, dtype=bool)
    assert decode_mask(png_of(hole), "mask", 10**6) is None
    assert decode_mask(b"no picture", "mask", 10**6) is None
    damaged = encode_mask(hole, "drawn")[:-20]
    with pytest.raises(InputFileError):
        decode_mask(damaged, "mask", 10**6)


@given(HOLES, st.data())
def test_a_change_undoes_itself(hole: np.ndarray, data: st.DataObject) -> None:
    after = data.draw(arrays.arrays(bool, st.just(hole.shape)))
    box = bounds(hole ^ after)
    if box is None:
        assert (hole == after).all()
        return
    left, top, right, bottom = box
    assert (hole == after)[np.s_[:top]].all()
    change = pack_change((hole ^ after)[top:bottom, left:right])
    work = hole.copy()
    apply_change(work, box, change)
    assert (work == after).all()
    apply_change(work, box, change)
    assert (work == hole).all()


def test_boxes_and_numbers_are_sent_whole() -> None:
    hole = np.eye(40, 50, dtype=bool)
    assert (picture_of(encode_box(hole)) == hole * 255).all()
    numbers = np.arange(6000, dtype=np.uint16).reshape(60, 100) * 10
    assert (picture_of(encode_numbers(numbers)) == numbers).all()


def test_patches_are_gray_pictures_no_larger_than_the_page() -> None:
    gray = np.array([[0, 127, 128, 255]], np.uint8)
    assert read_patch(png_of(gray), (4, 1)).tolist() == [[False, False, True, True]]
    assert read_patch(png_of(gray > 0), (4, 1)).tolist() == [[False, True, True, True]]
    for data in (
        png_of(gray.repeat(2, axis=0)),
        png_of(np.zeros((1, 1, 3), np.uint8)),
        b"",
        b"\x89PNG\r\n\x1a\n",
        png_of(gray)[:40],
    ):
        with pytest.raises(ArgumentError):
            read_patch(data, (4, 1))
