"""Horizontal pages: lines from left to right, in print, by hand or typed."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bokwon.synthesis.pages.canvas import Canvas
from bokwon.synthesis.pages.fonts import Font
from bokwon.synthesis.pages.writer import Writer, write_stream

__all__ = ["write_lines"]

_Word = list[tuple[str, Font, int, float]]


@dataclass(frozen=True)
class _Block:
    """A block of text and the layout of its lines, in pixels of the page.

    Attributes:
        left: Left edge.
        right: Right edge.
        top: Base line of the first line.
        bottom: No base line lies below.
        pitch: Distance of base lines.
        indent: Indent of a paragraph's first line.
        justified: Whether lines are spread to the right edge.
        slope: How much lines climb, as a tangent.
    """

    left: float
    right: float
    top: float
    bottom: float
    pitch: float
    indent: float
    justified: bool
    slope: float


def write_lines(rng: np.random.Generator, canvas: Canvas, writer: Writer, height: float, width: float) -> None:
    """Write a page of lines.

    Args:
        rng: Random generator.
        canvas: What is drawn on; may show only a part of the page.
        writer: Style, fonts, size and text.
        height: Height of the whole page in pixels.
        width: Width of the whole page in pixels.
    """
    style, size = writer.hand.style, writer.size
    margins = [size * float(rng.uniform(1.0, 4.0)) for _ in range(4)]
    left, right = min(margins[0], width / 6), width - min(margins[1], width / 6)
    top, bottom = min(margins[2], height / 6), height - min(margins[3], height / 6)
    pitch = size * float(rng.uniform(*style.pitch))
    if rng.random() < style.rules:
        _rule_paper(rng, canvas, pitch, (0.0, top + size + 0.15 * size, width, height))
    words = _words(write_stream(rng, writer.hand, writer.source), writer)
    printed = style.faces[0] == "print"
    # A running head and the page's number stand in the upper margin.
    if printed and top > 2.2 * size and rng.random() < 0.4:
        head = _Block(left + 0.3 * (right - left), right, top - 0.6 * size, top, pitch, 0, False, 0.0)
        _write_block(rng, canvas, writer, words, head, 1)
    block = _Block(
        left, right, top + size, bottom, pitch,
        indent=float(rng.choice((0.0, 1.5, 2.0, 4.0))) * size,
        justified=printed and rng.random() < 0.75,
        slope=float(rng.normal(0, 0.12 * style.sway)),
    )  # fmt: skip
    parts = [block]
    if printed and right - left > 30 * size and rng.random() < 0.35:
        gutter, middle = float(rng.uniform(1.0, 2.0)) * size, (left + right) / 2
        edges = [(left, middle - gutter / 2), (middle + gutter / 2, right)]
        parts = [_Block(a, b, block.top, bottom, pitch, block.indent, block.justified, block.slope) for a, b in edges]
        if rng.random() < 0.3:
            canvas.polyline([(middle, top), (middle, bottom)], 0.04 * size)
    for part in parts:
        _write_block(rng, canvas, writer, words, part)


def _write_block(
    rng: np.random.Generator, canvas: Canvas, writer: Writer, words: Iterator[_Word], block: _Block, most: int = 100000
) -> None:
    style, size = writer.hand.style, writer.size
    count = max(1, min(most, int((block.bottom - block.top) / block.pitch) + 1))
    red = int(rng.integers(count)) if rng.random() < style.red else -1
    # A window may show the middle of a paragraph.
    left_over = int(rng.integers(0, 8))
    ink = _Ink(rng, style.fill)
    for number in range(count):
        y = block.top + number * block.pitch
        first, last = left_over == 0, left_over == 1
        if first:
            left_over = int(rng.integers(2, 11))
            if rng.random() < 0.25 and number:
                # White space between paragraphs.
                continue
        left_over -= 1
        if not canvas.sees(block.left, y - 1.5 * size, block.right, y + size):
            continue
        start = block.left + (block.indent if first else 0) + abs(float(rng.normal(0, style.sway * size)))
        room = (block.right - start) * (float(rng.uniform(0.2, 0.9)) if last else 1.0)
        line = _fill_line(words, writer, room)
        if line:
            layer = "red" if number == red else "black"
            spread = room if block.justified and not last and len(line) > 3 else None
            end = _write_line(rng, canvas, writer, line, (start, y), spread, block.slope, layer, ink)
            if style.fill == "typed" and rng.random() < 0.04:
                canvas.polyline([(start, y + 0.18 * size), (end, y + 0.18 * size)], 0.06 * size, layer)
        canvas.end_line()


def _words(characters: Iterator[str], writer: Writer) -> Iterator[_Word]:
    """Group characters into words, with font, em size and advance. Characters without a glyph are left out."""
    word: _Word = []
    for character in characters:
        if not character.isspace() and len(word) < 24:
            font = writer.find(character)
            if font is not None:
                em = writer.em(font, writer.size, character)
                word.append((character, font, em, font.advance(character, em)))
        elif word:
            yield word
            word = []


def _gap(writer: Writer) -> float:
    if writer.hand.style.fill == "typed":
        return 0.6 * writer.size
    return (0.3 if writer.hand.script == "latin" else 0.4) * writer.size


def _fill_line(words: Iterator[_Word], writer: Writer, room: float) -> list[_Word]:
    line: list[_Word] = []
    total = 0.0
    for _ in range(400):
        word = next(words)
        total += sum(advance for _, _, _, advance in word)
        if total > room:
            # Half a word at the end of a line that has no other keeps a narrow column from staying empty.
            while not line and word and sum(advance for _, _, _, advance in word) > room:
                word.pop()
            return line or ([word] if word else [])
        line.append(word)
        total += _gap(writer)
    return line


def _write_line(
    rng: np.random.Generator,
    canvas: Canvas,
    writer: Writer,
    line: list[_Word],
    start: tuple[float, float],
    spread: float | None,
    slope: float,
    layer: str,
    ink: _Ink,
) -> float:
    """Write one line; return where it ends."""
    style, gap = writer.hand.style, _gap(writer)
    if spread is not None:
        natural = sum(advance for word in line for _, _, _, advance in word) + gap * (len(line) - 1)
        gap += min((spread - natural) / (len(line) - 1), 0.9 * writer.size)
    x, shift = start[0], 0.0
    for word in line:
        for character, font, em, advance in word:
            # A hand wanders off the line and comes back; a type bar hits a little high or low, always the same way.
            shift = 0.8 * shift + float(rng.normal(0, style.sway * writer.size * 0.5))
            lift = ink.lift(character) * style.sway * writer.size if style.fill == "typed" else shift
            canvas.load = ink.load(character)
            slant = writer.hand.slant if unicodedata.category(character[0])[0] != "P" else 0.0
            canvas.put_at_pen(font, character, x, start[1] + lift + slope * (x - start[0]), em, layer, slant)
            x += advance
        canvas.space()
        x += gap * (
            1
            if spread is not None or style.fill == "typed"
            else float(rng.uniform(1 - 4 * style.sway, 1 + 6 * style.sway))
        )
    canvas.load = 1.0
    return x - gap


class _Ink:
    """Yield the amount of ink of each letter."""

    def __init__(self, rng: np.random.Generator, fill: str) -> None:
        self._rng = rng
        self._fill = fill
        self._salt = int(rng.integers(1 << 30))
        self._load = 1.0

    def load(self, character: str) -> float:
        """Return the load for the next letter, in [0.35, 1]."""
        if self._fill == "typed":
            # Every key has its own strength, and every stroke of it too.
            return float(np.clip(0.9 - 0.35 * self._own(character) ** 2 + self._rng.normal(0, 0.09), 0.35, 1.0))
        if self._fill == "dipped":
            self._load *= float(self._rng.uniform(0.985, 1.0))
            if self._load < 0.62 or self._rng.random() < 0.005:
                self._load = 1.0
            return self._load
        return 1.0

    def lift(self, character: str) -> float:
        """Return how far off the line this key hits, in [-1, 1]."""
        return 2 * self._own(character + "lift") - 1

    def _own(self, character: str) -> float:
        return zlib.crc32(f"{self._salt}{character}".encode()) / 2**32


def _rule_paper(
    rng: np.random.Generator, canvas: Canvas, pitch: float, area: tuple[float, float, float, float]
) -> None:
    """Rule the paper before writing: lines, or squares as in French school books."""
    left, top, right, bottom = area
    thickness = float(rng.uniform(0.7, 1.3)) * max(1.0, pitch / 90)
    for y in np.arange(top, bottom, pitch).tolist():
        canvas.polyline([(left, y), (right, y)], thickness, "ruling")
    if rng.random() < 0.3:
        step = pitch / float(rng.choice((1, 2)))
        for x in np.arange(left + float(rng.uniform(0, step)), right, step).tolist():
            canvas.polyline([(x, 0.0), (x, bottom)], 0.8 * thickness, "ruling")
        for y in np.arange(top - pitch / 2, bottom, pitch).tolist() if step < pitch else []:
            canvas.polyline([(left, y), (right, y)], 0.8 * thickness, "ruling")
