from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Name
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.formats.pdf.image_object import PdfPicture
from bokwon.image_io.formats.pdf.strips import PdfStrips

Add = Callable[..., Any]
GRAY = np.random.default_rng(3).integers(0, 256, (30, 33)).astype(np.uint8)
PARTS = [GRAY[:12], GRAY[12:20], GRAY[20:]]


def strips(images: list[Any], limit: int = 1200) -> PdfStrips:
    return PdfStrips(
        [PdfPicture(pikepdf.new(), image, "leaf", max_pixels=limit) for image in images], "leaf", max_pixels=limit
    )


def test_strips_are_read_as_one_picture(add_image: Add) -> None:
    page = strips([add_image(part) for part in PARTS]).read()
    np.testing.assert_array_equal(page.pixels, GRAY)
    assert (page.mode, page.format) == ("L", "PDF")
    assert page.notices == ("leaf is cut into 3 images: they are taken for one picture, from top to bottom",)


def test_a_page_is_a_jpeg_if_one_strip_is(add_image: Add) -> None:
    stream = io.BytesIO()
    Image.fromarray(PARTS[1]).save(stream, "JPEG")
    images = [add_image(PARTS[0]), add_image(PARTS[1], data=stream.getvalue(), Filter=Name.DCTDecode)]
    assert strips(images).read().format == "JPEG"


def test_only_strips_that_change_are_changed(add_image: Add) -> None:
    images = [add_image(part) for part in PARTS]
    whole = strips(images)
    page = whole.read()
    pixels = page.pixels.copy()
    pixels[13, 5] ^= 255
    ((strip, part),) = whole.changes(replace(page, pixels=pixels))
    assert strip.key == images[1].objgen
    np.testing.assert_array_equal(part.pixels, pixels[12:20])
    assert whole.changes(page) == []


def test_a_strip_that_changes_may_stand_in_one_place_only(add_image: Add) -> None:
    image = add_image(PARTS[0])
    whole = strips([image, image, add_image(PARTS[1])])
    page = whole.read()
    pixels = page.pixels.copy()
    pixels[-1] ^= 255
    assert len(whole.changes(replace(page, pixels=pixels))) == 1
    pixels[0] ^= 255
    with pytest.raises(InputFileError, match="leaf draws one image in several places"):
        whole.changes(replace(page, pixels=pixels))


def test_strips_of_different_modes_are_refused(add_image: Add) -> None:
    with pytest.raises(InputFileError, match="leaf is cut into images of different modes"):
        strips([add_image(PARTS[0]), add_image(PARTS[1] > 127)]).read()


def test_all_strips_together_are_held_against_the_limit(add_image: Add) -> None:
    with pytest.raises(InputFileError, match="leaf has more than"):
        strips([add_image(part) for part in PARTS], 30 * 33 - 1).read()
