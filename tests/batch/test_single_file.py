from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.batch.job import Job, Options
from bokwon.batch.mask_matching import Masks
from bokwon.batch.page_holes import PageHole
from bokwon.batch.single_file import restore_file
from bokwon.errors import ArgumentError, FileAccessError, OutputExistsError
from bokwon.image_io.document import open_document
from bokwon.image_io.masks import MaskOptions
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source
from bokwon.inpaint.material import Verdict
from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.hole_list import Damage
from bokwon.provenance.record import put_back

Said = list[tuple[str, str]]


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    noise = np.random.default_rng(1).integers(90, 160, (72, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "page.png")
    mask = np.zeros((72, 80), np.uint8)
    Image.fromarray(mask).save(tmp_path / "empty.png")
    mask[20:40, 30:60] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.fromarray(255 - mask).save(tmp_path / "inverted.png")
    Image.fromarray(mask[:, :70]).save(tmp_path / "narrow.png")
    return tmp_path


def job(folder: Path, mask: str = "mask.png", target: str = "out.png", **options: object) -> Job:
    masks = Masks(Source.of(folder / mask)) if mask else Masks()
    return Job(Source.of(folder / "page.png"), masks, folder / target, options=Options(**options))  # type: ignore[arg-type]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def test_the_hole_is_filled_and_the_rest_is_untouched(folder: Path, restorer: Restorer) -> None:
    said: Said = []
    outcome = restore_file(job(folder), restorer, lambda level, text: said.append((level, text)))
    assert (outcome.pages, outcome.restored, outcome.hole, outcome.pixels) == (1, 1, 600, 72 * 80)
    assert outcome.tiles >= 1
    hole = pixels(folder / "mask.png") > 0
    before, after = pixels(folder / "page.png"), pixels(folder / "out.png")
    np.testing.assert_array_equal(after[~hole], before[~hole])
    assert (after[hole] != before[hole]).any()
    assert ("detail", f"{folder / 'page.png'}: PNG, 80x72, RGB, 8 bits, hole 10.42%") in said


@pytest.mark.parametrize("mask", ["empty.png", ""])
def test_without_a_hole_the_very_bytes_come_back(folder: Path, restorer: Restorer, mask: str) -> None:
    said: Said = []
    outcome = restore_file(job(folder, mask), restorer, lambda level, text: said.append((level, text)))
    assert outcome.restored == 0
    assert (folder / "out.png").read_bytes() == (folder / "page.png").read_bytes()
    assert any("has no hole" in text for level, text in said if level == "warning") is bool(mask)


def test_a_mask_that_covers_most_of_the_page_is_refused(folder: Path, restorer: Restorer) -> None:
    with pytest.raises(ArgumentError, match=r"calls 90% of the image hole.*--holes black.*--allow-large"):
        restore_file(job(folder, "inverted.png"), restorer, lambda level, text: None)
    assert not (folder / "out.png").exists()
    reading = MaskOptions(allow_large=True)
    assert restore_file(job(folder, "inverted.png", masks=reading), restorer, lambda level, text: None).restored == 1


def test_one_mask_serves_the_one_page_that_is_named(folder: Path, restorer: Restorer) -> None:
    with Image.open(folder / "page.png") as page:
        page.save(folder / "book.tif", save_all=True, append_images=[page, page])
    masks = Masks(Source.of(folder / "mask.png"))
    for pages, restored in (("2", [2]), ("1-2", [])):
        target = folder / "out.tif"
        book = Job(Source.of(folder / "book.tif"), masks, target, options=Options(pages=pages))
        if not restored:
            with pytest.raises(ArgumentError, match="has 1 page and the image 3"):
                restore_file(book, restorer, lambda level, text: None)
            continue
        assert restore_file(book, restorer, lambda level, text: None).restored == 1
        with Image.open(target) as after, Image.open(folder / "book.tif") as before:
            for number in range(3):
                after.seek(number)
                before.seek(number)
                same = np.array_equal(np.array(after), np.array(before))
                assert same is (number + 1 not in restored)


def test_what_cannot_be_done_leaves_nothing_behind(folder: Path, restorer: Restorer) -> None:
    tell = lambda level, text: None  # noqa: E731
    with pytest.raises(ArgumentError, match="70x72"):
        restore_file(job(folder, "narrow.png"), restorer, tell)
    with pytest.raises(ArgumentError, match="no page 2"):
        restore_file(job(folder, pages="2"), restorer, tell)
    with pytest.raises(FileAccessError, match="does not exist"):
        restore_file(job(folder, target="none/out.png"), restorer, tell)
    with pytest.raises(ArgumentError, match="is the mask itself"):
        restore_file(job(folder, target="mask.png"), restorer, tell)
    assert not (folder / "out.png").exists()
    assert not list(folder.glob(".bokwon-*"))
    (folder / "out.png").write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        restore_file(job(folder, overwrite=False), restorer, tell)
    assert (folder / "out.png").read_bytes() == b"mine"


def test_a_record_is_left_if_asked_for(folder: Path, restorer: Restorer) -> None:
    restore_file(job(folder, record=True, overlay=True), restorer, lambda level, text: None)
    names = {path.name for path in (folder / "out.png.record").iterdir()}
    pictures = {f"{kind}_p001.png" for kind in ("hole", "evidence", "ink", "overlay")}
    assert names == {"record.json", "original_p001.npz"} | pictures


class Made:
    """Says that a hole is filled already, and with what."""

    def __init__(self, hole: np.ndarray, pages: tuple[int, ...] = (1,), value: int = 7) -> None:
        self.hole, self.pages, self.value = hole, pages, value

    def has(self, number: int) -> bool:
        return number in self.pages

    def check_size(self, number: int, size: tuple[int, int] | None) -> None:
        pass

    def of(self, page: Page, number: int, name: str) -> PageHole:
        shape = (int(self.hole.sum()), *page.pixels.shape[2:])
        samples = np.full(shape, self.value, np.uint8)
        by = ({"box": None, "method": "a brush"},)
        return PageHole(self.hole, "mask", "made", "given", Damage, samples, by)


def silent(level: str, text: str) -> None:
    pass


def record_of(path: Path) -> dict[str, Any]:
    return dict(json.loads((path.with_name(f"{path.name}.record") / "record.json").read_text()))


def test_a_hole_that_was_filled_before_is_taken_as_it_is(folder: Path, restorer: Restorer) -> None:
    hole = np.zeros((72, 80), bool)
    hole[3:9, 3:9] = True
    outcome = restore_file(job(folder, record=True), restorer, silent, holes=Made(hole))
    assert (outcome.restored, outcome.tiles, outcome.hole) == (1, 0, 36)
    before, after = pixels(folder / "page.png"), pixels(folder / "out.png")
    np.testing.assert_array_equal(after[~hole], before[~hole])
    assert (after[hole] == 7).all()
    (page,) = record_of(folder / "out.png")["pages"]
    assert page["filled_by"] == [{"box": None, "method": "a brush"}]


def test_pages_of_an_output_stay_while_others_change(folder: Path, restorer: Restorer) -> None:
    pages = [Image.fromarray(np.full((30, 40), 100 + number, np.uint8)) for number in range(3)]
    pages[0].save(folder / "book.tif", save_all=True, append_images=pages[1:])
    hole = np.zeros((30, 40), bool)
    hole[5:9, 5:9] = True
    first = Job(Source.of(folder / "book.tif"), Masks(), folder / "out.tif", options=Options(record=True))
    restore_file(first, restorer, silent, holes=Made(hole, (1, 2), 7))
    restore_file(replace(first, update=frozenset({1})), restorer, silent, holes=Made(hole, (2, 3), 9))
    with Image.open(folder / "out.tif") as image:
        for number, value in enumerate((7, 9, 9)):
            image.seek(number)
            page = np.array(image)
            assert (page[hole] == value).all()
            assert (page[~hole] == 100 + number).all()
    assert [page["page"] for page in record_of(folder / "out.tif")["pages"]] == [1, 2, 3]
    # All of it can be taken back.
    for number in (1, 2, 3):
        page = read_back(folder / "out.tif", number)
        put_back(folder / "out.tif.record", number, 3, page)
        assert (page.pixels == 99 + number).all()


def read_back(path: Path, number: int) -> Page:
    with open_document(Source.of(path), max_pixels=10**6) as document:
        return document.page(number)


def test_each_page_of_a_file_has_its_own_material(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter(
        [Verdict("page", True, "thin strokes"), Verdict("photo", True, "half-tones"), Verdict("page", False, "it may")]
    )
    monkeypatch.setattr("bokwon.inpaint.restorer.classify", lambda *given: next(told))
    pages = [Image.open(folder / "page.png").convert("L").rotate(90 * turn) for turn in (0, 2, 0)]
    pages[0].save(folder / "book.tif", save_all=True, append_images=pages[1:])
    said: Said = []
    book = Job(
        Source.of(folder / "book.tif"),
        Masks(pages={number: Source.of(folder / "mask.png") for number in (1, 2, 3)}),
        folder / "out.tif",
        options=Options(record=True),
    )
    outcome = restore_file(book, Restorer(), lambda level, text: said.append((level, text)))
    assert outcome.materials == ("page", "photo", "page")
    name = str(folder / "book.tif")
    assert ("detail", f"{name}, page 1: filled as a page: thin strokes") in said
    assert ("detail", f"{name}, page 2: filled as a photograph: half-tones") in said
    why = "it may, so it is filled as a page; --material photo fills it as a photograph"
    assert ("note", f"{name}, page 3: {why}") in said
    record = json.loads((folder / "out.tif.record" / "record.json").read_text())
    assert (record["model"].removesuffix("-int8"), record["settings"]["material"]) == ("document", "page")
    assert [page["material"] for page in record["pages"]] == ["page", "photo", "page"]
    assert [page["material_reason"] for page in record["pages"]] == ["thin strokes", "half-tones", "it may"]
    assert ["filled_by" in page for page in record["pages"]] == [False, True, False]
    (other,) = record["pages"][1]["filled_by"]
    assert (other["box"], other["model"], other["settings"]["material"]) == (None, "photo", "photo")
