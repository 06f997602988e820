"""Readers of text behind one small interface: RapidOCR and Tesseract."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError, MissingDependencyError

__all__ = ["RapidReader", "Reader", "TesseractReader", "make_reader", "order_lines"]

Line = tuple[str, tuple[float, float, float, float]]
"""A text and its box: left, top, right, bottom."""

_TALL = 1.5
_VERTICAL_BLOCK, _BLOCK = 5, 6


class Reader(Protocol):
    """Reads the text of an image.

    Attributes:
        description: Name, version and languages.
    """

    description: str

    def read(self, image: NDArray[np.uint8]) -> str:
        """Return the text, in reading order.

        Args:
            image: (H, W, 3).
        """
        ...


class RapidReader:
    """RapidOCR with the PP-OCR models its package carries: Chinese, Japanese and Latin characters, no Hangul.

    Raises:
        MissingDependencyError: rapidocr is not installed, or not whole.
    """

    def __init__(self) -> None:
        try:
            rapidocr: Any = importlib.import_module("rapidocr")
            self._engine = rapidocr.RapidOCR(params={"Global.log_level": "critical"})
        except ImportError as error:
            raise MissingDependencyError(f"rapidocr cannot be imported: {error}", "pip install rapidocr") from error
        self.description = f"rapidocr {importlib.metadata.version('rapidocr')}"

    def read(self, image: NDArray[np.uint8]) -> str:
        """Read an image; see `Reader.read`."""
        # It takes OpenCV's order of channels.
        result = self._engine(np.ascontiguousarray(image[..., ::-1]))
        if result.txts is None:
            return ""
        boxes = [np.asarray(box) for box in result.boxes]
        lines = [
            (str(text), (float(b[:, 0].min()), float(b[:, 1].min()), float(b[:, 0].max()), float(b[:, 1].max())))
            for text, b in zip(result.txts, boxes, strict=True)
        ]
        return "\n".join(order_lines(lines))


class TesseractReader:
    """Tesseract, the program, through pytesseract.

    Args:
        languages: Tesseract's names joined by `+`, such as `eng`, `kor` or `chi_tra_vert`.

    Raises:
        ArgumentError: A language is not installed.
        MissingDependencyError: pytesseract or Tesseract is not installed.
    """

    def __init__(self, languages: str = "eng") -> None:
        try:
            self._tesseract: Any = importlib.import_module("pytesseract")
            version = self._tesseract.get_tesseract_version()
            installed = set(self._tesseract.get_languages())
        except ImportError as error:
            raise MissingDependencyError(
                f"pytesseract cannot be imported: {error}", "pip install pytesseract"
            ) from error
        except (OSError, self._tesseract.TesseractNotFoundError) as error:
            fix = "install Tesseract and its languages (apt-get install tesseract-ocr tesseract-ocr-kor)"
            raise MissingDependencyError(f"Tesseract cannot be run: {error}", fix) from error
        lacking = [name for name in languages.split("+") if name not in installed]
        if lacking:
            found = ", ".join(sorted(installed)) or "none"
            raise ArgumentError(f"Tesseract has no {', '.join(lacking)}", f"installed languages: {found}")
        self._languages = languages
        # Its segmentation by default takes a page apart; these read one block of lines or of columns.
        self._mode = _VERTICAL_BLOCK if languages.endswith("_vert") else _BLOCK
        self.description = f"Tesseract {version}, {languages}"

    def read(self, image: NDArray[np.uint8]) -> str:
        """Read an image; see `Reader.read`."""
        text = self._tesseract.image_to_string(
            Image.fromarray(image), lang=self._languages, config=f"--psm {self._mode}"
        )
        return str(text)


def make_reader(name: str) -> Reader:
    """Make a reader by name.

    Args:
        name: `rapidocr`, `tesseract` (English) or `tesseract:LANGUAGES`.

    Raises:
        ArgumentError: No such reader or language.
        MissingDependencyError: What it needs is not installed.
    """
    kind, _, languages = name.partition(":")
    if kind == "rapidocr" and not languages:
        return RapidReader()
    if kind == "tesseract":
        return TesseractReader(languages or "eng")
    raise ArgumentError(f"no reader is named {name!r}", "choose rapidocr, tesseract or tesseract:LANGUAGES")


def order_lines(lines: Sequence[Line]) -> list[str]:
    """Return lines of text in reading order.

    Where most characters stand in tall boxes the page is written in columns: from right to left, and down where columns
    follow each other. Otherwise lines go down, those of one height from left to right.

    Args:
        lines: Texts and boxes.
    """
    tall = sum(len(text) for text, (left, top, right, bottom) in lines if bottom - top > _TALL * (right - left))
    if 2 * tall > sum(len(text) for text, _ in lines):
        # Columns are rows of the page turned by a quarter.
        turned = [(text, (top, -right, bottom, -left)) for text, (left, top, right, bottom) in lines]
        return _order_rows(turned)
    return _order_rows(lines)


def _order_rows(lines: Sequence[Line]) -> list[str]:
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line[1][1] + line[1][3]):
        _, (_, top, _, bottom) = line
        middle = (top + bottom) / 2
        # In the row as long as its middle lies within the row's first box.
        if rows and middle < rows[-1][0][1][3]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [text for row in rows for text, _ in sorted(row, key=lambda line: line[1][0])]
