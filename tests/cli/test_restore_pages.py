"""`bokwon restore` on files of several pages, through the real command line."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from bokwon.cli.main import main
from bokwon.image_io.formats.tiff import chain, directories, multipage

TELEA = ("--method", "telea")
SIZE = (40, 60)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", *arguments])
    return int(caught.value.code or 0)


def hole(top: int = 10) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[top : top + 10, 10:30] = True
    return mask


def save_mask(path: str, top: int = 10) -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Image.fromarray(hole(top)).save(path)


def noise(seed: int, shape: tuple[int, ...], dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)


PAGES = [
    ({"photometric": "rgb", "compression": "adobe_deflate"}, noise(1, (*SIZE, 3))),
    ({"photometric": "rgb", "compression": "lzw"}, noise(2, (*SIZE, 3), np.uint16)),
    ({"photometric": "minisblack"}, noise(3, SIZE, np.uint16)),
    ({"photometric": "separated", "compression": "packbits"}, noise(4, (*SIZE, 4))),
    ({"photometric": "minisblack", "tile": (16, 16), "compression": "lzw"}, noise(5, SIZE)),
    ({"photometric": "minisblack"}, noise(6, SIZE) > 127),
]


def write_book(path: str, byteorder: str = "<", *, big: bool = False) -> None:
    with tifffile.TiffWriter(path, byteorder=byteorder, bigtiff=big) as writer:
        for number, (settings, samples) in enumerate(PAGES):
            extra = [(285, "s", 0, f"leaf {number + 1}", True)]
            writer.write(samples, resolution=(300, 300), resolutionunit=2, extratags=extra, metadata=None, **settings)


def read_book(path: str) -> list[np.ndarray]:
    with tifffile.TiffFile(path) as book:
        return [page.asarray() for page in book.pages]


def tags(path: str) -> list[tuple]:
    with tifffile.TiffFile(path) as book:
        names = (
            "PageName",
            "XResolution",
            "ResolutionUnit",
            "Compression",
            "BitsPerSample",
            "PhotometricInterpretation",
        )
        return [tuple(page.tags[name].value if name in page.tags else None for name in names) for page in book.pages]


@pytest.mark.parametrize(("byteorder", "big"), [("<", False), (">", False), ("<", True), (">", True)])
def test_every_page_keeps_its_kind_its_tags_and_its_samples(folder: Path, byteorder: str, big: bool) -> None:
    write_book("book.tif", byteorder, big=big)
    for number in (1, 2, 3, 5):
        save_mask(f"masks/book_p{number:03}.png", 10 + number)
    assert restore("book.tif", "out.tif", "--mask", "masks", *TELEA) == 0
    before, after = read_book("book.tif"), read_book("out.tif")
    assert len(after) == len(PAGES)
    for number, (old, new) in enumerate(zip(before, after, strict=True), 1):
        changed = hole(10 + number) if number in (1, 2, 3, 5) else np.zeros(SIZE, bool)
        assert (old.dtype, old.shape) == (new.dtype, new.shape)
        np.testing.assert_array_equal(old[~changed], new[~changed])
        assert np.array_equal(old[changed], new[changed]) != changed.any()
    assert tags("out.tif") == tags("book.tif")
    with tifffile.TiffFile("out.tif") as book:
        assert book.is_bigtiff == big


def test_only_a_big_tiff_grows_beyond_what_a_tiff_can_hold(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # What 4 GiB are to an archive, 20,000 bytes are here.
    monkeypatch.setattr(multipage, "_LARGEST_FILE", 20_000)
    save_mask("masks/book_p001.png")
    write_book("book.tif")
    assert restore("book.tif", "out.tif", "--mask", "masks", *TELEA) == 15
    assert "more than 4 GiB" in capsys.readouterr().err
    assert not Path("out.tif").exists()
    write_book("book.tif", big=True)
    assert restore("book.tif", "out.tif", "--mask", "masks", *TELEA) == 0
    assert Path("out.tif").stat().st_size > 20_000
    assert len(read_book("out.tif")) == len(PAGES)


def test_a_mask_of_as_many_pages_and_a_range_of_them(folder: Path) -> None:
    write_book("book.tif")
    masks = [Image.fromarray(hole()) for _ in PAGES]
    masks[0].save("mask.tif", save_all=True, append_images=masks[1:])
    assert restore("book.tif", "out.tif", "--mask", "mask.tif", "--pages", "2,5-end", *TELEA) == 0
    pairs = zip(read_book("book.tif"), read_book("out.tif"), strict=True)
    assert [not np.array_equal(old, new) for old, new in pairs] == [False, True, False, False, True, True]


def test_pages_left_alone_keep_their_very_bytes(folder: Path) -> None:
    pages = [Image.fromarray(noise(number, (*SIZE, 3))) for number in range(3)]
    pages[0].save("book.tif", save_all=True, append_images=pages[1:], compression="jpeg", quality=50)
    save_mask("masks/book_p2.png")
    assert restore("book.tif", "out.tif", "--mask", "masks", *TELEA) == 0
    old, new = Path("book.tif").read_bytes(), Path("out.tif").read_bytes()
    for number in (0, 2):
        assert strips(old, number) == strips(new, number)
    with tifffile.TiffFile("out.tif") as book:
        assert [page.compression.name for page in book.pages] == ["JPEG", "ADOBE_DEFLATE", "JPEG"]


def strips(data: bytes, number: int) -> list[bytes]:
    stream = io.BytesIO(data)
    page = directories.parse(stream, chain.positions(stream)[number])
    offsets, sizes = (273, 279) if 273 in page else (324, 325)
    places = zip(directories.numbers(page[offsets]), directories.numbers(page[sizes]), strict=True)
    return [data[start : start + size] for start, size in places]


def test_smaller_copies_are_no_pages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = noise(1, (*SIZE, 3))
    with tifffile.TiffWriter("pyramid.tif") as writer:
        writer.write(samples, photometric="rgb", metadata=None)
        writer.write(samples[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    save_mask("mask.png")
    assert restore("pyramid.tif", "out.tif", "--mask", "mask.png", *TELEA) == 0
    assert "note: pyramid.tif holds smaller copies of its pages" in capsys.readouterr().err
    page, small = read_book("out.tif")
    np.testing.assert_array_equal(page[~hole()], samples[~hole()])
    np.testing.assert_array_equal(small, samples[::2, ::2])
    with tifffile.TiffFile("out.tif") as book:
        assert [page.is_reduced for page in book.pages] == [False, True]


@pytest.mark.parametrize("pages", [1, 2])
def test_images_within_pages_stay_and_big_tiff_stays_big(
    folder: Path, pages: int, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = noise(1, (*SIZE, 3))
    with tifffile.TiffWriter("pyramid.tif", bigtiff=True) as writer:
        for _ in range(pages):
            writer.write(samples, photometric="rgb", subifds=1, metadata=None, compression="deflate")
            writer.write(samples[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    save_mask("masks/pyramid_p001.png" if pages > 1 else "masks/pyramid.png")
    assert restore("pyramid.tif", "out.tif", "--mask", "masks" if pages > 1 else "masks/pyramid.png", *TELEA) == 0
    said = capsys.readouterr().err
    assert "note: the images within this page (SubIFDs) stay as they are and may show the damage" in said
    assert "BigTIFF" not in said
    assert "is not kept" not in said
    with tifffile.TiffFile("out.tif") as book:
        assert book.is_bigtiff
        for page in book.pages:
            np.testing.assert_array_equal(page.pages[0].asarray(), samples[::2, ::2])
        assert {page.compression.name for page in book.pages} <= {"ADOBE_DEFLATE", "DEFLATE"}
        np.testing.assert_array_equal(book.pages[0].asarray()[~hole()], samples[~hole()])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "book.tif out.tif --mask one.png",
            "mask one.png has 1 page and the image 6; give a mask with one page for each page of the image",
        ),
        ("book.tif out.png --mask masks", "PNG holds one page and book.tif 6; write a .tif file"),
        ("book.tif out.tif --mask beyond", "is for a page that the image, with 6, has not"),
        ("book.tif out.tif --mask masks --pages 5-9", "there is no page 9, only 6"),
        ("book.tif out.tif --mask none", "holds no masks of book.tif; name them book_p001.png"),
    ],
)
def test_mistakes(folder: Path, capsys: pytest.CaptureFixture[str], arguments: str, message: str) -> None:
    write_book("book.tif")
    save_mask("one.png")
    save_mask("masks/book_p001.png")
    save_mask("beyond/book_p007.png")
    Path("none").mkdir()
    assert restore(*arguments.split(), *TELEA) == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not list(folder.glob("out.*"))


def test_pages_that_have_no_mask_are_told_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_book("book.tif")
    save_mask("masks/book_p002.png")
    assert restore("book.tif", "out.tif", "--mask", "masks", "--pages", "3-end", *TELEA) == 0
    assert "warning: none of the pages 3-end has a mask: nothing is restored" in capsys.readouterr().err
    assert Path("out.tif").read_bytes() == Path("book.tif").read_bytes()
    assert restore("book.tif", "out.tif", "--mask", "masks", "--pages", "2-end", *TELEA) == 0
    assert "nothing is restored" not in capsys.readouterr().err


def test_books_in_a_folder_find_the_masks_of_their_pages(folder: Path) -> None:
    Path("in").mkdir()
    write_book("in/book.tif")
    save_mask("in/book_p003.png")
    assert restore("in", "out", *TELEA, "-q") == 0
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "book.tif",
        "report.html",
        "report.jsonl",
        "report_files",
    ]
    pairs = zip(read_book("in/book.tif"), read_book("out/book.tif"), strict=True)
    assert [not np.array_equal(old, new) for old, new in pairs] == [False, False, True, False, False, False]


def test_a_circle_of_pages_is_no_trap(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_book("book.tif")
    data = bytearray(Path("book.tif").read_bytes())
    first, second = chain.positions(io.BytesIO(data))[:2]
    count = int.from_bytes(data[second : second + 2], "little")
    end = second + 2 + 12 * count
    data[end : end + 4] = first.to_bytes(4, "little")
    Path("book.tif").write_bytes(data)
    Path("masks").mkdir()
    save_mask("masks/book_p001.png")
    assert restore("book.tif", "out.tif", "--mask", "masks", *TELEA) == 0
    assert "warning: book.tif is damaged, though it can be read: its pages run in a circle" in capsys.readouterr().err
    assert len(chain.positions(io.BytesIO(Path("out.tif").read_bytes()))) == 2


@pytest.mark.parametrize("big", [False, True], ids=["tiff", "bigtiff"])
def test_pages_of_a_big_endian_file_that_are_left_alone_keep_their_very_bytes(
    folder: Path, big: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = noise(1, SIZE, np.uint16)
    alone = [
        ({"photometric": "minisblack"}, deep.view(np.int16)),
        ({"photometric": "miniswhite"}, deep),
        ({"photometric": "rgb", "planarconfig": "separate"}, noise(2, (3, *SIZE), np.uint16)),
        ({"photometric": "minisblack", "compression": "jpeg2000"}, deep),
        ({"photometric": "minisblack", "compression": "lzw", "predictor": 2}, deep),
        ({"photometric": "minisblack", "compression": "zstd", "tile": (16, 16)}, deep),
        ({"photometric": "minisblack", "extratags": [(280, "H", 1, 100, True)]}, deep),
        ({"photometric": "minisblack"}, deep.astype(np.float32)),
        ({"photometric": "minisblack"}, deep.astype(np.complex64)),
        ({"photometric": "minisblack", "subfiletype": 1}, deep[::2, ::2].astype(np.float64)),
    ]
    with tifffile.TiffWriter("book.tif", byteorder=">", bigtiff=big) as writer:
        writer.write(deep, photometric="minisblack", metadata=None)
        for settings, samples in alone:
            writer.write(samples, metadata=None, **settings)
    save_mask("masks/book_p001.png")
    assert restore("book.tif", "out.tif", "--mask", "masks", *TELEA) == 0
    assert "come back" not in capsys.readouterr().err
    with tifffile.TiffFile("book.tif") as before, tifffile.TiffFile("out.tif") as after:
        assert after.byteorder == ">"
        old, new = before.pages[0].asarray(), after.pages[0].asarray()
        np.testing.assert_array_equal(old[~hole()], new[~hole()])
        assert not np.array_equal(old, new)
        for number in range(1, len(alone) + 1):
            page, copy = before.pages[number], after.pages[number]
            np.testing.assert_array_equal(page.asarray(), copy.asarray())
            for name in ("dtype", "photometric", "planarconfig", "compression", "predictor"):
                assert getattr(page, name) == getattr(copy, name)
    data, written = Path("book.tif").read_bytes(), Path("out.tif").read_bytes()
    for number in range(1, len(alone) + 1):
        assert strips(data, number) == strips(written, number)


@pytest.mark.parametrize("compression", [None, "lzw", "adobe_deflate", "packbits", "zstd", "lzma"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_restored_page_of_a_big_endian_file_reads_the_same_in_every_program(
    folder: Path, compression: str | None, channels: int
) -> None:
    samples = noise(1, (*SIZE, channels) if channels > 1 else SIZE, np.uint16)
    with tifffile.TiffWriter("book.tif", byteorder=">") as writer:
        for _ in range(2):
            writer.write(
                samples,
                photometric="rgb" if channels > 2 else "minisblack",
                extrasamples=["unassalpha"] if channels % 2 == 0 else None,
                compression=compression,
                predictor=2 if compression in ("lzw", "adobe_deflate") else None,
                metadata=None,
            )
    save_mask("masks/book_p001.png")
    assert restore("book.tif", "out.tif", "--mask", "masks", *TELEA) == 0
    with tifffile.TiffFile("book.tif") as before, tifffile.TiffFile("out.tif") as after:
        assert after.byteorder == ">"
        assert after.pages[0].compression == before.pages[0].compression
        restored = after.pages[0].asarray()
        np.testing.assert_array_equal(samples[~hole()], restored[~hole()])
        np.testing.assert_array_equal(samples, after.pages[1].asarray())
    if channels != 2 and compression not in ("zstd", "lzma"):
        seen = cv2.imread("out.tif", cv2.IMREAD_UNCHANGED)
        order = {1: cv2.COLOR_GRAY2BGR, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[channels]
        expected = restored if channels == 1 else cv2.cvtColor(restored, order)
        np.testing.assert_array_equal(seen, expected)
