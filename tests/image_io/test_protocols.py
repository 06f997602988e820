from __future__ import annotations

import inspect

import pytest

from bokwon.image_io.document import SinglePage
from bokwon.image_io.formats.pdf import PdfDocument
from bokwon.image_io.formats.tiff import TiffDocument
from bokwon.image_io.protocols import Document

KINDS = [SinglePage, TiffDocument, PdfDocument]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["page", "rewrite"])
def test_every_kind_of_document_takes_the_same_arguments(kind: type[Document], method: str) -> None:
    assert Document in kind.__mro__
    assert method in vars(kind)
    assert inspect.signature(getattr(kind, method)) == inspect.signature(getattr(Document, method))


def test_a_document_is_more_than_its_protocol() -> None:
    with pytest.raises(TypeError, match="instantiate"):
        Document()
