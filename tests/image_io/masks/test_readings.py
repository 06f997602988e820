from __future__ import annotations

import io
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from bokwon.cli import options
from bokwon.errors import ArgumentError
from bokwon.image_io.masks import MaskAs, MaskView, Reading, read_samples
from bokwon.image_io.modes import from_pillow
from bokwon.image_io.reader import Source, read_page

HOLE = np.zeros((80, 120), bool)
HOLE[30:50, 40:80] = True
WHITE = np.where(HOLE, 255, 0).astype(np.uint8)


def page() -> np.ndarray:
    """Paper of one tone with lines of ink."""
    picture = np.full((*HOLE.shape, 3), (236, 226, 205), np.uint8)
    for row in range(6, 76, 10):
        for column in range(5, 110, 6):
            picture[row : row + 6, column : column + 3] = (60, 50, 45)
    return picture


def read(image: Image.Image, file_format: str = "PNG", **settings: object) -> Reading:
    """Read a mask as a file gives it."""
    stream = io.BytesIO()
    image.save(stream, file_format, **({"quality": 90} if file_format == "JPEG" else {}))
    mask = read_page(Source("mask", data=stream.getvalue()))
    return read_samples(mask.pixels, mask.mode, scan=(page(), "RGB"), **settings)  # type: ignore[arg-type]


def plain_masks() -> dict[str, tuple[Image.Image, str]]:
    gray = Image.fromarray(WHITE)
    opaque = np.full_like(WHITE, 255)
    return {
        "1": (Image.fromarray(HOLE), "PNG"),
        "L": (gray, "PNG"),
        "LA": (Image.fromarray(np.dstack([WHITE, opaque])), "PNG"),
        "P": (gray.convert("RGB").quantize(2), "PNG"),
        "RGB": (gray.convert("RGB"), "PNG"),
        "RGBA": (gray.convert("RGBA"), "PNG"),
        "CMYK": (gray.convert("CMYK"), "TIFF"),
        "I;16": (Image.fromarray(WHITE.astype(np.uint16) * 257), "PNG"),
        "BMP": (gray, "BMP"),
        "JPEG": (gray, "JPEG"),
    }


@pytest.mark.parametrize("kind", sorted(plain_masks()))
def test_masks_of_every_mode_say_the_same(kind: str) -> None:
    reading = read(*plain_masks()[kind])
    np.testing.assert_array_equal(reading.hole, HOLE)
    assert reading.hole.dtype == np.bool_
    assert reading.kind == "gray"
    assert reading.said.startswith("white is hole")
    assert reading.plain is (kind != "JPEG")
    np.testing.assert_array_equal(read(*plain_masks()[kind], white_is_hole=False).hole, ~HOLE)


def test_a_soft_mask_is_cut_at_half_and_it_is_said() -> None:
    row = np.repeat(np.array([0, 127, 128, 255], np.uint8), [60, 1, 1, 60])
    reading = read_samples(row[None], "L")
    np.testing.assert_array_equal(reading.hole[0], row >= 128)
    assert "2 gray pixels" in reading.said


# 1: painted on a copy of the scan.


@pytest.mark.parametrize("paint", [(255, 0, 0), (255, 255, 255), (0, 0, 0), (240, 230, 210)])
@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_what_was_painted_on_a_copy_is_hole(paint: tuple[int, int, int], file_format: str) -> None:
    painted = page()
    painted[HOLE] = paint
    reading = read(Image.fromarray(painted), file_format)
    assert reading.kind == "painted"
    np.testing.assert_array_equal(reading.hole, (painted != page()).any(axis=-1) & HOLE)
    # Paint of the ink's own colour hides nothing of it.
    assert reading.hole.sum() > 0.6 * HOLE.sum()


def test_a_painted_copy_that_was_saved_as_jpeg_is_read_too() -> None:
    painted = page()
    painted[HOLE] = (255, 0, 0)
    reading = read(Image.fromarray(painted), "JPEG")
    assert reading.kind == "painted"
    assert (reading.hole & HOLE).sum() == HOLE.sum()
    # JPEG's blocks of 8 pixels, at twice the size where colour is stored at half of it.
    near = np.zeros_like(HOLE)
    near[14:66, 24:96] = True
    assert not (reading.hole & ~near).any()


def test_a_scratch_drawn_on_a_copy_is_hole() -> None:
    painted = page()
    scratch = np.zeros_like(HOLE)
    scratch[:, 60] = True
    painted[scratch] = (0, 255, 0)
    np.testing.assert_array_equal(read(Image.fromarray(painted)).hole, scratch)


def test_a_copy_of_a_gray_or_a_deep_scan_is_compared_too() -> None:
    gray = page()[..., 0]
    painted = np.where(HOLE, 255, gray).astype(np.uint8)
    scan = (gray.astype(np.uint16) * 257, "L")
    reading = read_samples(painted, "L", scan=scan)
    np.testing.assert_array_equal(reading.hole, HOLE)
    assert reading.kind == "painted"


