"""PNG's compression of samples."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

from bokwon.image_io.formats import png_samples


def unfiltered(stream: bytes, height: int) -> np.ndarray:
    rows = np.frombuffer(zlib.decompress(stream), np.uint8).reshape(height, -1)
    assert (rows[:, 0] == 2).all()
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (1500, 700), (1200, 400, 3), (2, 600_000), (900, 500, 4)])
def test_parts_make_one_stream(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 4, shape).astype(np.uint8)
    stream = b"".join(png_samples.compress(pixels))
    np.testing.assert_array_equal(unfiltered(stream, shape[0]), pixels.reshape(shape[0], -1))


def test_samples_of_16_bits_are_stored_with_the_high_byte_first() -> None:
    pixels = np.random.default_rng(0).integers(0, 1 << 16, (40, 30, 2)).astype(np.uint16)
    rows = unfiltered(b"".join(png_samples.compress(pixels)), 40)
    np.testing.assert_array_equal(rows.view(">u2").reshape(pixels.shape), pixels)


def test_the_stream_is_the_same_on_any_number_of_cores_and_as_small_as_in_one_piece(monkeypatch: Any) -> None:
    pixels = np.tile(np.random.default_rng(0).integers(0, 256, (1, 3000), np.uint8), (1200, 1))
    pixels[::2] += 1
    streams = []
    for cores in (1, 3):
        monkeypatch.setattr(png_samples, "available_cores", lambda cores=cores: cores)
        streams.append(b"".join(png_samples.compress(pixels)))
    assert streams[0] == streams[1]
    whole = zlib.compress(zlib.decompress(streams[0]), png_samples.COMPRESSION)
    assert len(streams[0]) < 1.02 * len(whole)
