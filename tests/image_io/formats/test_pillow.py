from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from bokwon.errors import InputFileError
from bokwon.image_io.formats import pillow
from bokwon.image_io.metadata import Metadata

RGB = np.random.default_rng(7).integers(0, 256, (13, 21, 3)).astype(np.uint8)


def saved(file_format: str, **settings: object) -> io.BytesIO:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, file_format, **settings)
    return stream


def test_a_page_is_samples_mode_and_metadata() -> None:
    exif = Image.Exif()
    exif[274] = 8
    stream = saved("PNG", exif=exif, icc_profile=b"profile", dpi=(254, 127))
    with pillow.opened("page", stream, "PNG", 1000) as image:
        page = pillow.page_of("page", image, "PNG")
    np.testing.assert_array_equal(page.pixels, RGB)
    assert page.metadata == Metadata(
        icc=b"profile", exif=exif.tobytes().removeprefix(b"Exif\0\0"), dpi=(254.0, 127.0), orientation=8
    )
    assert not stream.closed


def test_only_the_format_that_is_named_is_opened() -> None:
    with pytest.raises(UnidentifiedImageError), pillow.opened("page", saved("PNG"), "BMP", 1000):
        pass


def test_the_limit_is_in_pixels() -> None:
    with pillow.opened("page", saved("PNG"), "PNG", 13 * 21) as image:
        assert image.size == (21, 13)
    with pytest.raises(InputFileError, match="page has more than"), pillow.opened("page", saved("PNG"), "PNG", 272):
        pass


def test_several_pages_are_refused() -> None:
    stream = saved("WEBP", save_all=True, append_images=[Image.fromarray(255 - RGB)], lossless=True)
    with pytest.raises(InputFileError, match="page holds 2 pages"), pillow.opened("page", stream, "WEBP", 1000):
        pass
    pillow.check_single("page", 1)


def test_orientation_is_told_before_pillow_turns_a_tiff() -> None:
    with pillow.opened("page", saved("TIFF", tiffinfo={274: 6}), "TIFF", 1000) as image:
        assert pillow.load(image) == 6
        assert image.size == (13, 21)


@pytest.mark.parametrize("dpi", [(0, 0), (72.0, 72.0, 72.0), 72, (1e9, 1e9)])
def test_a_resolution_that_means_nothing_is_none(dpi: object) -> None:
    image = Image.fromarray(RGB)
    image.info["dpi"] = dpi
    assert pillow.metadata_of(image, 1).dpi is None


def test_xmp_as_text_becomes_bytes() -> None:
    image = Image.fromarray(RGB)
    image.info["XML:com.adobe.xmp"] = "<사/>"
    assert pillow.metadata_of(image, 1).xmp == "<사/>".encode()