def test_a_copy_of_a_black_and_white_scan_is_told_from_a_mask() -> None:
    scan = page()[..., 0] > 128
    painted = scan & ~HOLE
    reading = read_samples(painted, "1", scan=(scan, "1"))
    assert reading.kind == "painted"
    np.testing.assert_array_equal(reading.hole, scan & HOLE)
    assert read_samples(HOLE, "1", scan=(scan, "1")).kind == "gray"
    assert read_samples(~HOLE, "1", scan=(scan, "1")).kind == "gray"


def test_a_scan_that_shows_a_gray_in_its_last_row_alone_is_not_black_and_white() -> None:
    scan = np.where(np.random.default_rng(0).random((300, 120)) < 0.5, 0, 255).astype(np.uint8)
    mask = scan.copy()
    mask[30:50, 40:80] = 255 - mask[30:50, 40:80]
    assert read_samples(mask, "L", scan=(scan, "L")).kind == "painted"
    scan[-1] = 128
    assert read_samples(mask, "L", scan=(scan, "L")).kind == "gray"


def test_a_copy_that_nobody_painted_on_has_no_hole() -> None:
    for file_format in ("PNG", "JPEG"):
        reading = read(Image.fromarray(page()), file_format)
        assert reading.kind == "painted"
        assert not reading.hole.any()


def test_a_white_mask_on_bright_paper_is_no_copy() -> None:
    bright = page()
    bright[bright > 128] = 250
    inverse = np.where(HOLE, 3, 252).astype(np.uint8)
    reading = read_samples(inverse, "L", scan=(bright, "RGB"), white_is_hole=False)
    assert reading.kind == "gray"
    np.testing.assert_array_equal(reading.hole, HOLE)


# 2 and 3: transparency.


def test_what_was_erased_from_a_copy_is_hole() -> None:
    erased = np.dstack([page(), np.where(HOLE, 0, 255)]).astype(np.uint8)
    reading = read(Image.fromarray(erased))
    assert (reading.kind, reading.said) == ("erased", "a copy of the image, what is erased is hole")
    np.testing.assert_array_equal(reading.hole, HOLE)
    erased[HOLE, :3] = 0
    erased[5:15, 5:15, :3] = (255, 0, 0)
    reading = read(Image.fromarray(erased))
    assert "erased or painted" in reading.said
    assert reading.hole[5:15, 5:15].all()
    assert reading.hole[HOLE].all()


def test_what_the_scan_itself_lacks_is_not_erased() -> None:
    scan = np.dstack([page(), np.full(HOLE.shape, 255)]).astype(np.uint8)
    scan[:10, :, 3] = 0
    erased = scan.copy()
    erased[HOLE, 3] = 0
    reading = read_samples(erased, "RGBA", scan=(scan, "RGBA"))
    np.testing.assert_array_equal(reading.hole, HOLE)


@pytest.mark.parametrize("paint", [(255, 255, 255), (0, 0, 0), (255, 0, 0)])
@pytest.mark.parametrize("opacity", [255, 100, 33])
def test_what_was_drawn_on_a_transparent_layer_is_hole(paint: tuple[int, int, int], opacity: int) -> None:
    layer = np.zeros((*HOLE.shape, 4), np.uint8)
    layer[HOLE] = (*paint, opacity)
    # A second stroke covers fully.
    layer[30:32, 40:44, 3] = 255
    reading = read(Image.fromarray(layer))
    assert reading.kind == "drawn"
    np.testing.assert_array_equal(reading.hole, HOLE)
    np.testing.assert_array_equal(read(Image.fromarray(layer), how="drawn").hole, HOLE)


def test_transparent_pixels_of_a_black_and_white_mask_are_no_hole() -> None:
    mask = np.dstack([WHITE, WHITE, WHITE, np.full_like(WHITE, 255)])
    mask[:10, :, 3] = 0
    reading = read(Image.fromarray(mask))
    assert "transparent pixels are no hole" in reading.said
    np.testing.assert_array_equal(reading.hole, HOLE)
    without = read(Image.fromarray(mask), white_is_hole=False)
    assert not without.hole[:10].any()
    with pytest.raises(ArgumentError, match="transparent everywhere"):
        read(Image.fromarray(np.zeros((*HOLE.shape, 4), np.uint8)))


# 4: labels.


def palette_mask() -> Image.Image:
    image = Image.fromarray(HOLE.astype(np.uint8)).convert("P")
    image.putpalette([0, 0, 0, 128, 0, 0])
    return image


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (Image.fromarray(HOLE.astype(np.uint8)), "value 1"),
        (Image.fromarray(HOLE.astype(np.uint8) * 7), "value 7"),
        (Image.fromarray(HOLE.astype(np.uint16)), "value 1"),
        (Image.fromarray(HOLE.astype(np.uint16) * 300), "value 300"),
        (palette_mask(), "colour #800000"),
        (Image.fromarray(np.where(HOLE[..., None], (0, 0, 200), 0).astype(np.uint8)), "colour #0000c8"),
    ],
)
def test_the_one_label_that_is_not_0_is_hole(mask: Image.Image, said: str) -> None:
    reading = read(mask)
    assert (reading.kind, reading.said) == ("labels", f"labels, {said} is hole")
    np.testing.assert_array_equal(reading.hole, HOLE)
    np.testing.assert_array_equal(read(mask, white_is_hole=False).hole, ~HOLE)


