from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.masks import as_hole, check_hole, looks_inverted, read_hole
from bokwon.image_io.reader import Source

HOLE = np.zeros((12, 20), bool)
HOLE[3:7, 4:11] = True
WHITE = np.where(HOLE, 255, 0).astype(np.uint8)


def mask_file(image: Image.Image, file_format: str = "PNG", **settings: object) -> Source:
    stream = io.BytesIO()
    image.save(stream, file_format, **settings)
    return Source("mask.png", data=stream.getvalue())


def masks() -> dict[str, Source]:
    gray = Image.fromarray(WHITE)
    opaque = np.full_like(WHITE, 255)
    return {
        "1": mask_file(Image.fromarray(HOLE)),
        "L": mask_file(gray),
        "LA": mask_file(Image.fromarray(np.dstack([WHITE, opaque]))),
        "P": mask_file(gray.convert("RGB").quantize(2)),
        "RGB": mask_file(gray.convert("RGB")),
        "RGBA": mask_file(gray.convert("RGBA")),
        "CMYK": mask_file(gray.convert("CMYK"), "TIFF"),
        "I;16": mask_file(Image.fromarray(WHITE.astype(np.uint16) * 257)),
        "BMP": mask_file(gray, "BMP"),
        "JPEG": mask_file(gray, "JPEG", quality=90),
    }


@pytest.mark.parametrize("kind", sorted(masks()))
def test_masks_of_every_mode_say_the_same(kind: str) -> None:
    hole, notices = read_hole(masks()[kind])
    np.testing.assert_array_equal(hole, HOLE)
    assert hole.dtype == np.bool_
    assert bool(notices) == (kind == "JPEG")


def test_black_is_hole_where_asked_for() -> None:
    hole, _ = read_hole(masks()["L"], white_is_hole=False)
    np.testing.assert_array_equal(hole, ~HOLE)


def test_gray_is_cut_at_half_and_it_is_said() -> None:
    hole, (notice,) = read_hole(mask_file(Image.fromarray(np.array([[0, 127, 128, 255]], np.uint8))))
    np.testing.assert_array_equal(hole, [[False, False, True, True]])
    assert "2 gray pixels" in notice
    assert notice.startswith("mask.png: ")


def test_transparent_pixels_are_no_hole_in_either_polarity() -> None:
    rgba = np.full((1, 3, 4), 255, np.uint8)
    rgba[0, 1] = 0, 0, 0, 255
    rgba[0, 2, 3] = 0
    hole, notices = read_hole(mask_file(Image.fromarray(rgba)))
    np.testing.assert_array_equal(hole, [[True, False, False]])
    assert "transparent" in notices[0]
    rgba[0, 2, :3] = 0
    hole, _ = read_hole(mask_file(Image.fromarray(rgba)), white_is_hole=False)
    np.testing.assert_array_equal(hole, [[False, True, False]])


def test_colours_in_a_mask_are_pointed_out() -> None:
    red = np.array([[[255, 0, 0], [255, 255, 0]]], np.uint8)
    hole, notices = read_hole(mask_file(Image.fromarray(red)))
    np.testing.assert_array_equal(hole, [[False, True]])
    assert "colours" in notices[0]


def test_a_mask_that_is_no_image_is_an_input_file_error() -> None:
    with pytest.raises(InputFileError, match=r"mask\.png"):
        read_hole(Source("mask.png", data=b"text"))


def test_arrays_of_bool_and_of_two_values_are_holes() -> None:
    for array in (HOLE, WHITE, HOLE.astype(np.uint8)):
        hole, notices = as_hole(array)
        np.testing.assert_array_equal(hole, HOLE)
        assert notices == ()
    np.testing.assert_array_equal(as_hole(Image.fromarray(WHITE))[0], HOLE)


@pytest.mark.parametrize(
    ("hole", "message"),
    [
        (np.array([[0, 1, 255]], np.uint8), "gray values"),
        (np.array([[7]], np.uint8), "gray values"),
        (np.array([[0.5]], np.float32), "dtype float32"),
        (np.array([[1]], np.int64), "dtype int64"),
        (HOLE[..., None], "shape"),
        ([[True]], "list"),
    ],
)
def test_what_could_mean_two_things_is_refused(hole: object, message: str) -> None:
    with pytest.raises(ArgumentError, match=message) as caught:
        as_hole(hole)
    assert caught.value.fix


def test_another_size_names_both_sizes_and_the_way_out() -> None:
    with pytest.raises(ArgumentError, match=r"20x12 and the image 40x24 pixels.*NEAREST"):
        check_hole(HOLE, (40, 24))


def test_a_mask_of_the_turned_view_is_explained() -> None:
    with pytest.raises(ArgumentError, match="EXIF orientation 6"):
        check_hole(HOLE, (12, 20), orientation=6)
    with pytest.raises(ArgumentError, match="NEAREST"):
        check_hole(HOLE, (12, 20), orientation=1)


def test_a_mask_over_everything_is_refused() -> None:
    with pytest.raises(ArgumentError, match="covers everything"):
        check_hole(np.ones((2, 3), bool), (3, 2))
    check_hole(HOLE, (20, 12))


def test_more_than_sixty_percent_looks_inverted() -> None:
    hole = np.zeros((10, 10), bool)
    hole[:6] = True
    assert not looks_inverted(hole)
    hole[6, 0] = True
    assert looks_inverted(hole)
