from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from bokwon.errors import FileAccessError, InputFileError
from bokwon.image_io.document import SinglePage, open_document
from bokwon.image_io.formats.pdf import PdfDocument
from bokwon.image_io.formats.tiff import TiffDocument
from bokwon.image_io.output_formats import lost_on_the_way
from bokwon.image_io.page import Page
from bokwon.image_io.protocols import Document
from bokwon.image_io.source import Source

RGB = np.random.default_rng(3).integers(0, 256, (20, 33, 3)).astype(np.uint8)


def saved(file_format: str, **settings: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, file_format, **settings)
    return stream.getvalue()


def opened(data: bytes) -> Document:
    return open_document(Source("page", data=data), max_pixels=1000)


def pdf() -> bytes:
    stream = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page()
        made.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (saved("PNG"), SinglePage),
        (saved("JPEG"), SinglePage),
        (saved("TIFF"), SinglePage),
        (saved("TIFF", save_all=True, append_images=[Image.new("L", (3, 3))]), TiffDocument),
        (pdf(), PdfDocument),
        (b"% a printer's own lines\n" + pdf(), PdfDocument),
        (saved("PNG", pnginfo=None) + b"%PDF-", SinglePage),
        # What is no image says so when it is read.
        (b"a letter", SinglePage),
    ],
)
def test_a_file_is_opened_by_what_is_in_it(data: bytes, kind: type) -> None:
    with opened(data) as document:
        assert type(document) is kind
        assert document.format == {TiffDocument: "TIFF", PdfDocument: "PDF"}.get(kind)


def test_an_image_may_speak_of_pdf() -> None:
    exif = Image.Exif()
    exif[270] = "%PDF-1.7"
    with opened(saved("JPEG", exif=exif)) as document:
        assert document.page(1).format == "JPEG"


def test_a_tiff_of_one_page_keeps_the_images_within_it() -> None:
    import tifffile

    stream, out = io.BytesIO(), io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(RGB, photometric="rgb", subifds=1, metadata=None)
        writer.write(RGB[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    with opened(stream.getvalue()) as document:
        assert isinstance(document, SinglePage)
        page = document.page(1)
        document.rewrite(out, "TIFF", lambda *_: replace(page, pixels=255 - page.pixels))
    assert lost_on_the_way(page, "TIFF")[0].startswith("the images within this page (SubIFDs) stay as they are")
    assert "images within the page (SubIFDs)" in lost_on_the_way(page, "PNG")[0]
    with tifffile.TiffFile(io.BytesIO(out.getvalue())) as file:
        np.testing.assert_array_equal(file.pages[0].asarray(), 255 - RGB)
        np.testing.assert_array_equal(file.pages[0].pages[0].asarray(), RGB[::2, ::2])


def test_a_tiff_of_one_page_keeps_what_is_to_be_said_of_it() -> None:
    import tifffile

    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(RGB, photometric="rgb", subifds=1, metadata=None)
        writer.write(RGB[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    data = bytearray(stream.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        place = file.pages[0].tags["SubIFDs"].valueoffset
    data[place : place + 4] = len(data).to_bytes(4, "little")
    with opened(bytes(data)) as document:
        assert isinstance(document, SinglePage)
        assert "SubIFDs" in document.notices[0]


@pytest.mark.parametrize(("file_format", "same"), [("PNG", True), ("TIFF", False)])
def test_a_page_that_does_not_change_keeps_its_bytes_in_its_format(file_format: str, same: bool) -> None:
    data, stream = saved("PNG", dpi=(300, 300)), io.BytesIO()
    with opened(data) as document:
        document.rewrite(stream, file_format, lambda *_: None)
    assert (stream.getvalue() == data) == same
    with Image.open(stream) as image:
        assert image.format == file_format
        np.testing.assert_array_equal(np.array(image), RGB)


def test_a_page_that_changes_is_written() -> None:
    def invert(number: int, read: Callable[[], Page] | None) -> Page | None:
        assert number == 1
        assert read is not None
        page = read()
        return replace(page, pixels=255 - page.pixels)

    stream = io.BytesIO()
    with opened(saved("BMP")) as document:
        document.rewrite(stream, "BMP", invert)
    np.testing.assert_array_equal(np.array(Image.open(stream)), 255 - RGB)


def test_what_is_no_image_is_not_passed_on_as_one() -> None:
    with opened(b"a letter") as document, pytest.raises(InputFileError, match="not an image"):
        document.rewrite(io.BytesIO(), "PNG", lambda *_: None)


def test_a_file_is_closed_with_its_document(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    path.write_bytes(saved("TIFF", save_all=True, append_images=[Image.new("L", (3, 3))]))
    with open_document(Source.of(path), max_pixels=1000) as document:
        assert document.pages == 2
    with pytest.raises(InputFileError, match="closed file"):
        document.page(1)
    path.unlink()
    with pytest.raises(FileAccessError):
        open_document(Source(str(path), path), max_pixels=1000)
