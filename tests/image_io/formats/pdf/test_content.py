from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from bokwon.image_io.formats.pdf.content import ContentReader, Drawn, page_rotation
from bokwon.image_io.orientation import Orientation

Add = Callable[..., Any]
SCAN, SMALL = np.zeros((30, 40), np.uint8), np.zeros((10, 10), np.uint8)


def draw(number: int, width: float, height: float, left: float = 0, bottom: float = 0) -> str:
    return f"q {width} 0 0 {height} {left} {bottom} cm /Im{number} Do Q "


def drawn_images(page: pikepdf.Page) -> list[Drawn]:
    return ContentReader(pikepdf).drawn_images(page)


def test_images_are_found_in_order_with_their_places(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    page = add_page(
        "q 2 0 0 2 10 20 cm " + draw(1, 30, 20, 5) + "Q " + draw(0, 100, 50), add_image(SCAN), add_image(SMALL)
    )
    first, second = drawn_images(page)
    assert (first.pixels, second.pixels) == (100, 1200)
    assert (first.area, second.area) == (2400.0, 5000.0)
    corner, along, down = first.frame
    np.testing.assert_allclose(corner, [20, 60])
    np.testing.assert_allclose(along, [6, 0])
    np.testing.assert_allclose(down, [0, -4])


def test_images_that_are_only_named_are_not_drawn(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    page = add_page(draw(0, 10, 10) + "/Im7 Do", add_image(SCAN), add_image(SMALL))
    assert [item.pixels for item in drawn_images(page)] == [1200]


def test_forms_that_draw_themselves_come_to_an_end(pdf: pikepdf.Pdf, add_page: Add) -> None:
    form = pdf.make_indirect(pdf.make_stream(b"/Im0 Do"))
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 1, 1])
    form.Resources = Dictionary(XObject=Dictionary(Im0=form))
    assert drawn_images(add_page("/Im0 Do", form)) == []
    form.write(b"/Im0 Do " * 50)
    with pytest.raises(ValueError, match="draws more than 10000 forms"):
        drawn_images(add_page("/Im0 Do", form))


def test_the_path_to_an_image_leads_through_forms(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    form = pdf.make_indirect(pdf.make_stream(b"/Im0 Do"))
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 1, 1])
    form.Resources = Dictionary(XObject=Dictionary(Im0=add_image(SCAN)))
    found = drawn_images(add_page("/Im0 Do /Im1 Do", form, add_image(SMALL)))
    assert [item.path for item in found] == [("/Im0", "/Im0"), ("/Im1",)]


def test_content_in_several_parts_is_one(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    page = add_page("", add_image(SCAN))
    page.Contents = Array([pdf.make_stream(part) for part in (b"q 2 0 0 3 0 0", b"cm /Im0", b"Do Q")])
    (item,) = drawn_images(page)
    assert item.area == 6.0


def test_content_that_inflates_to_gigabytes_is_refused_before(pdf: pikepdf.Pdf, add_page: Add) -> None:
    page = add_page("")
    once = zlib.compress(b" " * (9 << 20), 9)
    page.Contents = pdf.make_stream(b"")
    page.Contents.write(once, filter=Name.FlateDecode)
    with pytest.raises(ValueError, match="inflates to more than"):
        drawn_images(page)
    page.Contents = pdf.make_stream(b"")
    page.Contents.write(zlib.compress(once, 9), filter=Array([Name.FlateDecode, Name.FlateDecode]))
    with pytest.raises(ValueError, match="inflates to more than"):
        drawn_images(page)


def test_too_many_operators_are_refused(
    pdf: pikepdf.Pdf, add_image: Add, add_page: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="too long to be looked through"):
        drawn_images(add_page("q " * 500_001))
    monkeypatch.setattr("bokwon.image_io.formats.pdf.content._MOST_OPERATORS", 20)
    form = pdf.make_indirect(pdf.make_stream(b"q Q q Q q Q"))
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 1, 1])
    assert drawn_images(add_page("/Im0 Do /Im0 Do", form)) == []
    with pytest.raises(ValueError, match="draws more than 20 things"):
        drawn_images(add_page("/Im0 Do " * 3, form))


def test_the_pages_of_a_file_share_a_budget(add_page: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokwon.image_io.formats.pdf.content._MOST_OF_A_FILE", 5)
    reader, page = ContentReader(pikepdf), add_page("q Q")
    for _ in range(2):
        assert reader.drawn_images(page) == []
    with pytest.raises(ValueError, match="draws more than"):
        reader.drawn_images(page)


@pytest.mark.parametrize(
    ("content", "orientation"),
    [
        ("9 0 0 9 0 0", Orientation.UPRIGHT),
        ("9 0 0 -9 0 0", Orientation.FLIPPED),
        ("-9 0 0 9 0 0", Orientation.MIRRORED),
        ("0 -9 9 0 0 0", Orientation.TURNED_RIGHT),
        ("0 9 -9 0 0 0", Orientation.TURNED_LEFT),
        ("9 9 -9 9 0 0", None),
        ("/x 0 0 9 0 0", None),
    ],
)
def test_the_matrix_tells_how_an_image_stands(
    add_image: Add, add_page: Add, content: str, orientation: Orientation | None
) -> None:
    (item,) = drawn_images(add_page(f"{content} cm /Im0 Do", add_image(SCAN)))
    assert item.orientation is orientation


def test_a_page_inherits_its_rotation(pdf: pikepdf.Pdf, add_page: Add) -> None:
    page = add_page("")
    assert page_rotation(page) is Orientation.UPRIGHT
    pdf.Root.Pages.Rotate = 270
    assert page_rotation(page) is Orientation.TURNED_LEFT
    page.Rotate = -270
    assert page_rotation(page) is Orientation.TURNED_RIGHT
    page.Rotate = 45
    assert page_rotation(page) is Orientation.UPRIGHT
