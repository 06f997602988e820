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


def pyramid(byteorder: str = "<", *, big: bool = False) -> io.BytesIO:
    """Two pages, the second of which holds two smaller copies within it."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, byteorder=byteorder, bigtiff=big) as writer:
        writer.write(PAGES[0], metadata=None)
        writer.write(PAGES[1], metadata=None, subifds=2)
        for step in (2, 4):
            writer.write(PAGES[1][::step, ::step], metadata=None, subfiletype=1, description=f"copy {step}")
    return stream


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_images_within_pages_are_moved_along(byteorder: str, big: bool) -> None:
    stream = pyramid(byteorder, big=big)
    out = io.BytesIO()
    output = multipage.TiffWriter(out, byteorder, big=big)
    for position in chain.positions(stream):
        output.add_file(io.BytesIO(multipage.extract(stream, position)))
    with tifffile.TiffFile(io.BytesIO(out.getvalue())) as file:
        assert [len(page.subifds or ()) for page in file.pages] == [0, 2]
        np.testing.assert_array_equal(file.pages[1].asarray(), PAGES[1])
        for step, page in zip((2, 4), file.pages[1].pages, strict=True):
            assert (page.description, page.is_reduced) == (f"copy {step}", True)
            np.testing.assert_array_equal(page.asarray(), PAGES[1][::step, ::step])


def spoilt_pyramid(kind: str) -> tuple[io.BytesIO, directories.Directory]:
    """A page whose first image within it cannot be moved, and its tags."""
    stream = pyramid()
    directory = directories.parse(stream, chain.positions(stream)[1])
    places = directories.numbers(directory[330])
    inner = directories.parse(stream, places[0])
    end = len(stream.getvalue()) + len(stream.getvalue()) % 2
    if kind == "nested":
        inner[330] = Entry.longs(places[1])
    elif kind == "damaged":
        inner[273] = Entry.longs(1 << 30)
    elif kind == "old JPEG":
        inner[259] = Entry.shorts(6)
    written = bytearray(directories.serialise(inner, end))
    if kind == "chain":
        count = len(inner)
        written[2 + 12 * count : 6 + 12 * count] = chain.positions(stream)[0].to_bytes(4, "little")
    directory[330] = Entry.longs(*[end] * 257) if kind == "many" else Entry.longs(end)
    return io.BytesIO(stream.getvalue().ljust(end, b"\0") + bytes(written)), directory


@pytest.mark.parametrize("kind", ["nested", "damaged", "old JPEG", "chain", "many"])
def test_images_within_pages_that_cannot_be_moved_are_an_error(kind: str) -> None:
    stream, directory = spoilt_pyramid(kind)
    with pytest.raises(ValueError, match=r"image|page"):
        multipage.inner_file(stream, directory)
    directory[330] = Entry(2, 4, b"none")
    with pytest.raises(KeyError):
        multipage.inner_file(stream, directory)


def test_an_image_within_a_page_that_is_like_the_others_is_no_error() -> None:
    stream, directory = spoilt_pyramid("none")
    assert len(chain.positions(io.BytesIO(multipage.inner_file(stream, directory)))) == 1


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
