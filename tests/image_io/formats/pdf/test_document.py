from __future__ import annotations

import errno
import io
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from bokwon.errors import ArgumentError, InputFileError, MissingDependencyError
from bokwon.image_io.formats.pdf.document import PdfDocument, decode, encode
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.page import Page
from bokwon.image_io.source import Source

Add = Callable[..., Any]
GRAY = np.random.default_rng(3).integers(0, 256, (20, 33)).astype(np.uint8)
OTHER = np.random.default_rng(4).integers(0, 256, (25, 33)).astype(np.uint8)
DRAW = "q 200 0 0 200 0 0 cm /Im0 Do Q"


def opened(pdf: pikepdf.Pdf, **settings: Any) -> PdfDocument:
    stream = io.BytesIO()
    pdf.save(stream, **settings)
    return PdfDocument(Source("register.pdf", data=stream.getvalue()), 1000)


def inverted(document: PdfDocument, *numbers: int) -> bytes:
    def transform(number: int, read: Callable[[], Page] | None) -> Page | None:
        if number not in numbers:
            return None
        assert read is not None
        page = read()
        return replace(page, pixels=255 - page.pixels)

    stream = io.BytesIO()
    document.rewrite(stream, "PDF", transform)
    return stream.getvalue()


def shown(data: bytes, number: int) -> np.ndarray:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return np.array(pikepdf.PdfImage(pdf.pages[number - 1].Resources.XObject.Im0).as_pil_image())


