from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source
from bokwon.inpaint.ink import INK_MADE
from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.hole_list import Damage
from bokwon.provenance.record import find_input, put_back, read_record, record_folder
from bokwon.provenance.recorder import Recorder
from bokwon.settings import RestoreSettings
from bokwon.utilities.checksums import sha256_of_file


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer()


@pytest.fixture
def hole() -> np.ndarray:
    hole = np.zeros((40, 50), bool)
    hole[10:20, 15:30] = True
    return hole


@pytest.fixture
def source(tmp_path: Path) -> Source:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "page.png")
    return Source.of(tmp_path / "page.png")


def page_of(source: Source) -> Page:
    with source.open() as stream, Image.open(stream) as image:
        return Page(np.array(image), "RGB", "PNG", Metadata())


def record(
    restorer: Restorer, source: Source, target: Path, hole: np.ndarray, *, fails: bool = False, overlay: bool = False
) -> None:
    page = page_of(source)
    with Recorder(source, target, restorer, with_overlay=overlay) as recorder:
        levels = recorder.before(1, page, hole, "mask.png", Damage("a table", kind="tear"))
        page.pixels[hole] = 7
        ink = np.zeros(hole.shape, np.uint8)
        ink[hole] = INK_MADE
        recorder.after(1, page, levels, ink)
        if fails:
            raise RuntimeError("the disk is full")
        temporary = target.with_name("whole.png")
        Image.fromarray(page.pixels).save(temporary)
        with temporary.open("rb") as stream:
            recorder.prepare(stream, {"ink": "off"})
        temporary.replace(target)
        recorder.finish()


def test_a_record_tells_what_was_done_and_takes_it_back(
    restorer: Restorer, source: Source, tmp_path: Path, hole: np.ndarray
) -> None:
    target = tmp_path / "out.png"
    record(restorer, source, target, hole, overlay=True)
    folder, told = read_record(record_folder(target))
    assert told["input"]["sha256"] == sha256_of_file(tmp_path / "page.png")
    assert told["output"] == {"file": "out.png", "sha256": sha256_of_file(target)}
    assert (told["method"], told["model"], told["model_sha256"]) == ("model", restorer.model.name, restorer.sha256)
    assert told["settings"] == {"ink": "off"}
    page = told["pages"][1]
    assert (page["size"], page["mode"], page["depth"], page["mask"]) == ((50, 40), "RGB", 8, "mask.png")
    assert page["hole_pixels"] == sum(page["evidence"]) == 150
    assert page["holes"][0]["box"] == [15, 10, 15, 10]
    assert page["holes"][0]["damage"] == "tear"
    assert {path.name for path in folder.iterdir()} >= {"overlay_p001.png", "evidence_p001.png", "ink_p001.png"}
    with Image.open(folder / "ink_p001.png") as ink:
        np.testing.assert_array_equal(np.array(ink), np.where(hole, INK_MADE, 0))
    restored = page_of(Source.of(target))
    assert (restored.pixels[hole] == 7).all()
    put_back(folder, 1, 1, restored)
    np.testing.assert_array_equal(restored.pixels, page_of(source).pixels)


def test_a_run_that_fails_leaves_the_earlier_record(
    restorer: Restorer, source: Source, tmp_path: Path, hole: np.ndarray
) -> None:
    target = tmp_path / "out.png"
    with pytest.raises(RuntimeError):
        record(restorer, source, target, hole, fails=True)
    assert not record_folder(target).exists()
    record(restorer, source, target, hole)
    before = {path.name: path.read_bytes() for path in record_folder(target).iterdir()}
    with pytest.raises(RuntimeError):
        record(restorer, source, target, hole, fails=True)
    assert {path.name: path.read_bytes() for path in record_folder(target).iterdir()} == before


def test_a_new_record_replaces_the_old_one_and_keeps_notes(
    restorer: Restorer, source: Source, tmp_path: Path, hole: np.ndarray
) -> None:
    target = tmp_path / "out.png"
    record(restorer, source, target, hole, overlay=True)
    (record_folder(target) / "seen by me.txt").write_text("well done")
    record(restorer, source, target, hole)
    names = {path.name for path in record_folder(target).iterdir()}
    assert "overlay_p001.png" not in names
    assert "seen by me.txt" in names


