from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name

from bokwon.image_io.formats.pdf.own_copy import give_own_copy

Add = Callable[..., Any]
GRAY = np.random.default_rng(3).integers(0, 256, (20, 33)).astype(np.uint8)


def form(pdf: pikepdf.Pdf, content: bytes, resources: Any) -> Any:
    stream = pdf.make_indirect(pdf.make_stream(content))
    stream.Type, stream.Subtype, stream.BBox = Name.XObject, Name.Form, Array([0, 0, 1, 1])
    if resources is not None:
        stream.Resources = resources
    return stream


def test_one_page_has_its_own_and_the_others_do_not_change(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    image = add_image(GRAY, data=GRAY.tobytes().hex().encode() + b">", Filter=Name.ASCIIHexDecode)
    first, second = add_page("/Im0 Do", image), add_page("/Im0 Do", image)
    shared = second.Resources = first.Resources = pdf.make_indirect(first.Resources)
    give_own_copy(pdf, second, [("/Im0",)])
    own = second.Resources.XObject.Im0
    assert own.objgen != image.objgen
    assert first.Resources.objgen == shared.objgen
    assert first.Resources.XObject.Im0.objgen == image.objgen
    assert own.Filter == Name.ASCIIHexDecode
    assert own.read_bytes() == GRAY.tobytes()


def test_an_image_of_two_names_is_copied_once(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    image = add_image(GRAY)
    page = add_page("/Im0 Do /Im1 Do /Fm0 Do", image, image)
    page.Resources.XObject.Fm0 = form(pdf, b"/Im0 Do", Dictionary(XObject=Dictionary(Im0=image)))
    give_own_copy(pdf, page, [("/Im0",), ("/Im1",), ("/Fm0", "/Im0")])
    named = page.Resources.XObject
    keys = {named.Im0.objgen, named.Im1.objgen, named.Fm0.Resources.XObject.Im0.objgen}
    assert len(keys) == 1
    assert image.objgen not in keys


def test_a_form_without_resources_draws_from_those_around_it(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    image = add_image(GRAY)
    page = add_page("/Fm0 Do", image)
    old = page.Resources.XObject.Fm0 = form(pdf, b"/Im0 Do", None)
    give_own_copy(pdf, page, [("/Fm0", "/Im0")])
    new = page.Resources.XObject.Fm0
    assert new.Resources.XObject.Im0.objgen != image.objgen
    assert "/Resources" not in old
    assert new.read_bytes() == b"/Im0 Do"
