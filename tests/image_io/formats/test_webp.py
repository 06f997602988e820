from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.formats import webp
from bokwon.image_io.metadata import Metadata

RGBA = np.random.default_rng(7).integers(0, 256, (13, 21, 4)).astype(np.uint8)
RGBA[:5, :5, 3] = 0
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


def written(pixels: np.ndarray, mode: str, metadata: Metadata) -> bytes:
    stream = io.BytesIO()
    webp.encode(stream, pixels, mode, metadata)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_samples_are_kept_and_colours_under_transparency_too(mode: str) -> None:
    pixels = np.ascontiguousarray(RGBA[..., : len(mode)])
    data = written(pixels, mode, Metadata())
    page = webp.decode("page.webp", io.BytesIO(data), 1000)
    assert (page.format, page.mode) == ("WEBP", mode)
    np.testing.assert_array_equal(page.pixels, pixels)
    again = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(again[..., [2, 1, 0, 3][: len(mode)]], pixels)


def test_profile_exif_and_xmp_are_kept_and_resolution_is_not() -> None:
    exif = Image.Exif()
    exif[274], exif[315] = 6, "artist"
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    metadata = Metadata(icc=b"profile", exif=block, xmp=XMP, dpi=(300.0, 300.0))
    page = webp.decode("page.webp", io.BytesIO(written(RGBA, "RGBA", metadata)), 1000)
    assert page.metadata == Metadata(icc=b"profile", exif=block, xmp=XMP, orientation=6)


def test_animations_and_larger_pictures_are_refused() -> None:
    image = Image.fromarray(RGBA)
    stream = io.BytesIO()
    image.save(stream, "WEBP", save_all=True, append_images=[Image.new("RGBA", image.size)])
    with pytest.raises(InputFileError, match=r"page\.webp holds 2 pages"):
        webp.decode("page.webp", stream, 1000)
    with pytest.raises(InputFileError, match="more than"):
        webp.decode("page.webp", io.BytesIO(written(RGBA, "RGBA", Metadata())), 13 * 21 - 1)


def test_chunks_that_are_not_kept_and_bytes_behind_are_told() -> None:
    data = written(RGBA, "RGBA", Metadata(xmp=XMP))
    extra = b"noTe" + struct.pack("<I", 5) + b"folio\0"
    grown = data[:4] + struct.pack("<I", len(data) - 8 + len(extra)) + data[8:] + extra
    page = webp.decode("page.webp", io.BytesIO(grown + b"film"), 1000)
    assert page.notices == (
        "page.webp: chunks that are not known are not kept: noTe",
        "page.webp: 4 bytes behind its picture are not kept",
    )
    np.testing.assert_array_equal(page.pixels, RGBA)
    assert webp.decode("page.webp", io.BytesIO(data), 1000).notices == ()
    assert webp.size_of(io.BytesIO(data)) == (21, 13)