def test_an_output_is_not_restored_again_over_its_record(
    restorer: Restorer, source: Source, tmp_path: Path, hole: np.ndarray
) -> None:
    target = tmp_path / "out.png"
    record(restorer, source, target, hole)
    with pytest.raises(ArgumentError, match="original pixels would be lost"):
        record(restorer, Source.of(target), target, hole)


def test_the_first_record_of_a_file_restored_over_itself_is_kept(
    restorer: Restorer, tmp_path: Path, source: Source, hole: np.ndarray
) -> None:
    page = tmp_path / "page.png"
    first = page.read_bytes()
    record(restorer, source, page, hole)
    # Someone puts another picture there; its restoration has a record of its own.
    page.write_bytes(first)
    record(restorer, Source.of(page), page, hole)
    kept = tmp_path / "page.png.1.record"
    assert json.loads((kept / "record.json").read_text())["output"]["sha256"] == sha256_of_file(page)
    assert record_folder(page).is_dir()


def test_pages_that_stay_keep_what_the_record_says_of_them(
    restorer: Restorer, source: Source, hole: np.ndarray, tmp_path: Path
) -> None:
    target = tmp_path / "out.png"
    record(restorer, source, target, hole)
    other = Restorer(RestoreSettings(method="telea"))
    page = page_of(source)
    with Recorder(source, target, other, with_overlay=False, keep=frozenset({1})) as recorder:
        recorder.before(2, page, hole, "mask.png", Damage())
        with target.open("rb") as stream:
            recorder.prepare(stream, {"ink": "off"})
        recorder.finish()
    folder, told = read_record(tmp_path / "out.png.record")
    assert sorted(told["pages"]) == [1, 2]
    assert told["method"] == "telea"
    # What filled the first page is told of it alone.
    assert [part["method"] for part in told["pages"][1]["filled_by"]] == ["model"]
    assert "filled_by" not in told["pages"][2]
    for number in (1, 2):
        for name in (f"hole_p{number:03}.png", f"evidence_p{number:03}.png", f"original_p{number:03}.npz"):
            assert (folder / name).is_file()


def test_pages_that_stay_as_jpeg_still_need_the_input(
    restorer: Restorer, source: Source, hole: np.ndarray, tmp_path: Path
) -> None:
    target = tmp_path / "out.pdf"
    target.write_bytes(b"of two pages")
    page = page_of(source)
    for number, keep in ((1, frozenset[int]()), (2, frozenset({1}))):
        with Recorder(source, target, restorer, with_overlay=False, keep=keep) as recorder:
            if number == 1:
                recorder.note_encoded_anew()
            recorder.before(number, page, hole, "mask.png", Damage())
            with target.open("rb") as stream:
                recorder.prepare(stream, {})
            recorder.finish()
    folder, told = read_record(tmp_path / "out.pdf.record")
    assert sorted(told["pages"]) == [1, 2]
    assert told["encoded_anew"]
    assert source.path is not None
    assert find_input(folder, told, target) == source.path.resolve()


def test_the_origin_of_a_scan_that_was_downloaded_is_recorded(
    restorer: Restorer, source: Source, tmp_path: Path, hole: np.ndarray
) -> None:
    assert source.path is not None
    page = {"file": "page.png", "sha256": sha256_of_file(source.path), "url": "https://images.example/1"}
    told = {"manifest": "https://a.example/m", "rights": ["https://a.example/r"], "pages": [page]}
    record(restorer, source, tmp_path / "alone.png", hole)
    (tmp_path / "iiif.json").write_text(json.dumps(told))
    record(restorer, source, tmp_path / "out.png", hole)
    assert "origin" not in read_record(tmp_path / "alone.png.record")[1]
    assert read_record(tmp_path / "out.png.record")[1]["origin"] == {
        "manifest": "https://a.example/m",
        "rights": ["https://a.example/r"],
        "url": "https://images.example/1",
    }
