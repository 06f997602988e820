from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import FileAccessError, InputFileError
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.provenance.record import (
    check_record,
    find_input,
    free_folder,
    has_record,
    note_undone,
    put_back,
    read_record,
    record_folder,
    set_aside,
    undone_sha256,
)
from bokwon.utilities.checksums import sha256_of


def write_record(target: Path, **changes: object) -> Path:
    folder = record_folder(target)
    folder.mkdir(exist_ok=True)
    record = {
        "record": 2,
        "output": {"file": target.name, "sha256": sha256_of(target.read_bytes())},
        "pages": [{"page": 1, "size": [6, 4]}],
    }
    (folder / "record.json").write_text(json.dumps({**record, **changes}))
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "out.png").write_bytes(b"restored")
    return tmp_path / "out.png"


def test_a_record_lies_beside_its_output(target: Path) -> None:
    assert record_folder(target) == target.with_name("out.png.record")
    assert not has_record(target)
    record_folder(target).mkdir()
    assert not has_record(target)
    write_record(target)
    assert has_record(target)


def test_a_name_that_is_too_long_is_told_before_any_work(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 250 + ".png")
    assert not has_record(long)
    with pytest.raises(FileAccessError, match="cannot lie beside"):
        check_record(long)
    check_record(tmp_path / "short.png")


def test_a_record_is_read_by_its_folder_or_its_file(target: Path) -> None:
    folder = write_record(target)
    for path in (folder, folder / "record.json"):
        place, record = read_record(path)
        assert place == folder
        assert record["pages"] == {1: {"page": 1, "size": (6, 4)}}


@pytest.mark.parametrize(
    "changes",
    [{"record": 3}, {"pages": {}}, {"output": {}}, {"output": {"sha256": 7}}, {"pages": [{"page": 1, "size": [0, 4]}]}],
)
def test_what_is_no_record_is_told(target: Path, changes: dict[str, object]) -> None:
    folder = write_record(target, **changes)
    with pytest.raises(InputFileError, match="is no record"):
        read_record(folder)
    with pytest.raises(FileAccessError, match="cannot be read"):
        read_record(target.with_name("none.record"))


def test_what_is_named_in_the_place_of_a_record_is_told_in_plain_words(target: Path) -> None:
    with pytest.raises(InputFileError, match=r"its text is not JSON; name an OUTPUT.record folder"):
        read_record(target)
    with pytest.raises(FileAccessError, match=r"it holds no record\.json; name an OUTPUT.record folder"):
        read_record(target.parent)
    folder = write_record(target)
    with pytest.raises(InputFileError, match=rf"its text is not JSON; name {re.escape(str(folder))}$"):
        read_record(target)


def test_a_restoration_that_was_taken_back_is_noted(target: Path) -> None:
    folder = write_record(target)
    assert undone_sha256(target) is None
    target.write_bytes(b"as it was")
    note_undone(folder, target)
    assert undone_sha256(target) == sha256_of(b"as it was")
    (folder / "undone.json").write_text("{")
    assert undone_sha256(target) is None


def test_only_the_record_of_another_output_is_set_aside(target: Path) -> None:
    assert set_aside(target) is None
    write_record(target)
    assert set_aside(target) is None
    target.write_bytes(b"another picture")
    assert free_folder(target).name == "out.png.1.record"
    moved = set_aside(target)
    assert moved == target.with_name("out.png.1.record")
    assert (moved / "record.json").is_file()
    assert not has_record(target)
    assert free_folder(target).name == "out.png.2.record"


def test_a_record_that_cannot_be_read_stays(target: Path) -> None:
    write_record(target, record=99)
    target.write_bytes(b"another picture")
    assert set_aside(target) is None
    assert has_record(target)


def stored(folder: Path, hole: np.ndarray, samples: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    Image.fromarray(hole).save(folder / "hole_p001.png")
    np.savez(folder / "original_p001.npz", samples=samples)


def test_the_original_samples_are_put_back(tmp_path: Path) -> None:
    before = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    hole = np.zeros((4, 6), bool)
    hole[1:3, 2:5] = True
    stored(tmp_path / "r", hole, before[hole])
    page = Page(before.copy(), "RGB", "PNG", Metadata())
    page.pixels[hole] = 0
    put_back(tmp_path / "r", 1, 1, page)
    np.testing.assert_array_equal(page.pixels, before)


def test_samples_of_another_image_are_refused(tmp_path: Path) -> None:
    hole = np.zeros((4, 6), bool)
    hole[0] = True
    stored(tmp_path / "r", hole, np.zeros((6, 3), np.uint16))
    page = Page(np.zeros((4, 6, 3), np.uint8), "RGB", "PNG", Metadata())
    with pytest.raises(InputFileError, match="of another image"):
        put_back(tmp_path / "r", 1, 1, page)
    with pytest.raises(InputFileError, match="lacks what page 2 was"):
        put_back(tmp_path / "r", 2, 2, page)
    (tmp_path / "r" / "original_p001.npz").write_bytes(b"no archive")
    with pytest.raises(InputFileError, match="lacks what page 1 was"):
        put_back(tmp_path / "r", 1, 1, page)


@pytest.mark.parametrize("place", ["out/page.jpg.record/input", "scans/page.jpg", "page.jpg"])
def test_the_input_is_found_where_it_is_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.chdir(tmp_path)
    target = Path("out/page.jpg")
    folder = record_folder(target)
    for path in (folder, Path("scans")):
        path.mkdir(parents=True)
    told = {"file": "page.jpg", "path": "../scans/page.jpg", "sha256": sha256_of(b"scan")}
    Path(place).write_bytes(b"scan")
    found = find_input(folder, {"input": told}, target)
    assert found is not None
    assert found.samefile(place)
    Path(place).write_bytes(b"another")
    assert find_input(folder, {"input": told}, target) is None
    assert find_input(folder, {"input": None}, target) is None
