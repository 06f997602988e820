from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import tifffile

from bokwon.errors import InputFileError
from bokwon.image_io.formats import opencv

DEEP = np.random.default_rng(8).integers(0, 65536, (11, 13, 4)).astype(np.uint16)


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_what_is_encoded_is_decoded(extension: str, channels: int) -> None:
    pixels = np.ascontiguousarray(DEEP[..., :channels])
    data = opencv.encode(extension, pixels)
    high = (pixels >> 8).astype(np.uint8)
    np.testing.assert_array_equal(opencv.decode_sixteen_bits("page", data, high), pixels)


def test_channels_are_red_green_blue_for_other_decoders() -> None:
    data = opencv.encode(".tiff", np.ascontiguousarray(DEEP[..., :3]), [cv2.IMWRITE_TIFF_COMPRESSION, 1])
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert file.pages[0].compression == 1
        np.testing.assert_array_equal(file.asarray(), DEEP[..., :3])


@pytest.mark.parametrize(
    "data", [b"no file at all", cv2.imencode(".png", np.zeros((11, 13, 3), np.uint8))[1].tobytes()]
)
def test_decoders_that_do_not_agree_are_an_error(data: bytes) -> None:
    with pytest.raises(InputFileError, match="page stores 16-bit colour in a way that Pillow and OpenCV"):
        opencv.decode_sixteen_bits("page", data, (DEEP[..., :3] >> 8).astype(np.uint8))


def test_samples_whose_high_bytes_are_others_are_an_error() -> None:
    pixels = np.ascontiguousarray(DEEP[..., :3])
    high = (pixels >> 8).astype(np.uint8)
    high[3, 4, 1] ^= 1
    with pytest.raises(InputFileError, match="read differently"):
        opencv.decode_sixteen_bits("page", opencv.encode(".png", pixels), high)
