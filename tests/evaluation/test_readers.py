"""The readers themselves, on a line that they must be able to read."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from bokwon.errors import ArgumentError
from bokwon.evaluation.readers import make_reader
from bokwon.evaluation.reading import normalise


def line(text: str) -> np.ndarray:
    image = Image.new("RGB", (560, 90), "white")
    ImageDraw.Draw(image).text((20, 15), text, "black", font=ImageFont.load_default(48))
    return np.array(image)


@pytest.mark.filterwarnings("ignore")
def test_rapidocr_reads_latin() -> None:
    pytest.importorskip("rapidocr", reason="reading needs rapidocr")
    assert normalise(make_reader("rapidocr").read(line("Restoration 1804"))) == "Restoration1804"


def test_tesseract_reads_latin_and_names_what_it_lacks() -> None:
    pytest.importorskip("pytesseract", reason="reading with Tesseract needs pytesseract")
    if shutil.which("tesseract") is None:
        pytest.skip("the program tesseract is not installed")
    assert normalise(make_reader("tesseract:eng").read(line("Restoration 1804"))) == "Restoration1804"
    with pytest.raises(ArgumentError, match="Tesseract has no xyz"):
        make_reader("tesseract:xyz")
