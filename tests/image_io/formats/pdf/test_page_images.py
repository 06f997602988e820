from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from bokwon.image_io.formats.pdf.content import ContentReader, Drawn
from bokwon.image_io.formats.pdf.page_images import find_picture

Add = Callable[..., Any]
SCAN, SMALL = np.zeros((30, 40), np.uint8), np.zeros((10, 10), np.uint8)


def draw(number: int, width: float, height: float, left: float = 0, bottom: float = 0) -> str:
    return f"q {width} 0 0 {height} {left} {bottom} cm /Im{number} Do Q "


def drawn_images(page: pikepdf.Page) -> list[Drawn]:
    return ContentReader(pikepdf).drawn_images(page)


def sizes(drawn: list[Drawn]) -> list[tuple[int, int]]:
    return [(int(item.image.Width), int(item.image.Height)) for item in find_picture(drawn)]


def test_images_of_forms_and_of_the_content_are_found(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    form = pdf.make_stream(draw(0, 10, 10).encode())
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 10, 10])
    form.Matrix = Array([3, 0, 0, 2, 0, 0])
    form.Resources = Dictionary(XObject=Dictionary(Im0=add_image(SCAN)))
    page = add_page("/Im0 Do q 5 0 0 5 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q", pdf.make_indirect(form))
    inner, inline = drawn_images(page)
    assert (inner.pixels, inner.area) == (1200, 600.0)
    assert (inline.image, inline.area) == (None, 25.0)
    assert sizes([inner, inline]) == [(40, 30)]


def test_the_largest_image_is_the_picture(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    page = add_page(draw(0, 10, 10) + draw(1, 150, 150), add_image(SCAN), add_image(SMALL))
    assert sizes(drawn_images(page)) == [(10, 10)]
    assert find_picture([]) == []


def test_of_images_of_one_place_the_finest_is_the_picture(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    # A colour behind the page, a coarse background and the scan.
    images = add_image(SCAN[:4, :4]), add_image(SMALL), add_image(SCAN)
    page = add_page(draw(0, 200, 200) + draw(1, 200, 200) + draw(2, 190, 190), *images)
    assert sizes(drawn_images(page)) == [(40, 30)]


def test_a_stencil_is_the_scan_where_a_picture_is_only_a_stamp(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    stencil = add_image(np.zeros((50, 60), bool), ImageMask=True)
    page = add_page(draw(0, 200, 200) + draw(1, 50, 50), stencil, add_image(SCAN))
    assert sizes(drawn_images(page)) == [(60, 50)]
    page = add_page(draw(0, 200, 200) + draw(1, 150, 150), stencil, add_image(SCAN))
    assert sizes(drawn_images(page)) == [(40, 30)]


def test_many_stencils_are_letters(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    stencils = [add_image(np.zeros((50, 60), bool), ImageMask=True) for _ in range(3)]
    page = add_page("".join(draw(n, 20, 20, 30 * n) for n in range(3)), *stencils)
    assert sizes(drawn_images(page)) == []


@pytest.mark.parametrize(("gap", "strips"), [(0.0, 3), (0.9, 3), (1.5, 1)])
def test_strips_that_touch_are_one_picture(
    pdf: pikepdf.Pdf, add_image: Add, add_page: Add, gap: float, strips: int
) -> None:
    heights = (12, 8, 10)
    images = [add_image(np.zeros((height, 40), np.uint8)) for height in heights]
    tops = np.cumsum([0, *heights[:-1]]) + gap * np.arange(3)
    # One point a pixel, the last strip drawn first.
    content = "".join(draw(n, 40, heights[n], 0, 100 - tops[n] - heights[n]) for n in (2, 0, 1))
    found = sizes(drawn_images(add_page(content, *images)))
    assert found == [(40, 12), (40, 8), (40, 10)][:strips]


def test_a_matrix_that_makes_no_sense_has_no_area(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    (item,) = drawn_images(add_page("q /x 0 0 cm /Im0 Do Q", add_image(SCAN)))
    assert (item.matrix, item.area) == (None, 0.0)
    assert sizes([item]) == [(40, 30)]
