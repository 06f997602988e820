"""XMP packets in the blocks of each format: put in, changed, taken out."""

from __future__ import annotations

import io

import numpy as np
import pytest

from bokwon.image_io.formats.table import FORMATS
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.output_formats import encode_page
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source, read_page
from bokwon.image_io.xmp import holds_xmp, with_xmp

PIXELS = np.random.default_rng(3).integers(0, 256, (24, 32, 3)).astype(np.uint8)
PACKET = '<?xpacket begin="\ufeff" id=""?><a>옛 책</a><?xpacket end="w"?>'.encode()
HOLDING = ("PNG", "JPEG", "TIFF", "WEBP", "JPEG2000")


def read_back(file_format: str, metadata: Metadata) -> tuple[bytes, Page]:
    stream = io.BytesIO()
    encode_page(stream, PIXELS, "RGB", file_format, metadata)
    return stream.getvalue(), read_page(Source("page", data=stream.getvalue()))


@pytest.mark.parametrize("file_format", HOLDING)
@pytest.mark.parametrize("before", [None, PACKET], ids=["without", "with"])
@pytest.mark.parametrize("other", [PACKET + b" ", PACKET * 3000], ids=["short", "long"])
def test_a_packet_is_put_in_and_taken_out_again(file_format: str, before: bytes | None, other: bytes) -> None:
    written, page = read_back(file_format, Metadata(xmp=before))
    changed = with_xmp(page.metadata, other)
    marked, again = read_back(file_format, changed)
    assert again.metadata.xmp == other
    assert marked != written
    original, _ = read_back(file_format, with_xmp(again.metadata, before))
    assert original == read_back(file_format, page.metadata)[0]
    if before is None:
        assert read_back(file_format, with_xmp(again.metadata, None))[1].metadata.xmp is None


@pytest.mark.parametrize("file_format", HOLDING)
@pytest.mark.parametrize("source", HOLDING)
def test_a_packet_goes_along_into_another_format(source: str, file_format: str) -> None:
    _, page = read_back(source, Metadata())
    assert read_back(file_format, with_xmp(page.metadata, PACKET))[1].metadata.xmp == PACKET


def test_it_is_known_what_holds_a_packet() -> None:
    bare = Metadata(jpeg2000=())
    assert all(holds_xmp(Metadata(), name) for name in HOLDING)
    assert not any(holds_xmp(Metadata(), name) for name in set(FORMATS) - set(HOLDING))
    assert not holds_xmp(bare, "JPEG2000")
    assert holds_xmp(bare, "PNG")


def test_the_kind_of_a_tiffs_tag_stays() -> None:
    from dataclasses import replace

    from bokwon.image_io.formats.tiff.directories import Entry

    _, page = read_back("TIFF", Metadata(xmp=PACKET))
    assert page.metadata.tiff is not None
    assert page.metadata.tiff.tags[700].type == 1
    for kind, expected in ((7, 7), (4, 1)):
        tags = {**page.metadata.tiff.tags, 700: Entry(kind, 4, b"abcd" * (4 if kind == 4 else 1))}
        changed = with_xmp(replace(page.metadata, tiff=replace(page.metadata.tiff, tags=tags)), PACKET)
        assert changed.tiff is not None
        assert changed.tiff.tags[700] == Entry(expected, len(PACKET), PACKET)
