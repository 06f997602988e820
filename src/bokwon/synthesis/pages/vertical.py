"""Vertical pages: columns from right to left, rules, frames, folded spines, interlinear notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bokwon.synthesis.pages.canvas import Canvas
from bokwon.synthesis.pages.text import script_of
from bokwon.synthesis.pages.writer import MARKS, Writer, write_stream

__all__ = ["write_columns"]


@dataclass(frozen=True)
class _Grid:
    """Places of the columns of a page, in pixels of the page.

    Attributes:
        columns: Right edge of every column, from right to left.
        pitch: Width of a column.
        top: Upper edge of the text area.
        bottom: Lower edge of the text area.
        left: Left edge of the text area.
        right: Right edge of the text area.
        spine: Left and right edge of the folded strip.
        framed: Whether a frame is printed.
    """

    columns: tuple[float, ...]
    pitch: float
    top: float
    bottom: float
    left: float
    right: float
    spine: tuple[float, float] | None
    framed: bool


def write_columns(rng: np.random.Generator, canvas: Canvas, writer: Writer, height: float, width: float) -> None:
    """Write a page of columns.

    Args:
        rng: Random generator.
        canvas: What is drawn on; may show only a part of the page.
        writer: Style, fonts, size and text.
        height: Height of the whole page in pixels.
        width: Width of the whole page in pixels.
    """
    style, size = writer.hand.style, writer.size
    grid = _draw_grid(rng, writer, height, width)
    if grid.framed:
        _print_frame(rng, canvas, grid, size)
    if rng.random() < style.rules:
        _print_rules(rng, canvas, grid, size)
    advance = size * float(rng.uniform(1.0, 1.14))
    inner = grid.bottom - grid.top - 0.3 * size
    rows = max(1, int(inner / advance))
    characters = write_stream(rng, writer.hand, writer.source)
    red = int(rng.integers(len(grid.columns))) if rng.random() < style.red else -1
    ink = _loads(rng, style.fill)
    # A title leads the page now and then; an item may stand one or two characters lower than its heading.
    title = rng.random() < 0.25
    drop = 0
    for number, right in enumerate(grid.columns):
        if grid.spine is not None and abs(right - grid.spine[0]) < 0.5 and number:
            _print_spine(rng, canvas, writer, grid)
        if rng.random() < 0.2:
            drop = int(rng.integers(0, 3)) if rows > 8 else 0
        first, last = drop, rows
        if (title and number == 0) or rng.random() < 0.09:
            last = int(rng.integers(max(1, rows // 3), rows + 1))
        middle = right - grid.pitch / 2
        if canvas.sees(right - grid.pitch, grid.top, right, grid.bottom):
            layer = "red" if number == red else "black"
            column = _Column(middle, grid.top + 0.15 * size, inner / rows, grid.pitch, layer)
            _write_column(rng, canvas, writer, characters, ink, column, min(first, last - 1), last)
        canvas.end_line()
    if grid.spine is not None and abs(grid.columns[-1] - grid.pitch - grid.spine[1]) < 0.5:
        _print_spine(rng, canvas, writer, grid)


def _draw_grid(rng: np.random.Generator, writer: Writer, height: float, width: float) -> _Grid:
    style, size = writer.hand.style, writer.size
    # Wide head and narrow sides; a page too small for such margins gives them up.
    left, right = (min(size * float(rng.uniform(0.6, 2.5)), width / 6) for _ in range(2))
    top = min(size * float(rng.uniform(1.0, 3.5)), height / 6)
    bottom = min(size * float(rng.uniform(0.8, 2.5)), height / 6)
    framed = rng.random() < style.frame
    room = width - left - right
    pitch = size * float(rng.uniform(*style.pitch))
    folded = framed and room > 6 * pitch and rng.random() < style.spine
    strip = pitch * float(rng.uniform(0.75, 1.05)) if folded else 0.0
    count = max(1, int((room - strip) / pitch))
    pitch = (room - strip) / count
    # An unfolded leaf has its fold in the middle, half a leaf at its left edge.
    before = count // 2 if width > 1.1 * height else count
    columns = [width - right - number * pitch - (strip if number >= before else 0) for number in range(count)]
    spine = None
    if folded:
        edge = width - right - before * pitch
        spine = (edge - strip, edge)
    return _Grid(tuple(columns), pitch, top, height - bottom, left, width - right, spine, framed)


@dataclass(frozen=True)
class _Column:
    """One column: its centre, the top of its first character, and the height of each, in pixels of the page."""

    middle: float
    top: float
    advance: float
    pitch: float
    layer: str


def _write_column(
    rng: np.random.Generator,
    canvas: Canvas,
    writer: Writer,
    characters: Iterator[str],
    ink: Iterator[float],
    column: _Column,
    first: int,
    last: int,
) -> None:
    style, row = writer.hand.style, first
    noted = style.notes > 0 and writer.size >= 18
    # A text may hold long runs that no font at hand can write; after so many the column is left as it is.
    patience = 40 * last
    while row < last and patience:
        patience -= 1
        if noted and last - row > 3 and rng.random() < style.notes:
            row += _write_note(rng, canvas, writer, characters, column, row, last - row)
            continue
        if style.name == "woodblock" and last - row > 3 and rng.random() < 0.003:
            row += _write_cartouche(canvas, writer, characters, column, row)
            continue
        character = next(characters)
        font = None if character.isspace() else writer.find(character)
        if font is None:
            continue
        y = column.top + (row + 0.5) * column.advance
        if character in MARKS:
            # Marks stand small beside the column and take no room of their own.
            if row > first:
                em = writer.em(font, 0.5 * writer.size, character)
                canvas.put(
                    font, character, column.middle + 0.4 * column.pitch, y - 0.6 * column.advance, em, column.layer
                )
            continue
        canvas.load = next(ink)
        em = writer.em(font, writer.size * float(rng.choice((0.94, 1.0, 1.0, 1.04))), character)
        dx, dy = rng.normal(0, style.sway * writer.size, 2).tolist()
        canvas.put(font, character, column.middle + dx, y + dy, em, column.layer)
        row += 1
    canvas.load = 1.0


def _write_note(
    rng: np.random.Generator,
    canvas: Canvas,
    writer: Writer,
    characters: Iterator[str],
    column: _Column,
    row: int,
    room: int,
) -> int:
    """Write an interlinear note in two rows of small characters, the right row first. Return its height."""
    rows = int(rng.integers(2, min(room, 8) + 1))
    small = 0.52 * column.advance
    each = int(rows * column.advance / small)
    for side in (0.235, -0.235):
        written, patience = 0, 40 * each
        while written < each and patience:
            patience -= 1
            character = next(characters)
            font = None if character.isspace() or character in MARKS else writer.find(character)
            if font is None:
                continue
            y = column.top + row * column.advance + (written + 0.5) * small
            em = writer.em(font, 0.5 * writer.size, character)
            canvas.put(font, character, column.middle + side * column.pitch, y, em, column.layer)
            written += 1
    return rows


def _write_cartouche(canvas: Canvas, writer: Writer, characters: Iterator[str], column: _Column, row: int) -> int:
    """Write two white characters in a black field, as headings of commentaries. Return the height."""
    chosen: list[str] = []
    for _ in range(80):
        character = next(characters)
        if len(chosen) < 2 and script_of(character) is not None and writer.find(character) is not None:
            chosen.append(character)
    half, top = 0.46 * writer.size, column.top + (row + 0.06) * column.advance
    bottom = top + (len(chosen) - 0.12) * column.advance
    corner = 0.22 * writer.size
    left, right = column.middle - half, column.middle + half
    outline = [
        (left + corner, top), (right - corner, top), (right, top + corner), (right, bottom - corner),
        (right - corner, bottom), (left + corner, bottom), (left, bottom - corner), (left, top + corner),
    ]  # fmt: skip
    if not chosen:
        return 0
    canvas.polygon(outline, column.layer)
    for place, character in enumerate(chosen):
        font = writer.find(character)
        if font is not None:
            y = column.top + (row + place + 0.5) * column.advance
            canvas.carve(
                font, character, column.middle, y, writer.em(font, 0.72 * writer.size, character), column.layer
            )
    return len(chosen)


def _loads(rng: np.random.Generator, fill: str) -> Iterator[float]:
    """Yield the amount of ink in the tool for each character."""
    load = 1.0
    while True:
        if fill == "dipped":
            # A dip lasts for some characters, then the brush runs dry.
            load *= float(rng.uniform(0.93, 1.0))
            if load < 0.6 or rng.random() < 0.02:
                load = 1.0
            yield load
        else:
            yield float(np.clip(rng.normal(0.95, 0.04), 0.75, 1.0))


def _print_rules(rng: np.random.Generator, canvas: Canvas, grid: _Grid, size: float) -> None:
    thickness = float(rng.uniform(0.02, 0.045)) * size
    layer = "red" if rng.random() < 0.08 else "rules"
    for right in grid.columns[1:]:
        # Carved by hand: neither quite straight nor quite upright.
        y = np.linspace(grid.top, grid.bottom, 5)
        x = right + rng.normal(0, 0.012 * size, 5) + rng.normal(0, 0.015 * size)
        canvas.polyline(list(zip(x.tolist(), y.tolist(), strict=True)), thickness * float(rng.uniform(0.8, 1.2)), layer)


def _print_frame(rng: np.random.Generator, canvas: Canvas, grid: _Grid, size: float) -> None:
    outer = size * float(rng.uniform(0.06, 0.14))
    corners = [(grid.left, grid.top), (grid.right, grid.top), (grid.right, grid.bottom), (grid.left, grid.bottom)]
    double = rng.random() < 0.6
    gap = 2.2 * outer if double else 0.0
    around = [(x + sx * gap, y + sy * gap) for (x, y), (sx, sy) in zip(corners, _OUTWARD, strict=True)]
    if double:
        canvas.polyline([*corners, corners[0]], max(0.7, 0.35 * outer))
    # Four strips of wood, each set a little askew.
    for start, end in zip(around, [*around[1:], around[0]], strict=True):
        a, b = rng.normal(0, 0.02 * size, 2).tolist()
        canvas.polyline(
            [(start[0] + a, start[1] + a), (end[0] + b, end[1] + b)], outer * float(rng.uniform(0.85, 1.15))
        )


_OUTWARD = ((-1, -1), (1, -1), (1, 1), (-1, 1))


def _print_spine(rng: np.random.Generator, canvas: Canvas, writer: Writer, grid: _Grid) -> None:
    """Print the folded strip between the half leaves: fish tails, short title, number of the leaf."""
    if grid.spine is None:
        return
    left, right = grid.spine
    width, height, middle = right - left, grid.bottom - grid.top, (left + right) / 2
    for x in (left, right):
        canvas.polyline([(x, grid.top), (x, grid.bottom)], 0.035 * writer.size)
    depth = width * float(rng.uniform(0.5, 0.9))
    head = grid.top + height * float(rng.uniform(0.18, 0.3))
    foot = grid.bottom - height * float(rng.uniform(0.2, 0.3))
    for y, down in ((head, 1.0), (foot, -1.0)):
        if down < 0 and rng.random() < 0.4:
            continue
        tail = [
            (left, y),
            (right, y),
            (right, y + down * depth),
            (middle, y + 0.55 * down * depth),
            (left, y + down * depth),
        ]
        canvas.polygon(tail)
    if rng.random() < 0.4:
        canvas.polyline([(middle, grid.top), (middle, head)], 0.12 * writer.size)
    script = "hanja" if "hanja" in writer.hand.fonts else writer.hand.script
    title = [c for c in writer.source.take(rng, script, 12) if script_of(c) is not None][:5]
    y = head + depth + 0.7 * writer.size
    for place, character in enumerate(title):
        if place == 4:
            y = max(y, foot - depth - 0.6 * writer.size)
        font = writer.find(character)
        if font is not None and y < grid.bottom - 0.5 * writer.size:
            canvas.put(font, character, middle, y, writer.em(font, 0.6 * writer.size, character))
            y += 0.7 * writer.size
    canvas.end_line()
