"""Readers of text behind one small interface: RapidOCR and Tesseract."""

from __future__ import annotations

import importlib
import importlib.metadata
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError, MissingDependencyError, importing

__all__ = ["RapidReader", "Reader", "TesseractReader", "make_reader", "make_readers", "order_lines"]

Line = tuple[str, tuple[float, float, float, float]]
"""A text and its box: left, top, right, bottom."""

_TALL = 1.5
# Tesseract's modes of page segmentation.
_AUTOMATIC, _VERTICAL_BLOCK, _ONE_LINE = 3, 5, 7
_LARGE = 1000
# A line alone is brought to this height, with paper around it: Tesseract wants some room.
_LINE_HEIGHT, _LINE_ROOM = 48, 10
_EXTRA = 'pip install "bokwon[reading]"'


class Reader(Protocol):
    """Reads the text of an image. It must be picklable, as it is sent to other processes.

    Attributes:
        description: Name, version and languages.
    """

    description: str

    def read(self, image: NDArray[np.uint8]) -> str:
        """Return the text, in reading order.

        Args:
            image: (H, W, 3).
        """

    def read_lines(self, lines: Sequence[NDArray[np.uint8]]) -> list[str]:
        """Return the texts of images that hold one line each, so that no layout has to be guessed.

        Args:
            lines: (H, W, 3) each. An image much higher than wide is a column.
        """


class RapidReader:
    """RapidOCR with the PP-OCR models of its package: Chinese, Japanese and Latin characters, no Hangul.

    Raises:
        MissingDependencyError: rapidocr is not installed, or not whole.
    """

    def __init__(self) -> None:
        _rapidocr()
        self.description = f"rapidocr {importlib.metadata.version('rapidocr')}"

    def read(self, image: NDArray[np.uint8]) -> str:
        """Read an image; see `Reader.read`."""
        # It takes OpenCV's order of channels.
        result = _rapidocr()(np.ascontiguousarray(image[..., ::-1]))
        if result.txts is None:
            return ""
        boxes = [np.asarray(box) for box in result.boxes]
        lines = [
            (str(text), (float(b[:, 0].min()), float(b[:, 1].min()), float(b[:, 0].max()), float(b[:, 1].max())))
            for text, b in zip(result.txts, boxes, strict=True)
        ]
        return "\n".join(order_lines(lines))

    def read_lines(self, lines: Sequence[NDArray[np.uint8]]) -> list[str]:
        """Read lines; see `Reader.read_lines`."""
        read = _rapidocr()
        texts = []
        for line in lines:
            # Its models expect columns rotated to rows, as its own detection passes them.
            flat = np.rot90(line) if line.shape[0] > _TALL * line.shape[1] else line
            result = read(np.ascontiguousarray(flat[..., ::-1]), use_det=False, use_cls=False, use_rec=True)
            texts.append("".join(result.txts or ()))
        return texts


@lru_cache(maxsize=1)
def _rapidocr() -> Any:
    # Kept by the process and not by the reader, which goes to other processes.
    with importing("rapidocr cannot be imported: {error}", _EXTRA):
        rapidocr: Any = importlib.import_module("rapidocr")
    return rapidocr.RapidOCR(
        params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1}
    )


