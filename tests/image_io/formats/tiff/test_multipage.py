from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile

from bokwon.errors import BokwonError
from bokwon.image_io.formats.tiff import chain, directories, multipage
from bokwon.image_io.formats.tiff.directories import Entry

PAGES = [np.random.default_rng(seed).integers(0, 65536, (18 + seed, 33)).astype(np.uint16) for seed in range(3)]


def stack(byteorder: str = "<", *, big: bool = False, **settings: object) -> io.BytesIO:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, byteorder=byteorder, bigtiff=big) as writer:
        for number, page in enumerate(PAGES):
            writer.write(page, metadata=None, description=f"leaf {number}", **settings)
    return stream


@pytest.mark.parametrize("settings", [{}, {"compression": "zlib"}, {"tile": (16, 16)}], ids=["raw", "deflate", "tiles"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_pages_are_taken_out_and_put_together_again(byteorder: str, big: bool, settings: dict[str, object]) -> None:
    stream = stack(byteorder, big=big, **settings)
    alone = [multipage.extract(stream, position) for position in chain.positions(stream)]
    for number, (data, page) in enumerate(zip(alone, PAGES, strict=True)):
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            assert (len(file.pages), file.byteorder, file.is_bigtiff) == (1, byteorder, False)
            assert file.pages[0].tags["ImageDescription"].value == f"leaf {number}"
            np.testing.assert_array_equal(file.pages[0].asarray(), page)
    again = io.BytesIO()
    output = multipage.TiffWriter(again, byteorder, big=big)
    for data in alone:
        output.add_file(io.BytesIO(data))
    with tifffile.TiffFile(io.BytesIO(again.getvalue())) as file:
        assert (file.byteorder, file.is_bigtiff) == (byteorder, big)
        assert [page.description for page in file.pages] == ["leaf 0", "leaf 1", "leaf 2"]
        for page, expected in zip(file.pages, PAGES, strict=True):
            np.testing.assert_array_equal(page.asarray(), expected)


def test_strips_stay_what_they_are() -> None:
    stream = stack(compression="zlib", rowsperstrip=5)
    position = chain.positions(stream)[1]
    before = directories.parse(stream, position)
    data = io.BytesIO(multipage.extract(stream, position))
    after = directories.parse(data)
    assert directories.numbers(after[279]) == directories.numbers(before[279])
    assert len(directories.numbers(after[273])) == 4
    for place, was, size in zip(
        *(directories.numbers(entry) for entry in (after[273], before[273], after[279])), strict=True
    ):
        assert data.getvalue()[place : place + size] == stream.getvalue()[was : was + size]


def test_samples_that_end_behind_the_file_are_an_error() -> None:
    stream = stack()
    position = chain.positions(stream)[2]
    with pytest.raises(ValueError, match="the file ends inside a page"):
        # The last page's samples lie before its tags in no file of tifffile's.
        multipage.extract(io.BytesIO(stream.getvalue()[:-600]), position)


def test_a_page_without_samples_is_an_error() -> None:
    directory = {256: Entry.shorts(4), 257: Entry.shorts(4)}
    data = directories.file_header(8) + directories.serialise(directory, 8)
    with pytest.raises(ValueError, match="a page without samples"):
        multipage.extract(io.BytesIO(data), 8)


def test_a_classic_file_does_not_grow_beyond_its_offsets(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stack()
    pages = [multipage.extract(stream, position) for position in chain.positions(stream)]
    monkeypatch.setattr(multipage, "_LARGEST_FILE", len(pages[0]) + len(pages[1]))
    output = multipage.TiffWriter(io.BytesIO())
    output.add_file(io.BytesIO(pages[0]))
    output.add_file(io.BytesIO(pages[1]))
    with pytest.raises(BokwonError, match="more than 4 GiB"):
        output.add_file(io.BytesIO(pages[2]))
    large = multipage.TiffWriter(io.BytesIO(), big=True)
    for page in pages:
        large.add_file(io.BytesIO(page))


def test_kinds_of_pages_are_told_by_their_tags() -> None:
    assert multipage.is_reduced({254: Entry.longs(1)})
    assert not multipage.is_reduced({254: Entry.longs(2)})
    assert not multipage.is_reduced({})
    assert multipage.is_scattered({259: Entry.shorts(6)})
    assert not multipage.is_scattered({259: Entry.shorts(7)})
    assert multipage.has_inner_images({330: Entry.longs(8)})
    assert not multipage.has_inner_images({})


def described(text: bytes, compression: int = 1) -> directories.Directory:
    """A page of 100 bytes of samples."""
    tags = {258: Entry.shorts(8), 259: Entry.shorts(compression), 270: Entry(2, len(text), text)}
    return tags | {273: Entry.longs(8), 279: Entry.longs(100)}


@pytest.mark.parametrize(
    ("text", "compression", "size", "images"),
    [
        (b"ImageJ=1.53\nimages=5\nslices=5\n\0", 1, 1000, 5),
        # Each has its directory, or was taken out of a stack.
        (b"ImageJ=1.53\nimages=1\n\0", 1, 1000, 1),
        (b"ImageJ=1.53\nimages=5\n\0", 1, 400, 1),
        (b"ImageJ=1.53\nimages=5\n\0", 5, 1000, 1),
        (b'{"shape": [3, 10, 10], "truncated": true}\0', 1, 1000, 3),
        (b'{"shape": [3, 10, 10]}\0', 1, 1000, 1),
        (b"a register, images=5\0", 1, 1000, 1),
    ],
)
def test_images_without_a_directory_of_their_own_are_counted(
    text: bytes, compression: int, size: int, images: int
) -> None:
    assert multipage.stacked(described(text, compression), 1, size) == images
