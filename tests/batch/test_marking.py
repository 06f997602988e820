"""Marks of a restoration in the XMP of pages and files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bokwon.batch.job import Job
from bokwon.batch.marking import Marking, name_of_page
from bokwon.batch.mask_matching import Masks
from bokwon.image_io.page import Metadata, Page
from bokwon.image_io.reader import Source
from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.mark import has_mark
from bokwon.settings import RestoreSettings

Said = list[tuple[str, str]]


def page(xmp: bytes | None = None) -> Page:
    return Page(np.zeros((9, 9), np.uint8), "L", "PNG", Metadata(xmp=xmp))


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def restorer() -> Restorer:
    return Restorer(RestoreSettings(method="telea"))


def marking(said: Said, restorer: Restorer, file_format: str, pages: int = 1) -> Marking:
    document: Any = SimpleNamespace(pages=pages, format=file_format)
    job = Job(Source.of(Path(__file__)), Masks(), Path("out"), None)
    return Marking(job, document, restorer, file_format, lambda level, text: said.append((level, text)))


def test_a_page_is_marked_where_its_format_has_a_place(said: Said, restorer: Restorer) -> None:
    marked = marking(said, restorer, "PNG").mark_page(1, page(), restorer, None)
    assert marked.metadata.xmp is not None
    assert has_mark(marked.metadata.xmp)
    assert said == []


def test_what_has_no_place_for_a_mark_is_told_of(said: Said, restorer: Restorer) -> None:
    before = page()
    assert marking(said, restorer, "BMP", pages=2).mark_page(2, before, restorer, None) is before
    [(level, text)] = said
    assert level == "note"
    assert text.endswith(", page 2: BMP has no place for XMP: the output is not marked as restored")


def test_xmp_that_cannot_be_read_stays_and_is_told_of(said: Said, restorer: Restorer) -> None:
    before = page(b"<no XML")
    assert marking(said, restorer, "PNG").mark_page(1, before, restorer, None) is before
    assert [level for level, _ in said] == ["warning"]


def test_a_file_is_marked_once_a_page_of_it_is(said: Said, restorer: Restorer) -> None:
    of_file = marking(said, restorer, "PDF", pages=2)
    assert of_file.mark_file(None) is None
    of_file.mark_page(2, replace(page(), format="JPEG"), restorer, None)
    packet = of_file.mark_file(None)
    assert packet is not None
    assert has_mark(packet)


def test_a_page_is_named_by_its_number_where_there_are_several() -> None:
    job = Job(Source.of(Path(__file__)), Masks(), None, None)
    one, two = (SimpleNamespace(pages=pages) for pages in (1, 2))
    assert name_of_page(job, one, 1) == __file__  # type: ignore[arg-type]
    assert name_of_page(job, two, 2) == f"{__file__}, page 2"  # type: ignore[arg-type]
