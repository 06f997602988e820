from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.modes import (
    MODES,
    alpha,
    bit_depth,
    check_pixels,
    from_pillow,
    is_deep,
    missing_pixels,
    mode_of_array,
    multiplied_alpha,
    to_pillow,
)

NOISE = np.random.default_rng(1).integers(0, 256, (6, 9, 4)).astype(np.uint8)
DEEP = np.random.default_rng(2).integers(0, 65536, (6, 9)).astype(np.uint16)


@pytest.mark.parametrize(
    ("array", "mode"),
    [
        (NOISE[..., 0] > 127, "1"),
        (NOISE[..., 0], "L"),
        (NOISE[..., :1], "L"),
        (DEEP, "L"),
        (NOISE[..., :2], "LA"),
        (NOISE[..., :3], "RGB"),
        (NOISE, "RGBA"),
    ],
)
def test_the_mode_of_an_array(array: np.ndarray, mode: str) -> None:
    assert mode_of_array(array) == mode


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 4)), "image has dtype float64; pass uint8 or uint16"),
        (np.zeros((4, 4, 3), bool), "image has dtype bool"),
        (np.zeros((4, 4, 5), np.uint8), r"image has shape \(4, 4, 5\)"),
        (np.zeros((0, 4), np.uint8), "not empty"),
        (np.zeros(4, np.uint8), r"image has shape \(4,\)"),
    ],
)
def test_what_is_no_image_array(array: np.ndarray, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        mode_of_array(array)


@pytest.mark.parametrize("mode", sorted(MODES))
def test_samples_go_to_pillow_and_back(mode: str) -> None:
    channels = MODES[mode]
    pixels = NOISE[..., 0] > 127 if mode == "1" else NOISE[..., 0] if channels == 1 else NOISE[..., :channels]
    image = to_pillow(pixels, mode)
    assert image.mode == mode
    again, again_mode, notices = from_pillow(image)
    assert (again_mode, notices) == (mode, ())
    assert again.dtype == pixels.dtype
    np.testing.assert_array_equal(again, pixels)


@pytest.mark.parametrize("like", ["I;16", "I;16B", "I"])
def test_gray_of_sixteen_bits_comes_back_in_its_own_mode(like: str) -> None:
    image = to_pillow(DEEP, "L", like)
    assert image.mode == like
    pixels, mode, _ = from_pillow(image)
    assert (mode, pixels.dtype) == ("L", np.uint16)
    np.testing.assert_array_equal(pixels, DEEP)


def test_long_images_are_copied_in_bands() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (2100, 3, 3)).astype(np.uint8)
    np.testing.assert_array_equal(from_pillow(Image.fromarray(pixels))[0], pixels)


@pytest.mark.parametrize(("transparency", "mode"), [(None, "RGB"), (3, "RGBA")])
def test_a_palette_becomes_its_colours_and_it_is_said(transparency: int | None, mode: str) -> None:
    image = Image.fromarray(NOISE[..., :3]).quantize(8)
    if transparency is not None:
        image.info["transparency"] = transparency
    pixels, found, notices = from_pillow(image)
    assert found == mode
    np.testing.assert_array_equal(pixels, np.array(image.convert(mode)))
    assert notices == (f"palette image: comes back as {mode}, because a filled hole needs colours the palette lacks",)


@pytest.mark.parametrize("image", [Image.new("F", (2, 2)), Image.new("HSV", (2, 2)), Image.new("I", (2, 2), 70_000)])
def test_other_modes_are_refused(image: Image.Image) -> None:
    with pytest.raises(ArgumentError, match=f"image has Pillow mode {image.mode}"):
        from_pillow(image)


def test_deep_is_colour_of_sixteen_bits() -> None:
    assert is_deep(np.zeros((2, 2, 3), np.uint16))
    assert not is_deep(DEEP)
    assert not is_deep(NOISE)


def test_what_is_transparent_is_missing_too() -> None:
    hole = np.zeros((6, 9), bool)
    hole[0] = True
    pixels = NOISE.copy()
    pixels[..., 3] = 255
    pixels[1, 2, 3] = 0
    assert alpha(pixels, "RGB") is None
    assert missing_pixels(pixels, "CMYK", hole) is hole
    missing = missing_pixels(pixels, "RGBA", hole)
    assert missing.sum() == 10
    assert missing[1, 2]
    # Of nothing one learns nothing: what is known under transparency counts then.
    pixels[..., 3] = 0
    assert missing_pixels(pixels, "RGBA", hole) is hole


def test_errors_name_the_image() -> None:
    with pytest.raises(InputFileError, match=r"^page has more than 400 megapixels; split it"):
        check_pixels("page", (20_000, 20_001), 400_000_000)
    check_pixels("page", (20_000, 20_000), 400_000_000)
    assert str(multiplied_alpha("page")) == (
        "page has colours multiplied by its alpha; save it with unassociated alpha"
    )


@pytest.mark.parametrize(("kind", "bits"), [(bool, 1), (np.uint8, 8), (np.uint16, 16)])
def test_the_depth_is_that_of_a_sample(kind: type, bits: int) -> None:
    assert bit_depth(np.zeros((2, 3), kind)) == bits
