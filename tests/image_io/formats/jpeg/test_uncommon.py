"""JPEG-LS, lossless JPEG, and JPEG of more than 8 bits a sample."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import imagecodecs
import numpy as np
import pytest

from bokwon.errors import InputFileError, MemoryLimitError, MissingDependencyError
from bokwon.image_io.formats.jpeg.structure import structure_of
from bokwon.image_io.formats.jpeg.uncommon import decode_uncommon
from bokwon.types import Pixels

RNG = np.random.default_rng(5)
GRAY = RNG.integers(0, 256, (24, 32)).astype(np.uint8)
RGB = RNG.integers(0, 256, (24, 32, 3)).astype(np.uint8)
SMOOTH = np.add.outer(np.arange(24), np.arange(32)).astype(np.uint16)


def decoded(data: bytes) -> tuple[Pixels, str, tuple[str, ...]]:
    return decode_uncommon("leaf.jpg", bytes(data), structure_of(bytes(data)))


@pytest.mark.parametrize("samples", [GRAY, RGB, GRAY.astype(np.uint16) * 257, RGB.astype(np.uint16) * 257])
@pytest.mark.parametrize("coding", ["JPEG-LS", "lossless"])
def test_what_is_coded_without_loss_comes_back_as_it_was(samples: np.ndarray, coding: str) -> None:
    if coding == "JPEG-LS":
        data = imagecodecs.jpegls_encode(samples)
    else:
        data = imagecodecs.jpeg8_encode(samples, lossless=True, bitspersample=8 * samples.itemsize)
    pixels, mode, notices = decoded(data)
    np.testing.assert_array_equal(pixels, samples)
    assert (mode, notices) == ("L" if samples.ndim == 2 else "RGB", ())


@pytest.mark.parametrize(("bits", "depth"), [(12, 16), (5, 8)])
def test_black_and_white_of_other_depths_stay_black_and_white(bits: int, depth: int) -> None:
    white = (1 << bits) - 1
    samples = np.minimum(SMOOTH * max(white // 50, 1), white).astype(np.uint16 if bits > 8 else np.uint8)
    samples[0, :2] = 0, white
    pixels, _, notices = decoded(imagecodecs.jpeg8_encode(samples, lossless=True, bitspersample=bits))
    assert pixels.dtype == np.dtype(f"u{depth // 8}")
    assert (pixels[0, 0], pixels[0, 1]) == (0, (1 << depth) - 1)
    np.testing.assert_array_equal(pixels, np.rint(samples.astype(float) * ((1 << depth) - 1) / white))
    assert notices == (f"leaf.jpg: its samples of {bits} bits become {depth} bits, as bright as they were",)


def test_twelve_bits_with_loss_are_near_what_they_were() -> None:
    pixels, _, _ = decoded(imagecodecs.jpeg8_encode(SMOOTH * 70, bitspersample=12, level=98))
    assert np.abs(pixels / 65535 - SMOOTH * 70 / 4095).max() < 0.01


def test_the_second_decoder_is_asked_where_the_first_one_fails() -> None:
    # libjpeg looks for luma and chroma here, and finds no way to them.
    data = imagecodecs.jpeg8_encode(RGB, lossless=True)
    jfif = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    marked = data[:2] + jfif + data[2:]
    with pytest.raises(imagecodecs.Jpeg8Error):
        imagecodecs.jpeg8_decode(marked)
    np.testing.assert_array_equal(decoded(marked)[0], RGB)


def test_what_no_decoder_reads_is_named() -> None:
    cut = imagecodecs.jpegls_encode(RGB)[:200]
    with pytest.raises(InputFileError, match=r"leaf\.jpg is a JPEG-LS, which bokwon does not read; convert it to PNG"):
        decoded(cut)
    four = imagecodecs.jpegls_encode(np.dstack([RGB, GRAY]))
    with pytest.raises(InputFileError, match=r"is a JPEG-LS of 4 channels, which bokwon does not read"):
        decoded(four)


def test_too_little_memory_is_not_the_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: bytes) -> None:
        raise MemoryError

    monkeypatch.setitem(sys.modules, "imagecodecs", SimpleNamespace(jpegls_decode=fail))
    with pytest.raises(MemoryError) as caught:
        decoded(imagecodecs.jpegls_encode(GRAY))
    assert not isinstance(caught.value, MemoryLimitError)


def test_without_imagecodecs_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = imagecodecs.jpegls_encode(GRAY)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(
        MissingDependencyError, match=r"leaf\.jpg is a JPEG-LS, which takes imagecodecs.*bokwon\[archive"
    ):
        decoded(data)
