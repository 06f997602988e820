from __future__ import annotations

import io
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bokwon.errors import BokwonError, InputFileError
from bokwon.image_io.reader import Source, read_page

FORMATS = ["PNG", "JPEG", "TIFF", "WEBP", "BMP"]


def saved(file_format: str, **settings: object) -> bytes:
    pixels = np.random.default_rng(3).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, **settings)
    return buffer.getvalue()


def read(data: bytes, **settings: int) -> None:
    read_page(Source("page.png", data=data), **settings)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_truncated_file_is_damaged(file_format: str) -> None:
    data = saved(file_format)
    with pytest.raises(InputFileError, match=r"page\.png is (damaged|not an image)"):
        read(data[: len(data) * 2 // 3])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"this is a letter, not a picture of one", "not an image"),
        (b"%PDF-1.7\n", "is a PDF"),
    ],
)
def test_what_is_no_image_says_what_it_is(data: bytes, message: str) -> None:
    with pytest.raises(InputFileError, match=message) as caught:
        read(data)
    assert caught.value.fix


def test_a_damaged_sixteen_bit_png_is_one_error_and_opencv_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    import cv2

    noise = np.random.default_rng(0).integers(0, 65536, (40, 60, 3)).astype(np.uint16)
    done, encoded = cv2.imencode(".png", noise)
    assert done
    with pytest.raises(InputFileError, match="damaged"):
        read(encoded.tobytes()[: len(encoded) // 2])
    assert capfd.readouterr() == ("", "")


def test_sixteen_bit_colour_that_would_be_misread_is_refused() -> None:
    from bokwon.image_io.formats.tiff import directories

    noise = np.random.default_rng(0).integers(0, 65536, (8, 8, 4)).astype(np.uint16)
    stream = io.BytesIO()
    from bokwon.image_io.metadata import Metadata
    from bokwon.image_io.output_formats import encode_page

    encode_page(stream, noise, "RGBA", "TIFF", Metadata())
    data = stream.getvalue()
    directory = directories.parse(stream)
    # Colours said to be multiplied by alpha: Pillow divides, OpenCV does not.
    directory[338] = directories.Entry.shorts(1)
    (position,) = struct.unpack("<I", data[4:8])
    with pytest.raises(InputFileError, match="multiplied by its alpha"):
        read(data[:position] + directories.serialise(directory, position))


def test_files_of_several_pages_are_refused() -> None:
    more = [Image.new("RGB", (60, 40))]
    with pytest.raises(InputFileError, match="holds 2 pages"):
        read(saved("TIFF", save_all=True, append_images=more))
    with pytest.raises(InputFileError, match="holds 2 pages"):
        read(saved("WEBP", save_all=True, append_images=more))


@pytest.mark.parametrize("mode", ["F", "LAB", "I"])
def test_tiff_modes_that_cannot_be_kept_are_refused(mode: str) -> None:
    stream = io.BytesIO()
    Image.new(mode, (5, 4)).save(stream, "TIFF")
    with pytest.raises(InputFileError):
        read(stream.getvalue())


def test_too_many_pixels_are_refused_before_decoding() -> None:
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(InputFileError, match="more than"):
        read(saved("PNG"), max_pixels=60 * 40 - 1)
    with pytest.raises(InputFileError, match="more than"):
        read(saved("PNG"), max_pixels=60)
    read(saved("PNG"), max_pixels=60 * 40)
    assert limit == Image.MAX_IMAGE_PIXELS


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12),
    st.floats(0.2, 1),
)
def test_mutated_files_give_a_page_or_a_documented_error(
    file_format: str, changes: list[tuple[float, int]], kept: float
) -> None:
    data = bytearray(saved(file_format))
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    # Whatever is not a documented error goes through and fails the test.
    with suppress(BokwonError):
        read(bytes(data[: int(len(data) * kept)]), max_pixels=10**6)