def test_pictures_are_read_by_page(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    add_page(DRAW, add_image(GRAY))
    add_page("0 0 m 50 50 l S")
    with opened(pdf) as document:
        assert (document.pages, document.format, document.notices) == (2, "PDF", ())
        np.testing.assert_array_equal(document.page(1).pixels, GRAY)
        assert [document.size(number) for number in (1, 2, 3)] == [(33, 20), None, None]
        with pytest.raises(InputFileError, match=r"register\.pdf, page 2 has no image"):
            document.page(2)


def test_one_picture_changes_and_all_else_stays(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    for samples in (GRAY, OTHER):
        add_page(DRAW, add_image(samples))
    add_page("0 0 m 50 50 l S")
    pdf.docinfo["/Title"] = "A register"
    with opened(pdf) as document:
        data = inverted(document, 2)
        assert data == inverted(opened(pdf), 2)
    np.testing.assert_array_equal(shown(data, 1), GRAY)
    np.testing.assert_array_equal(shown(data, 2), 255 - OTHER)
    with pikepdf.open(io.BytesIO(data)) as after:
        assert str(after.docinfo["/Title"]) == "A register"
        assert after.pages[2].Contents.read_bytes() == b"0 0 m 50 50 l S"


def test_without_a_change_the_bytes_are_the_same(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    add_page(DRAW, add_image(GRAY))
    stream = io.BytesIO()
    pdf.save(stream)
    with PdfDocument(Source("register.pdf", data=stream.getvalue()), 1000) as document:
        assert inverted(document) == stream.getvalue()


def test_pages_without_a_picture_are_shown_without_one(pdf: pikepdf.Pdf, add_page: Add) -> None:
    add_page("0 0 m 50 50 l S")
    asked = []
    with opened(pdf) as document:
        document.rewrite(io.BytesIO(), "PDF", lambda number, read: asked.append((number, read)))
    assert asked == [(1, None)]


def test_it_is_said_that_other_images_are_left(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    add_page(DRAW + " q 20 0 0 20 0 0 cm /Im1 Do Q", add_image(GRAY), add_image(OTHER))
    said: list[str] = []

    def transform(number: int, read: Callable[[], Page] | None) -> None:
        assert read is not None
        said.extend(read().notices)

    with opened(pdf) as document:
        document.rewrite(io.BytesIO(), "PDF", transform)
    assert said == ["register.pdf, page 1 draws 1 more image, left as it is: its picture is the largest, 33x20"]


@pytest.mark.parametrize("in_a_form", [False, True])
def test_a_picture_of_two_pages_becomes_two(pdf: pikepdf.Pdf, add_image: Add, add_page: Add, in_a_form: bool) -> None:
    image = add_image(GRAY, SMask=add_image(255 - GRAY))
    if in_a_form:
        # Without resources of its own, in resources that two pages share.
        form = pdf.make_indirect(pdf.make_stream(b"/Im0 Do"))
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 1, 1])
    pages = [add_page("q 200 0 0 200 0 0 cm /Fm0 Do Q" if in_a_form else DRAW, image) for _ in range(3)]
    shared = pdf.make_indirect(pages[0].Resources)
    if in_a_form:
        shared.XObject.Fm0 = form
    for page in pages:
        page.Resources = shared
    said: list[str] = []

    def transform(number: int, read: Callable[[], Page] | None) -> Page | None:
        if number == 1:
            return None
        assert read is not None
        page = read()
        said.extend(page.notices)
        return replace(page, pixels=page.pixels // 2 if number == 2 else 255 - page.pixels)

    stream = io.BytesIO()
    with opened(pdf) as document:
        document.rewrite(stream, "PDF", transform)
    assert said == [
        "register.pdf, page 2 shares its picture with page 1, 3: it is given its own copy",
        "register.pdf, page 3 shares its picture with page 1: it is given its own copy",
    ]
    with PdfDocument(Source("register.pdf", data=stream.getvalue()), 1000) as after:
        for number, expected in ((1, GRAY), (2, GRAY // 2), (3, 255 - GRAY)):
            np.testing.assert_array_equal(after.page(number).pixels, expected)
    with pikepdf.open(io.BytesIO(stream.getvalue())) as found:
        resources = found.pages[1].Resources.XObject
        own = resources.Fm0.Resources.XObject.Im0 if in_a_form else resources.Im0
        np.testing.assert_array_equal(np.array(pikepdf.PdfImage(own.SMask).as_pil_image()), 255 - GRAY)


@pytest.mark.parametrize("rotate", [0, 90, 180, -90])
@pytest.mark.parametrize("content", ["200 0 0 200 0 0", "200 0 0 -200 0 200", "0 200 -200 0 200 0"])
def test_it_is_known_how_viewers_show_a_picture(
    pdf: pikepdf.Pdf, add_image: Add, add_page: Add, rotate: int, content: str
) -> None:
    page = add_page(f"q {content} cm /Im0 Do Q", add_image(GRAY))
    page.Rotate = rotate
    drawn = Orientation.of_matrix(*(float(number) for number in content.split()[:4]))
    assert drawn is not None
    with opened(pdf) as document:
        assert document.page(1).upright is drawn.then(Orientation.of_rotation(rotate))


@pytest.mark.parametrize("room", [0, 10, 500])
def test_a_full_disk_is_an_error_and_no_abort(pdf: pikepdf.Pdf, add_image: Add, add_page: Add, room: int) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            if self.tell() + len(data) > room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    add_page(DRAW, add_image(GRAY))

    def invert(number: int, read: Callable[[], Page] | None) -> Page | None:
        assert read is not None
        page = read()
        return replace(page, pixels=255 - page.pixels)

    with opened(pdf) as document, pytest.raises(OSError, match="No space left"):
        document.rewrite(Full(), "PDF", invert)


def test_a_picture_that_stands_aslant_is_taken_as_stored(add_image: Add, add_page: Add, pdf: pikepdf.Pdf) -> None:
    add_page("q 100 100 -100 100 100 0 cm /Im0 Do Q", add_image(GRAY))
    with opened(pdf) as document:
        assert document.page(1).shown is Orientation.UPRIGHT


def test_a_page_that_draws_too_much_is_refused(pdf: pikepdf.Pdf, add_page: Add) -> None:
    add_page("q " * 500_001)
    with opened(pdf) as document, pytest.raises(InputFileError, match="page 1 draws too much: its content is too long"):
        document.page(1)


def test_strips_are_one_picture(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    content = "q 33 0 0 12 0 50 cm /Im0 Do Q q 33 0 0 8 0 42 cm /Im1 Do Q"
    add_page(content, add_image(GRAY[:12]), add_image(GRAY[12:]))
    with opened(pdf) as document:
        assert document.size(1) == (33, 20)
        np.testing.assert_array_equal(document.page(1).pixels, GRAY)


def test_a_pdf_becomes_no_other_format(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    add_page(DRAW, add_image(GRAY))
    with (
        opened(pdf) as document,
        pytest.raises(ArgumentError, match=r"register\.pdf is a PDF, which cannot become TIFF"),
    ):
        document.rewrite(io.BytesIO(), "TIFF", lambda *_: None)


def test_signatures_and_encryption_are_told(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    add_page(DRAW, add_image(GRAY))
    field = pdf.make_indirect(Dictionary(FT=Name.Sig, T="seal", Kids=Array([])))
    field.Kids.append(pdf.make_indirect(Dictionary(Parent=field, V=Dictionary(Type=Name.Sig))))
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]))
    with opened(pdf, encryption=pikepdf.Encryption(owner="o", user="")) as document:
        assert document.notices == (
            "register.pdf is encrypted; the output is too, with the same permissions",
            "register.pdf is signed; a changed file makes the signature void",
        )


@pytest.mark.parametrize("revision", [3, 4, 6])
def test_encryption_and_permissions_stay(pdf: pikepdf.Pdf, add_image: Add, add_page: Add, revision: int) -> None:
    add_page(DRAW, add_image(GRAY))
    allowed = pikepdf.Permissions(extract=False, modify_other=False)
    more = {"R": revision, "aes": revision > 3, "metadata": revision > 3}
    encryption = pikepdf.Encryption(owner="owner", user="", allow=allowed, **more)
    with opened(pdf, encryption=encryption) as document:
        data = inverted(document, 1)
    np.testing.assert_array_equal(shown(data, 1), 255 - GRAY)
    for password in ("", "owner"):
        with pikepdf.open(io.BytesIO(data), password=password) as after:
            assert after.is_encrypted
            assert revision == after.encryption.R
            assert (after.allow.extract, after.allow.modify_other, after.allow.print_highres) == (False, False, True)


def test_a_file_padded_with_zeros_is_read(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    add_page(DRAW, add_image(GRAY))
    stream = io.BytesIO()
    pdf.save(stream)
    with PdfDocument(Source("padded.pdf", data=stream.getvalue() + bytes(4096)), 1000) as document:
        np.testing.assert_array_equal(document.page(1).pixels, GRAY)
        assert document.notices == ()


def test_bytes_outside_the_file_are_named_and_not_kept(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    add_page(DRAW, add_image(GRAY))
    stream = io.BytesIO()
    pdf.save(stream)
    with PdfDocument(Source("register.pdf", data=b"%head\n" + stream.getvalue() + b"secret"), 1000) as document:
        assert document.notices == (
            "register.pdf: 5 bytes before its beginning are not kept",
            "register.pdf: 6 bytes behind its end are not kept",
        )
        data = inverted(document, 1)
    assert data.startswith(b"%PDF-")
    assert b"secret" not in data
    np.testing.assert_array_equal(shown(data, 1), 255 - GRAY)


def test_a_form_without_a_signature_is_none(pdf: pikepdf.Pdf, add_page: Add) -> None:
    add_page("")
    loop = pdf.make_indirect(Dictionary(FT=Name.Tx, T="name"))
    loop.Kids = Array([loop])
    pdf.Root.AcroForm = Dictionary(Fields=Array([loop]))
    with opened(pdf) as document:
        assert document.notices == ()


def test_a_password_and_damage_are_told(pdf: pikepdf.Pdf, add_page: Add) -> None:
    add_page("")
    with pytest.raises(InputFileError, match=r"register\.pdf takes a password"):
        opened(pdf, encryption=pikepdf.Encryption(owner="o", user="u"))
    with pytest.raises(InputFileError, match=r"register\.pdf is damaged: ") as caught:
        PdfDocument(Source("register.pdf", data=b"%PDF-1.7 and nothing more"), 1000)
    assert "qpdf" in caught.value.fix


def test_damage_of_a_picture_is_told_in_words(pdf: pikepdf.Pdf, add_image: Add, add_page: Add) -> None:
    image = add_image(GRAY)
    del image["/Width"]
    add_page(DRAW, image)
    with opened(pdf) as document, pytest.raises(InputFileError) as caught:
        document.page(1)
    assert caught.value.message == "register.pdf, page 1 is damaged: its parts do not fit together"


def test_a_pdf_is_no_picture() -> None:
    with pytest.raises(InputFileError, match=r"register\.pdf is a PDF"):
        decode("register.pdf", io.BytesIO(), 1)
    with pytest.raises(ArgumentError, match="only a PDF can be written as PDF"):
        encode(io.BytesIO(), GRAY, "L", Metadata())


def test_without_pikepdf_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pikepdf", None)
    with pytest.raises(MissingDependencyError, match="PDF files take pikepdf") as caught:
        PdfDocument(Source("register.pdf", data=b"%PDF-1.7"), 1000)
    assert caught.value.fix == "pip install 'bokwon[archive]'"
