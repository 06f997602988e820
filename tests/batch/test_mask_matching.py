from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath

import pytest

from bokwon.batch.mask_matching import (
    MaskFinder,
    Masks,
    TableRow,
    composed,
    is_image_name,
    is_mask_of_neighbour,
    list_images,
    masks_of_pages,
    read_manifest,
)
from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.image_io.reader import Source


def paths(*names: str) -> list[PurePosixPath]:
    return [PurePosixPath(name) for name in names]


def found(image: str, *masks: str, images: tuple[str, ...] = ()) -> dict[int, str]:
    finder = MaskFinder(paths(*masks), paths(*(images or (image,))))
    return {page: str(name) for page, name in finder.of(PurePosixPath(image)).items()}


@pytest.mark.parametrize("mask", ["a.png", "a-mask.png", "a_mask.tif", "a.jpg.png"])
def test_a_mask_has_the_name_of_its_image(mask: str) -> None:
    assert found("a.jpg", mask) == {0: mask}


@pytest.mark.parametrize("mask", ["book_p003.png", "book-mask_p003.png", "book_p003_mask.png", "book_p3.png"])
def test_a_mask_of_a_page_names_its_number(mask: str) -> None:
    assert found("book.tif", mask) == {3: mask}


def test_a_name_that_is_an_images_own_is_no_page_of_another() -> None:
    assert found("book.tif", "book_p003.png", images=("book.tif", "book_p003.png")) == {}
    assert found("book_p003.png", "book_p003.png", images=("book.tif", "book_p003.png")) == {0: "book_p003.png"}


def test_folders_must_be_the_same() -> None:
    assert found("one/a.png", "two/a.png") == {}
    assert found("one/a.png", "one/a-mask.png") == {0: "one/a-mask.png"}


def test_two_masks_for_one_page_are_an_error_and_strangers_are_known() -> None:
    with pytest.raises(ArgumentError, match=r"has two masks, a-mask\.png and a_mask\.png"):
        found("a.jpg", "a-mask.png", "a_mask.png")
    finder = MaskFinder(paths("a.png", "stranger.png"))
    finder.of(PurePosixPath("a.jpg"))
    assert finder.unused == paths("stranger.png")


def test_names_written_with_combining_characters_are_the_same() -> None:
    apart = unicodedata.normalize("NFD", "복원.jpg")
    assert apart != "복원.jpg"
    assert composed(PurePosixPath(apart)) == PurePosixPath("복원.jpg")
    assert found(apart, "복원-mask.png") == {0: "복원-mask.png"}


@pytest.mark.parametrize(
    ("name", "images", "expected"),
    [
        ("a-mask.png", ("a.jpg",), True),
        ("a_mask.png", ("b.jpg",), False),
        ("book_p002.png", ("book.tif",), True),
        # A picture of one page has no pages of its own.
        ("book_p002.png", ("book.png",), False),
        ("a.png", ("a.jpg",), False),
    ],
)
def test_only_a_name_that_says_so_is_a_mask_among_images(name: str, images: tuple[str, ...], expected: bool) -> None:
    assert is_mask_of_neighbour(PurePosixPath(name), set(paths(name, *images))) is expected


def test_images_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.png", "a.TIF", "a.classes.png", ".c.png", "notes.txt", "sub/d.jpg", "b.png.record/hole_p001.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "e.png").touch()
    listing = list_images(tmp_path, recursive=True, without=[tmp_path / "out"])
    assert listing.files == paths("a.TIF", "b.png", "sub/d.jpg")
    assert listing.others == 3
    assert list_images(tmp_path, recursive=False).files == paths("a.TIF", "b.png")
    assert is_image_name(Path("x.PDF"))
    assert not is_image_name(Path("x.classes.PNG"))


def test_masks_of_the_pages_of_one_file(tmp_path: Path) -> None:
    for name in ("book_p001.png", "book_p003.png", "other.png"):
        (tmp_path / name).touch()
    masks = masks_of_pages(Path("book.tif"), tmp_path)
    assert masks.whole is None
    assert {page: source.path for page, source in masks.pages.items()} == {
        1: tmp_path / "book_p001.png",
        3: tmp_path / "book_p003.png",
    }
    assert len(masks.sources) == 2
    with pytest.raises(ArgumentError, match=r"holds no masks of leaf\.tif"):
        masks_of_pages(Path("leaf.tif"), tmp_path)


def test_masks_are_true_if_there_is_any() -> None:
    assert not Masks()
    assert Masks(Source("m", data=b""))
    assert Masks(pages={2: Source("m", data=b"")})


def test_a_table_names_masks_pages_and_damage(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    text = "\ufeffimage,mask,page,damage\na.png,m/a.png,,\nsub\\b.tif,m/b1.png,1, tear \nsub/b.tif,m/b2.png,2,\n"
    table.write_text(text, encoding="utf-8")
    assert read_manifest(table) == {
        PurePosixPath("a.png"): {0: TableRow(tmp_path / "m/a.png")},
        PurePosixPath("sub/b.tif"): {
            1: TableRow(tmp_path / "m/b1.png", "tear"),
            2: TableRow(tmp_path / "m/b2.png"),
        },
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("picture,mask\na.png,b.png\n", "lacks the columns"),
        ("image,mask\na.png,\n", "line 2"),
        ("image,mask,page\na.png,b.png,one\n", "line 2"),
        ("image,mask\na.png,b.png\na.png,c.png\n", "two masks for a.png"),
    ],
)
def test_a_damaged_table_is_named(tmp_path: Path, text: str, told: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text)
    with pytest.raises(InputFileError, match=told):
        read_manifest(table)
    table.write_bytes(b"image,mask\n\xb0\xa1.png,b.png\n")
    with pytest.raises(InputFileError, match="UTF-8"):
        read_manifest(table)
    with pytest.raises(FileAccessError, match="cannot be read"):
        read_manifest(tmp_path / "none.csv")
