"""The readers themselves, on a line that they must be able to read."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from bokwon.errors import ArgumentError
from bokwon.evaluation.job import Order, evaluate
from bokwon.evaluation.measure.benchmark import Folders
from bokwon.evaluation.reading.errors import normalise
from bokwon.evaluation.reading.readers import make_reader, make_readers, order_lines


def line(text: str) -> np.ndarray:
    image = Image.new("RGB", (560, 90), "white")
    ImageDraw.Draw(image).text((20, 15), text, "black", font=ImageFont.load_default(48))
    return np.array(image)


@pytest.mark.filterwarnings("ignore")
def test_rapidocr_reads_latin() -> None:
    pytest.importorskip("rapidocr", reason="reading needs rapidocr")
    # As it comes out in another process.
    reader = pickle.loads(pickle.dumps(make_reader("rapidocr")))
    assert normalise(reader.read(line("Restoration 1804"))) == "Restoration1804"
    # A column is handed over lying on its side.
    lines = [line("Restoration 1804"), np.rot90(line("Paper 12"), -1)]
    assert [normalise(text) for text in reader.read_lines(lines)] == ["Restoration1804", "Paper12"]


def test_tesseract_reads_latin_and_names_what_it_lacks() -> None:
    pytest.importorskip("pytesseract", reason="reading with Tesseract needs pytesseract")
    if shutil.which("tesseract") is None:
        pytest.skip("the program tesseract is not installed")
    reader = pickle.loads(pickle.dumps(make_reader("tesseract:eng")))
    assert normalise(reader.read(line("Restoration 1804"))) == "Restoration1804"
    lines = [line("Restoration 1804"), line("Paper 12")]
    assert [normalise(text) for text in reader.read_lines(lines)] == ["Restoration1804", "Paper12"]
    assert reader.read_lines([]) == []
    with pytest.raises(ArgumentError, match="Tesseract has no xyz"):
        make_reader("tesseract:xyz")


@pytest.mark.parametrize("names", ["", " , ", "rapidocr,rapidocr"])
def test_a_list_of_readers_names_each_once(names: str) -> None:
    with pytest.raises(ArgumentError, match="not a list of readers"):
        make_readers(names)


@pytest.mark.filterwarnings("ignore")
def test_a_report_on_a_page_whose_text_is_known(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr", reason="reading needs rapidocr")
    page = np.full((560, 560, 3), 255, np.uint8)
    page[240:330] = line("Restoration 1804")
    (tmp_path / "images").mkdir()
    Image.fromarray(page).save(tmp_path / "images" / "page.png")
    characters = [{"text": character, "box": [260, 260, 270, 270]} for character in "Restoration1804"]
    (tmp_path / "images" / "page.json").write_text(json.dumps({"text": "Restoration 1804", "characters": characters}))
    hole = np.zeros((560, 560), bool)
    hole[200:360, 60:230] = True  # the first letters, whole
    (tmp_path / "masks").mkdir()
    Image.fromarray(hole).save(tmp_path / "masks" / "hole.png")
    folders = Folders(tmp_path / "images", tmp_path / "masks", tmp_path / "report")
    results = evaluate(Order(folders, "telea,identity", readers="rapidocr"), lambda _stage: lambda _done, _total: None)
    (row,) = [row for row in results["reading"]["rows"] if row["bin"] is None]
    pictures = row["pictures"]
    assert pictures["undamaged"]["cer"] == 0
    assert pictures["damaged"]["missing"] == pictures["identity"]["missing"] > 0.2
    assert results["pairs"][0]["reading"]["known"]
    for text in ((folders.report / name).read_text(encoding="utf-8") for name in ("report.html", "table.md")):
        assert "1 crops, 1 of them with known text" in text


def test_lines_go_down_and_to_the_right() -> None:
    lines = [("d", (60, 41, 90, 60)), ("a", (0, 0, 40, 20)), ("c", (0, 40, 50, 60)), ("b", (50, 4, 90, 24))]
    assert order_lines(lines) == ["a", "b", "c", "d"]


def test_columns_go_from_right_to_left() -> None:
    lines = [("黃宇", (0, 0, 20, 90)), ("天地", (60, 0, 80, 40)), ("玄", (58, 50, 79, 90))]
    assert order_lines(lines) == ["天地", "玄", "黃宇"]


def test_an_unknown_reader() -> None:
    with pytest.raises(ArgumentError, match="there is no reader 'eyes'"):
        make_reader("eyes")
