"""Composites writing onto paper: deformation, ink, and the effects of a scanner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bokwon.synthesis.noise import blur
from bokwon.synthesis.pages.canvas import Canvas, Character
from bokwon.synthesis.pages.ink import BLACKS, GOLDS, REDS, Ink, lay_ink
from bokwon.synthesis.pages.paper import Paper, list_textures, render_paper, texture_paper
from bokwon.synthesis.pages.scan import Bend, Scan, capture, move_boxes, remap
from bokwon.synthesis.pages.show_through import Margins, show_through, surround
from bokwon.synthesis.pages.styles import Style

__all__ = ["Page", "composite_page"]

Image = NDArray[np.float32]
Window = tuple[slice, slice]

# Layers that the hand, not the printer or the mill, has made.
_WRITTEN = ("black", "red")
# Mean grey levels below which a paper counts as dark, and as so dim that only full ink stands out on it.
_DARK, _DIM = 100, 150
# Blue, violet, grey and red lines of ruled paper.
_RULINGS = np.array([(120, 140, 190), (150, 130, 190), (130, 130, 130), (150, 110, 100), (90, 90, 100)], np.float32)


@dataclass(frozen=True)
class Page:
    """A rendered page.

    Attributes:
        image: The scanned page, RGB `(H, W, 3)`.
        ink: Bool `(H, W)`, True where there is ink of the front side: writing, printed rules, frame and seals.
        style: Name of the style.
        text: The text in reading order, with spaces between words and line breaks between lines or columns.
        characters: Every character with its box, in reading order.
    """

    image: NDArray[np.uint8]
    ink: NDArray[np.bool_]
    style: str
    text: str
    characters: tuple[Character, ...]


def composite_page(
    rng: np.random.Generator,
    canvas: Canvas,
    style: Style,
    size: float,
    weight: float = 0.0,
    paper: str | Path | None = None,
    margins: Margins | None = None,
    ink_range: tuple[float, float] | None = None,
) -> Page:
    """Render a canvas as a page.

    Args:
        rng: Random generator.
        canvas: What was written.
        style: The kind of page.
        size: Height of a full character in pixels.
        weight: Change of stroke thickness, see `Ink`.
        paper: Folder of photographs of paper; None for synthetic paper.
        margins: What is seen around the leaf; nothing when None.
        ink_range: Least and greatest share of inked pixels, approached by changing the weight; any when None.

    Returns:
        The page, as large as the canvas.
    """
    height, width = canvas.height, canvas.width
    # Even an empty page has its layer of writing.
    canvas.layer("black")
    bend = Bend(
        angle=float(np.clip(rng.normal(0, 0.45), -1.5, 1.5)),
        wave=float(rng.uniform(0, 0.005) * min(height, width)),
        warp=float(style.warp * size * rng.uniform(0.5, 1.3)),
        cell=max(4.0, 0.8 * size),
    )
    page_map = bend.page_map(rng, height, width)
    writing_map = bend.writing_map(rng, page_map)
    traits = Paper.draw(rng, east=style.vertical)
    if paper is not None:
        sheet, tone = texture_paper(rng, height, width, list_textures(paper))
        traits = replace(traits, tone=tone)
    else:
        sheet = render_paper(rng, height, width, traits, size / 30)
    scan = Scan.draw(rng, bitonal=0.12 if style.name == "woodblock" else 0.03)
    inks = _mix_inks(rng, style, size, weight, sum(traits.tone) / 3, scan.mode == "bitonal")
    written = {name: remap(layer, writing_map) for name, layer in canvas.layers.items() if name in _WRITTEN}
    printed = {name: remap(layer, page_map) for name, layer in canvas.layers.items() if name not in _WRITTEN}
    if traits.show_through > 0 and "black" in written:
        show_through(rng, sheet, written["black"], traits.show_through, size)
    if "ruling" in printed:
        tint = _RULINGS[int(rng.integers(len(_RULINGS)))] * sheet / 255
        sheet += (printed.pop("ruling") * float(rng.uniform(0.25, 0.7)))[..., None] * (tint - sheet)
    boxes = np.array([character.box for character in canvas.characters], np.int64).reshape(-1, 4)
    boxes = move_boxes(boxes, writing_map)
    loads = None if canvas.loads is None else blur(remap(canvas.loads, page_map, 255), max(0.5, 0.12 * size))
    layers = printed | written
    densities, inked = _ink_layers(rng, layers, inks, size, boxes, loads)
    for _ in range(3):
        miss = 0.0 if ink_range is None else np.clip(inked.mean(), *ink_range) - inked.mean()
        if miss == 0:
            break
        inks = {name: replace(ink, weight=ink.weight + 0.1 * np.sign(miss)) for name, ink in inks.items()}
        densities, inked = _ink_layers(rng, layers, inks, size, boxes, loads)
    for name, window, density in densities:
        _blend(sheet[window], density, inks[name].colour, transparent=name == "seals")
    if margins is not None and not margins.bare:
        surround(rng, sheet, page_map, margins)
    image = capture(rng, sheet, scan)
    characters = [
        Character(character.text, (left, top, right, bottom))
        for character, (left, top, right, bottom) in zip(canvas.characters, boxes.tolist(), strict=True)
    ]
    return Page(image, inked, style.name, canvas.text.strip(), tuple(characters))


def _mix_inks(
    rng: np.random.Generator, style: Style, size: float, weight: float, tone: float, bitonal: bool
) -> dict[str, Ink]:
    """Draw the inks of a page, for paper of a mean grey level."""
    # On paper dyed dark one writes in gold.
    colour = (
        GOLDS[int(rng.integers(len(GOLDS)))] if tone < _DARK else BLACKS[style.inks[int(rng.integers(len(style.inks)))]]
    )
    black = Ink(
        colour=_rgb(colour + rng.normal(0, 4, 3)),
        opacity=float(rng.uniform(0.8, 0.97)),
        bleed=float(style.bleed * rng.uniform(0.5, 1.5) * np.clip(size / 28, 0.6, 1.6)),
        uneven=float(rng.uniform(0.05, 0.35)),
        fade=float(rng.uniform(0, 0.45)) if rng.random() < 0.3 else 0.0,
        wear=float(np.clip(style.wear * rng.gamma(2, 0.5), 0, 1)),
        weight=weight,
    )
    if tone < _DIM:
        black = replace(black, opacity=0.97, uneven=0.5 * black.uneven, fade=0.0)
    if bitonal:
        # A copier swallows pale ink; operators turn the dial until the page comes out black.
        black = replace(black, uneven=0.4 * black.uneven, fade=0.0, wear=0.4 * black.wear)
    red = replace(
        black, colour=_rgb(REDS[int(rng.integers(len(REDS)))] + rng.normal(0, 6, 3)), opacity=0.9 * black.opacity
    )
    rules = replace(black, wear=min(1.0, 1.4 * black.wear + 0.1), weight=max(0.1, weight), bleed=min(black.bleed, 0.7))
    seals = replace(red, wear=float(rng.uniform(0.2, 0.9)), opacity=float(rng.uniform(0.5, 0.85)), weight=0.0, fade=0.0)
    return {"black": black, "red": red, "rules": rules, "seals": seals}


def _ink_layers(
    rng: np.random.Generator, layers: dict[str, Image], inks: dict[str, Ink], size: float, boxes: NDArray[np.int64],
    loads: Image | None,
) -> tuple[list[tuple[str, Window, Image]], NDArray[np.bool_]]:  # fmt: skip
    """Ink every layer, in the order of writing. Return the window with ink."""
    inked = np.zeros(layers["black"].shape, np.bool_)
    densities = []
    for name in ("rules", "black", "red", "seals"):
        window = _find_ink(layers[name], inks[name].bleed) if name in layers else None
        if window is None:
            continue
        hand = name in _WRITTEN
        rows, columns = window
        near = boxes - (columns.start, rows.start, columns.start, rows.start)
        # A box of the other colour of writing may lie outside of this one's window.
        limit = (columns.stop - columns.start, rows.stop - rows.start) * 2
        inside = (near >= 0).all(1) & (near <= limit).all(1)
        density, mask = lay_ink(
            rng, layers[name][window], inks[name], size, near[inside] if hand else None,
            loads[window] if hand and loads is not None else None,
        )  # fmt: skip
        inked[window] |= mask
        densities.append((name, window, density))
    return densities, inked


def _find_ink(layer: Image, bleed: float) -> Window | None:
    """Return the window that holds all that a layer covers, with room for what bleeds; None when it is empty."""
    rows, columns = np.flatnonzero(layer.any(1)), np.flatnonzero(layer.any(0))
    if not rows.size:
        return None
    room = int(4 * bleed) + 2
    top, left = max(int(rows[0]) - room, 0), max(int(columns[0]) - room, 0)
    bottom, right = min(int(rows[-1]) + room + 1, layer.shape[0]), min(int(columns[-1]) + room + 1, layer.shape[1])
    return slice(top, bottom), slice(left, right)


def _rgb(colour: NDArray[np.floating]) -> tuple[float, float, float]:
    red, green, blue = np.clip(colour, 8, 245).tolist()
    return red, green, blue


def _blend(sheet: Image, density: Image, colour: tuple[float, float, float], transparent: bool) -> None:
    """Apply ink of a density to the sheet, in place. Transparent ink shows what lies below."""
    for channel, value in enumerate(colour):
        below = sheet[..., channel]
        below += density * ((value / 255 * below if transparent else value) - below)
