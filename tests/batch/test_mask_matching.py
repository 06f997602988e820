from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath

import pytest

from bokwon.batch.mask_matching import (
    MaskFinder,
    Masks,
    composed,
    folded,
    is_image_name,
    is_mask_of_neighbour,
    list_images,
    masks_beside,
    masks_of_pages,
)
from bokwon.errors import ArgumentError
from bokwon.image_io.reader import Source


def paths(*names: str) -> list[PurePosixPath]:
    return [PurePosixPath(name) for name in names]


def found(image: str, *masks: str, images: tuple[str, ...] = ()) -> dict[int, str]:
    finder = MaskFinder(paths(*masks), paths(*(images or (image,))))
    return {page: str(name) for page, name in finder.of(PurePosixPath(image)).items()}


@pytest.mark.parametrize(
    "mask", ["a.png", "a-mask.png", "a_mask.tif", "a.jpg.png", "A.png", "a_MASK.PNG", "A-Mask.png"]
)
def test_a_mask_has_the_name_of_its_image(mask: str) -> None:
    assert found("a.jpg", mask) == {0: mask}


@pytest.mark.parametrize(
    "mask",
    ["book_p003.png", "book-mask_p003.png", "book_p003_mask.png", "book_p3.png", "book_mask003.png", "BOOK_P3.PNG"],
)
def test_a_mask_of_a_page_names_its_number(mask: str) -> None:
    assert found("book.tif", mask) == {3: mask}


def test_a_name_that_is_an_images_own_is_no_page_of_another() -> None:
    assert found("book.tif", "book_p003.png", images=("book.tif", "book_p003.png")) == {}
    assert found("book_p003.png", "book_p003.png", images=("book.tif", "book_p003.png")) == {0: "book_p003.png"}


def test_capitals_count_where_images_differ_in_them_alone() -> None:
    images = ("a.png", "A.png")
    assert found("a.png", "a_mask.png", "A_mask.png", images=images) == {0: "a_mask.png"}
    assert found("A.png", "a_mask.png", "A_mask.png", images=images) == {0: "A_mask.png"}


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
        ("leaf1_mask.png", ("leaf1.JPG",), True),
        ("A_MASK.PNG", ("a.tif",), True),
        ("test_mask001.png", ("test.png",), True),
        (unicodedata.normalize("NFD", "복원_mask.png"), ("복원.jpg",), True),
        # With the whole name of its image, where another differs in the extension alone.
        ("a.png_mask.png", ("a.png", "a.tif"), True),
        ("a.tif_mask_p002.png", ("a.png", "a.tif"), True),
        ("a.png_mask.png", ("a.tif",), False),
    ],
)
def test_only_a_name_that_says_so_is_a_mask_among_images(name: str, images: tuple[str, ...], expected: bool) -> None:
    assert is_mask_of_neighbour(PurePosixPath(name), set(map(folded, paths(name, *images)))) is expected


def test_images_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.png", "a.TIF", "a.classes.png", ".c.png", "notes.txt", "sub/d.jpg", "b.png.record/hole_p001.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "e.png").touch()
    listing = list_images(tmp_path, recursive=True, without=[tmp_path / "out"])
    assert listing.files == paths("a.TIF", "b.png", "sub/d.jpg")
    assert listing.others == paths(".c.png", "a.classes.png", "notes.txt")
    assert list_images(tmp_path, recursive=False).files == paths("a.TIF", "b.png")
    assert is_image_name(Path("x.PDF"))
    assert not is_image_name(Path("x.classes.PNG"))
    for name in ("x.png.detected.png", "x.tif.uncertain.png", "book.tif.detected_p003.png"):
        assert not is_image_name(Path(name)), name
    assert is_image_name(Path("detected.png"))


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


def test_masks_beside_an_image(tmp_path: Path) -> None:
    for name in ("a.JPG", "a_Mask.png", "b.png", "b.png.detected.png"):
        (tmp_path / name).touch()
    masks = masks_beside(tmp_path / "a.JPG")
    assert masks.whole is not None
    assert masks.whole.path == tmp_path / "a_Mask.png"
    assert not masks_beside(tmp_path / "b.png")


def test_masks_with_the_whole_name_belong_to_one_of_two_images(tmp_path: Path) -> None:
    for name in ("a.png", "a.tif", "a.png_mask.png", "a.tif_mask.png"):
        (tmp_path / name).write_bytes(b"")
    for name in ("a.png", "a.tif"):
        masks = masks_beside(tmp_path / name)
        assert masks.whole is not None
        assert masks.whole.path == tmp_path / f"{name}_mask.png"


def test_the_state_of_the_page_in_the_browser_holds_no_images(tmp_path: Path) -> None:
    for name in ("a.png", ".bokwon/given/b.png", "box/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    listing = list_images(tmp_path, recursive=True)
    assert [str(name) for name in listing.files] == ["a.png", "box/c.png"]
    assert listing.others == []
