"""What a PDF's page draws, read from its content within a budget of time and memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.formats.pdf.filters import LOSSLESS, TooLongError, filters_of, undo_filters
from bokwon.image_io.orientation import Orientation

__all__ = ["ContentReader", "Drawn", "page_rotation"]

_DEEPEST_FORM = 8
_MOST_FORMS = 10_000
_MOST_BYTES = 1 << 23
"""Of the content of a page, or of a form, once inflated. Parsed, it takes up to 80 times as many bytes."""
_MOST_OPERATORS = 500_000
"""That place or draw something, those of forms counted each time that they are drawn: some seconds."""
_MOST_OF_A_FILE = 10 * _MOST_OPERATORS
_KEPT = "q Q cm Do BI ID EI"
_DEEPEST_TREE = 100


@dataclass(frozen=True)
class Drawn:
    """An image that a page draws.

    Attributes:
        image: The image object; None for one that lies within the page's content.
        matrix: Where it stands: from the unit square to the page. None where the content does not make sense.
        path: The names under which the page's resources, and those of the forms that it draws, have it.
    """

    image: Any
    matrix: Any
    path: tuple[str, ...] = ()

    @property
    def is_stencil(self) -> bool:
        """Whether it has no colours of its own."""
        return bool(self.image.get("/ImageMask", False))

    @property
    def pixels(self) -> int:
        """Width times height."""
        return int(self.image.Width) * int(self.image.Height)

    @property
    def area(self) -> float:
        """How much of the page it covers, in the page's units; 0 where that is not known."""
        if self.matrix is None:
            return 0.0
        a, b, c, d, _, _ = (float(value) for value in self.matrix.shorthand)
        return abs(a * d - b * c)

    @property
    def orientation(self) -> Orientation | None:
        """How it stands on the page, before the page is rotated; None where that is not known, or aslant."""
        if self.matrix is None:
            return None
        a, b, c, d, _, _ = (float(value) for value in self.matrix.shorthand)
        return Orientation.of_matrix(a, b, c, d)

    @property
    def frame(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Its top left corner, and the steps from pixel to pixel along a row and from row to row, on the page."""
        a, b, c, d, e, f = (float(value) for value in self.matrix.shorthand)
        down = np.array([c, d])
        return np.array([e, f]) + down, np.array([a, b]) / int(self.image.Width), -down / int(self.image.Height)


def page_rotation(page: Any) -> Orientation:
    """Return how viewers turn a page: its entry /Rotate, or the one that it inherits."""
    node = page.obj
    for _ in range(_DEEPEST_TREE):
        if "/Rotate" in node:
            try:
                return Orientation.of_rotation(float(node.Rotate))
            except (TypeError, ValueError):
                # Not a right angle: viewers do not turn the page then.
                return Orientation.UPRIGHT
        if "/Parent" not in node:
            break
        node = node.Parent
    return Orientation.UPRIGHT


class ContentReader:
    """Reads what the pages of a PDF draw.

    A file of some kilobytes can keep a reader busy for hours, or take gigabytes: by forms that draw forms, and by
    content that is compressed. So what is read of a page and of a file is limited.

    Args:
        pikepdf: The library that opened the PDF.
    """

    def __init__(self, pikepdf: Any) -> None:
        self._pikepdf = pikepdf
        self._left_of_file = _MOST_OF_A_FILE
        self._forms = self._operators = 0
        self._parsed: dict[tuple[int, int], list[tuple[str, Any]]] = {}

    def drawn_images(self, page: Any) -> list[Drawn]:
        """Return the images that a page draws, those of forms too, in order.

        What resources name beside them is drawn by other pages that share them, or by none.

        Args:
            page: A page of the PDF.

        Raises:
            TooLongError: It draws too much.
        """
        self._forms, self._operators, self._parsed = _MOST_FORMS, _MOST_OPERATORS, {}
        contents = page.obj.get("/Contents")
        parts = list(contents) if isinstance(contents, self._pikepdf.Array) else [contents]
        # An operator may begin in one part and end in the next.
        data = b"\n".join(self._read(part) for part in parts if isinstance(part, self._pikepdf.Stream))
        return list(self._drawn(self._parse(data), page.resources, self._pikepdf.Matrix(), ()))

    def _read(self, stream: Any) -> bytes:
        filters = filters_of(self._pikepdf, stream)
        if not {name for name, _ in filters} <= LOSSLESS:
            return bytes(stream.read_bytes())
        return undo_filters(self._pikepdf, bytes(stream.read_raw_bytes()), filters, _MOST_BYTES)

    def _parse(self, data: bytes) -> list[tuple[str, Any]]:
        """Return the operators that place or draw something, with their operands."""
        # More than there are: they also stand in texts and images. It costs nothing to count them.
        most = sum(data.count(operator) for operator in (b"q", b"Q", b"cm", b"Do", b"BI"))
        if len(data) > _MOST_BYTES or most > _MOST_OPERATORS:
            raise TooLongError("its content is too long to be looked through")
        with self._pikepdf.new() as pdf:
            found = self._pikepdf.parse_content_stream(self._pikepdf.Stream(pdf, data), _KEPT)
            return [
                (operator, [_plain(operand) for operand in item.operands] if operator in ("cm", "Do") else None)
                for item in found
                if (operator := str(item.operator))
            ]

    def _form(self, form: Any) -> list[tuple[str, Any]]:
        if form.objgen not in self._parsed:
            self._parsed[form.objgen] = self._parse(self._read(form))
        return self._parsed[form.objgen]

    def _drawn(
        self, content: list[tuple[str, Any]], resources: Any, matrix: Any, path: tuple[str, ...]
    ) -> Iterator[Drawn]:
        named = resources.get("/XObject") or {}
        saved = []
        for operator, operands in content:
            self._operators -= 1
            self._left_of_file -= 1
            if min(self._operators, self._left_of_file) < 0:
                raise TooLongError(f"a page draws more than {_MOST_OPERATORS} things")
            if operator == "q":
                saved.append(matrix)
            elif operator == "Q" and saved:
                matrix = saved.pop()
            elif operator == "cm":
                # Not pikepdf's own stack of matrices: its version 10.17 multiplies them the wrong way round.
                matrix = self._multiplied(operands, matrix)
            elif operator == "INLINE IMAGE":
                yield Drawn(None, matrix)
            elif operator == "Do" and operands and str(operands[0]) in named:
                item, inside = named[str(operands[0])], (*path, str(operands[0]))
                kind = str(item.get("/Subtype"))
                if kind == "/Image":
                    yield Drawn(item, matrix, inside)
                elif kind == "/Form" and len(path) < _DEEPEST_FORM:
                    self._forms -= 1
                    if self._forms < 0:
                        raise TooLongError(f"a page draws more than {_MOST_FORMS} forms")
                    inner = self._multiplied(item.get("/Matrix", [1, 0, 0, 1, 0, 0]), matrix)
                    yield from self._drawn(self._form(item), item.get("/Resources", resources), inner, inside)

    def _multiplied(self, numbers: Any, matrix: Any) -> Any:
        """Return a matrix that first does what the numbers say; None if they say nothing."""
        try:
            first = self._pikepdf.Matrix(*(float(number) for number in numbers))
            return None if matrix is None else first @ matrix
        except (TypeError, ValueError):
            return None


def _plain(operand: Any) -> float | str:
    """Return a number or a name as a plain value: an object would keep its PDF open."""
    try:
        return float(operand)
    except (TypeError, ValueError):
        return str(operand)
