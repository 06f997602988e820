from __future__ import annotations

import numpy as np
import pytest

from bokwon.image_io.formats.pdf.samples import keyed_samples, meaning_of, nearest_known, unpack


@pytest.mark.parametrize(
    ("data", "bits", "samples"),
    [
        (b"\xa0\x40", 1, [[1, 0, 1], [0, 1, 0]]),
        (b"\x1b\xe4", 2, [[0, 1, 2], [3, 2, 1]]),
        (b"\x12\x30\x45\x60", 4, [[1, 2, 3], [4, 5, 6]]),
        (bytes([1, 2, 3, 4, 5, 6]), 8, [[1, 2, 3], [4, 5, 6]]),
        (bytes([1, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6]), 16, [[256, 2, 3], [4, 5, 6]]),
    ],
)
def test_rows_begin_at_bytes(data: bytes, bits: int, samples: list[list[int]]) -> None:
    np.testing.assert_array_equal(unpack(data, (2, 3, 1), bits)[..., 0], samples)


def test_numbers_stand_for_colours() -> None:
    stored = np.array([[[0], [1], [9]]], np.uint8)
    palette = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    pixels, mode, notices = meaning_of("leaf", stored, "RGB", palette, 4)
    assert mode == "RGB"
    np.testing.assert_array_equal(pixels, palette[[[0, 1, 1]]])
    assert notices[0].startswith("leaf has a palette")
    pixels, mode, _ = meaning_of("leaf", stored & 1, "L", None, 1)
    assert (mode, pixels.tolist()) == ("1", [[False, True, True]])


def test_a_colour_key_has_a_range_for_each_channel() -> None:
    stored = np.array([[[1, 9], [2, 9], [2, 3]]], np.uint8)
    assert keyed_samples(None, stored) is None
    found = keyed_samples([1, 1, 5, 9], stored)
    assert found is not None
    assert found.tolist() == [[True, False, False]]
    with pytest.raises(ValueError, match="another number of channels"):
        keyed_samples([1, 1], stored)


def test_unknown_pixels_are_as_the_nearest_known_one() -> None:
    values = np.array([[True, False, False, False, False, False]])
    unknown = np.array([[False, True, True, True, True, False]])
    assert nearest_known(values, unknown).tolist() == [[True, True, True, False, False, False]]
    everything = np.ones((1, 6), bool)
    np.testing.assert_array_equal(nearest_known(values, everything), values)
    np.testing.assert_array_equal(nearest_known(values, ~everything), values)
