from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from bokwon.image_io.formats import bmp
from bokwon.image_io.metadata import Metadata

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RGB = np.random.default_rng(7).integers(0, 256, (13, 21, 3)).astype(np.uint8)
SAMPLES = {"1": RGB[..., 0] > 127, "L": RGB[..., 0], "RGB": RGB}


def written(mode: str, metadata: Metadata) -> bytes:
    stream = io.BytesIO()
    bmp.encode(stream, SAMPLES[mode], mode, metadata)
    return stream.getvalue()


@pytest.mark.parametrize("icc", [None, ICC])
@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_samples_and_profile_are_read_as_they_were_written(mode: str, icc: bytes | None) -> None:
    data = written(mode, Metadata(icc=icc, dpi=(300.0, 150.0)))
    page = bmp.decode("page.bmp", io.BytesIO(data), 1000)
    assert (page.format, page.mode, page.notices) == ("BMP", mode, ())
    np.testing.assert_array_equal(page.pixels, SAMPLES[mode])
    assert page.metadata.icc == icc
    assert page.metadata.dpi == pytest.approx((300, 150), rel=1e-3)


@pytest.mark.parametrize("icc", [None, ICC])
def test_another_decoder_reads_it(icc: bytes | None) -> None:
    data = written("RGB", Metadata(icc=icc))
    (size,) = struct.unpack("<I", data[2:6])
    assert size == len(data)
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1], RGB)


def test_a_resolution_that_is_not_known_is_none() -> None:
    page = bmp.decode("page.bmp", io.BytesIO(written("RGB", Metadata())), 1000)
    assert page.metadata.dpi is None


def test_the_newest_header_holds_the_profile_at_its_end() -> None:
    data = written("L", Metadata(icc=b"profile"))
    assert data.endswith(b"profile")
    assert struct.unpack("<I", data[14:18]) == (124,)
    assert bmp.profile_of(io.BytesIO(data)) == b"profile"


@pytest.mark.parametrize("place", [-7, -1])
def test_a_profile_that_is_cut_off_is_none(place: int) -> None:
    data = written("L", Metadata(icc=b"profile"))
    assert bmp.profile_of(io.BytesIO(data[:place])) is None


def test_older_headers_have_no_profile() -> None:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "BMP")
    assert bmp.profile_of(stream) is None
    assert bmp.profile_of(io.BytesIO(b"BM")) is None