class TesseractReader:
    """The program Tesseract, through pytesseract.

    Tesseract divides horizontal pages into blocks itself. Columns are read as one block. Small images are enlarged,
    because Tesseract expects letters as large as in scans of 300 dpi.

    Args:
        languages: Tesseract's names joined by `+`, such as `eng`, `kor` or `chi_tra_vert`.

    Raises:
        ArgumentError: A language is not installed.
        MissingDependencyError: pytesseract or Tesseract is not installed.
    """

    def __init__(self, languages: str = "eng") -> None:
        with importing("pytesseract cannot be imported: {error}", _EXTRA):
            tesseract: Any = importlib.import_module("pytesseract")
        try:
            version = tesseract.get_tesseract_version()
            installed = set(tesseract.get_languages())
        # Errors of pytesseract, and OSError if the program exists but does not run.
        except (OSError, tesseract.TesseractNotFoundError) as error:
            fix = "install Tesseract and its languages (apt-get install tesseract-ocr tesseract-ocr-kor)"
            raise MissingDependencyError(f"Tesseract cannot be run: {error}", fix) from error
        lacking = [name for name in languages.split("+") if name not in installed]
        if lacking:
            found = ", ".join(sorted(installed)) or "none"
            raise ArgumentError(f"Tesseract has no {', '.join(lacking)}", f"installed languages: {found}")
        self._languages = languages
        self._mode = _VERTICAL_BLOCK if languages.endswith("_vert") else _AUTOMATIC
        self.description = f"Tesseract {version}, {languages}"

    def read(self, image: NDArray[np.uint8]) -> str:
        """Read an image; see `Reader.read`."""
        tesseract: Any = importlib.import_module("pytesseract")
        picture = Image.fromarray(image)
        if min(picture.size) < _LARGE:
            picture = picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.BICUBIC)
        return str(tesseract.image_to_string(picture, lang=self._languages, config=f"--psm {self._mode}"))

    def read_lines(self, lines: Sequence[NDArray[np.uint8]]) -> list[str]:
        """Read lines; see `Reader.read_lines`."""
        if not lines:
            return []
        tesseract: Any = importlib.import_module("pytesseract")
        mode = _VERTICAL_BLOCK if self._mode == _VERTICAL_BLOCK else _ONE_LINE
        # One start of the program for all of them: it takes a list of files, and ends each text with a form feed.
        with tempfile.TemporaryDirectory(prefix="bokwon-lines-") as folder:
            paths = [Path(folder) / f"{number}.png" for number in range(len(lines))]
            for path, line in zip(paths, lines, strict=True):
                _on_paper(line).save(path)
            listed = Path(folder) / "lines.txt"
            listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
            text = str(tesseract.image_to_string(str(listed), lang=self._languages, config=f"--psm {mode}"))
        texts = text.split("\f")
        return texts[: len(lines)] + [""] * (len(lines) - len(texts))


def _on_paper(line: NDArray[np.uint8]) -> Image.Image:
    """Return a line at the height that Tesseract reads best, in a frame of its own paper."""
    height, width = line.shape[:2]
    short = min(height, width)
    picture = Image.fromarray(line)
    size = (max(1, round(width * _LINE_HEIGHT / short)), max(1, round(height * _LINE_HEIGHT / short)))
    paper = tuple(int(value) for value in np.median(line.reshape(-1, 3), axis=0))
    framed = Image.new("RGB", (size[0] + 2 * _LINE_ROOM, size[1] + 2 * _LINE_ROOM), paper)
    framed.paste(picture.resize(size, Image.Resampling.BICUBIC), (_LINE_ROOM, _LINE_ROOM))
    return framed


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
    raise ArgumentError(f"there is no reader {name!r}", "choose rapidocr, tesseract or tesseract:LANGUAGES")


def make_readers(names: str) -> tuple[Reader, ...]:
    """Make several readers.

    Args:
        names: Names that `make_reader` knows, with commas.

    Raises:
        ArgumentError: There is no reader, or one is named twice or does not exist.
        MissingDependencyError: A method or reader needs a package that is not installed.
    """
    parts = [part.strip() for part in names.split(",") if part.strip()]
    if not parts or len(set(parts)) < len(parts):
        raise ArgumentError(f"{names!r} is not a list of readers", "name each reader once, with commas between")
    return tuple(make_reader(part) for part in parts)


def order_lines(lines: Sequence[Line]) -> list[str]:
    """Return lines of text in reading order.

    If most characters lie in tall boxes, the page is written in columns, which are ordered from right to left, and from
    top to bottom within a column. Otherwise lines are ordered from top to bottom, and those at one height from left to
    right.

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