def test_an_all_black_mask_has_no_hole() -> None:
    for mode in ("1", "L", "LA", "I;16", "RGB", "RGBA"):
        mask = Image.new(mode, (120, 80), (0, 255) if mode == "LA" else (0, 0, 0, 255) if mode == "RGBA" else 0)
        reading = read(mask)
        assert reading.plain
        assert not reading.hole.any()


# 6: what could mean two things.

THREE = np.zeros(HOLE.shape, np.uint8)
THREE[30:50, 40:60] = 1
THREE[30:50, 60:80] = 2


@pytest.mark.parametrize(
    ("mask", "fault", "ways"),
    [
        (THREE, "values 0, 1 and 2", ("labels", "gray")),
        (THREE.astype(np.uint16), "several labels", ("labels", "gray")),
        (THREE * 127, "values 0, 127 and 254", ("labels", "gray")),
        (np.where(HOLE[..., None], (255, 0, 0), 255), "has colours", ("colour", "gray")),
        (np.dstack([255 - page(), np.where(HOLE, 0, 255)]), "transparent parts", ("erased", "drawn")),
    ],
)
def test_what_could_mean_two_things_is_refused_with_both_readings(
    mask: np.ndarray, fault: str, ways: tuple[str, str]
) -> None:
    image = Image.fromarray(mask if mask.dtype == np.uint16 else mask.astype(np.uint8))
    with pytest.raises(ArgumentError, match=fault) as error:
        read(image)
    for way in ways:
        assert f"--mask-as {way} (" in error.value.fix
        # The option that the message names decides.
        assert read(image, how=way).kind == way


def test_a_picture_that_is_no_copy_is_not_offered_as_one() -> None:
    image = Image.fromarray(np.tile(np.arange(120, dtype=np.uint8), (80, 1)))
    with pytest.raises(ArgumentError, match=r"grays from 0 to 119\) nor a copy") as error:
        read(image)
    assert "--mask-as painted" not in error.value.fix
    assert "--mask-as gray (" in error.value.fix
    assert read(image, how="gray").kind == "gray"


@pytest.mark.parametrize(("dark", "light"), [(50, 200), (100, 255), (5, 128)])
def test_of_two_values_without_black_either_may_be_hole(dark: int, light: int) -> None:
    mask = Image.fromarray(np.where(HOLE, light, dark).astype(np.uint8))
    with pytest.raises(ArgumentError, match=f"values {dark} and {light}, and either may be hole") as error:
        read(mask)
    assert f"--mask-as gray --holes white ({light} is hole)" in error.value.fix
    assert f"--mask-as gray --holes black ({dark} is hole)" in error.value.fix
    np.testing.assert_array_equal(read(mask, how="gray").hole, HOLE)
    np.testing.assert_array_equal(read(mask, how="gray", white_is_hole=False).hole, ~HOLE)


@pytest.mark.parametrize(("dark", "light"), [(1, 2), (150, 255)])
def test_two_values_that_no_option_can_part_are_to_be_redrawn(dark: int, light: int) -> None:
    with pytest.raises(ArgumentError, match="either may be hole") as error:
        read(Image.fromarray(np.where(HOLE, light, dark).astype(np.uint8)))
    assert error.value.fix == "redraw it in black and white"


def test_the_option_decides() -> None:
    pair = Image.fromarray(np.where(HOLE, 200, 50).astype(np.uint8))
    assert read(pair, how="labels").hole.all()
    red = Image.fromarray(np.where(HOLE[..., None], (255, 0, 0), 255).astype(np.uint8))
    np.testing.assert_array_equal(read(red, how="colour").hole, HOLE)
    np.testing.assert_array_equal(read(red, how="gray").hole, ~HOLE)
    np.testing.assert_array_equal(read(Image.fromarray(THREE), how="labels").hole, HOLE)
    layer = Image.fromarray(np.dstack([WHITE, np.where(HOLE, 255, 0).astype(np.uint8)]))
    np.testing.assert_array_equal(read(layer, how="erased").hole, ~HOLE)
    np.testing.assert_array_equal(read(layer, how="drawn").hole, HOLE)
    for way, fault in (("erased", "no transparent"), ("drawn", "no transparent"), ("painted", "no copy")):
        with pytest.raises(ArgumentError, match=fault):
            read(Image.fromarray(WHITE), how=way)
    with pytest.raises(ArgumentError, match="another size"):
        read_samples(WHITE, "L", how="painted")


def test_the_command_offers_every_reading() -> None:
    assert get_args(options.MaskAs) == get_args(MaskAs)
    assert get_args(options.MaskView) == get_args(MaskView)


def test_pillow_masks_are_read_alike() -> None:
    pixels, mode, _ = from_pillow(palette_mask())
    np.testing.assert_array_equal(read_samples(pixels, mode).hole, HOLE)
