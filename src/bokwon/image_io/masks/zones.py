"""Reads masks from damage zones in ALTO or PAGE-XML, as page segmentation writes them.

Source: ALTO XML schema 4; PAGE content schema; SegmOnto, whose zones of damage are called `DamageZone`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError
from bokwon.image_io.document import Document, open_document
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import check_pixels
from bokwon.image_io.page import Page
from bokwon.image_io.protocols import PageTransform, XmpTransform
from bokwon.image_io.source import Source

__all__ = ["ZoneDocument", "open_mask"]

_HEAD = 4096
_ROOTS = re.compile(rb"<(?:[\w.-]+:)?(?:alto|PcGts)[\s>]")
_ZONE = "DamageZone"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CUSTOM = re.compile(r"structure\s*\{[^}]*\btype\s*:\s*([^;}]+)")
_FIX = "export it from your segmentation program as ALTO 4 in pixels or as PAGE-XML"


def open_mask(source: Source, *, max_pixels: int, white_is_hole: bool = True) -> Document:
    """Open a mask file: a picture, or damage zones in ALTO or PAGE-XML.

    Args:
        source: The file to read.
        max_pixels: Refuse larger pages.
        white_is_hole: Whether white, not black, is hole in the pictures drawn from zones.

    Raises:
        FileAccessError: It cannot be opened.
        InputFileError: It is damaged, or neither a picture nor a zone file.
        MissingDependencyError: A package that the file needs is not installed.
    """
    with source.open() as stream:
        head = stream.read(_HEAD)
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<" or not _ROOTS.search(head):
            return open_document(source, max_pixels=max_pixels)
        content = head + stream.read()
    return ZoneDocument(source.name, content, max_pixels, white_is_hole=white_is_hole)


class ZoneDocument(Document):
    """Damage zones of one or more pages, each as a picture of 1 bit.

    Args:
        name: What messages call the file.
        content: The file.
        max_pixels: Refuse larger pages.
        white_is_hole: Whether white, not black, is hole.

    Raises:
        InputFileError: It is damaged, not in pixels, or has no page.
    """

    format = None
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __init__(self, name: str, content: bytes, max_pixels: int, *, white_is_hole: bool = True) -> None:
        self._name, self._max_pixels, self._white = name, max_pixels, white_is_hole
        try:
            # Entities could unfold to any size, and neither form has any.
            if b"<!DOCTYPE" in content:
                raise ValueError("it has a document type")
            root = ElementTree.fromstring(content)
            self._pages = list(_alto_pages(root) if _local(root) == "alto" else _page_pages(root))
        except (ElementTree.ParseError, ValueError, KeyError, LookupError) as error:
            raise InputFileError(f"mask {name} cannot be read as ALTO or PAGE-XML: {error}", _FIX) from error
        if not self._pages:
            raise InputFileError(f"mask {name} has no page", _FIX)
        self.pages = len(self._pages)

    def size(self, number: int) -> tuple[int, int] | None:
        """Return width and height of a page; see `Document.size`."""
        return self._pages[number - 1][0]

    def page(self, number: int) -> Page:
        """Draw the zones of a page; see `Document.page`."""
        (width, height), outlines = self._pages[number - 1]
        check_pixels(self._name, (width, height), self._max_pixels)
        hole = np.zeros((height, width), bool)
        for outline in outlines:
            _draw(hole, outline)
        return Page(hole if self._white else ~hole, "1", "PNG", Metadata())

    def rewrite(
        self, stream: object, file_format: str, transform: PageTransform, file_xmp: XmpTransform | None = None
    ) -> None:
        """Refuse to write: zones are only read.

        Raises:
            InputFileError: Always.
        """
        raise InputFileError(f"{self._name} holds zones and no image", "name an image")

    def __exit__(self, *_: object) -> None:
        return None


_Outline = NDArray[np.float64]
_Zones = tuple[tuple[int, int], list[_Outline]]


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _named(element: Element, *names: str) -> Iterator[Element]:
    return (item for item in element.iter() if _local(item) in names)


def _points(text: str) -> _Outline:
    """Return points (N, 2) of `x,y x,y` or `x y x y`."""
    values = np.array([float(value) for value in _NUMBER.findall(text)])
    if len(values) < 4 or len(values) % 2:
        raise ValueError(f"the outline {text[:40]!r} has no whole points")
    return values.reshape(-1, 2)


def _alto_pages(root: Element) -> Iterator[_Zones]:
    unit = next((item.text for item in _named(root, "MeasurementUnit")), "pixel")
    if unit != "pixel":
        raise ValueError(f"it counts in {unit} and not in pixels")
    tags = {
        item.get("ID") for parent in _named(root, "Tags") for item in parent if item.get("LABEL", "").startswith(_ZONE)
    }
    for page in _named(root, "Page"):
        space = next(_named(page, "PrintSpace"), page)
        size = [page.get(name) or space.get(name) for name in ("WIDTH", "HEIGHT")]
        if None in size:
            raise ValueError("a page has no WIDTH and HEIGHT")
        zones = (item for item in page.iter() if tags & {*item.get("TAGREFS", "").split()})
        yield _size(*map(str, size)), [_alto_outline(zone) for zone in zones]


def _alto_outline(zone: Element) -> _Outline:
    shape = next((child for child in zone if _local(child) == "Shape"), None)
    polygon = next(_named(shape, "Polygon"), None) if shape is not None else None
    if polygon is not None:
        return _points(polygon.attrib["POINTS"])
    left, top, width, height = (float(zone.attrib[name]) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    return np.array([[left, top], [left + width, top], [left + width, top + height], [left, top + height]])


def _page_pages(root: Element) -> Iterator[_Zones]:
    for page in _named(root, "Page"):
        outlines = []
        for region in page.iter():
            kinds = [region.get("type", ""), *(kind.strip() for kind in _CUSTOM.findall(region.get("custom", "")))]
            coords = next((child for child in region if _local(child) == "Coords"), None)
            if coords is not None and any(kind.startswith(_ZONE) for kind in kinds):
                outlines.append(_points(coords.attrib["points"]))
        yield _size(page.attrib["imageWidth"], page.attrib["imageHeight"]), outlines


def _size(width: str, height: str) -> tuple[int, int]:
    sides = round(float(width)), round(float(height))
    if min(sides) < 1:
        raise ValueError("a page has no pixels")
    return sides


def _draw(hole: NDArray[np.bool_], outline: _Outline) -> None:
    """Mark the pixels whose middle lies in a polygon that goes along the edges of pixels."""
    import cv2

    height, width = hole.shape
    left, top = np.clip(np.floor(outline.min(0)).astype(int), 0, (width, height))
    right, bottom = np.clip(np.ceil(outline.max(0)).astype(int), 0, (width, height))
    if left >= right or top >= bottom:
        return
    # At twice the size the middles are points of the grid, and edges that go along pixels pass between them.
    canvas = np.zeros((2 * (bottom - top) + 1, 2 * (right - left) + 1), np.uint8)
    cv2.fillPoly(canvas, [np.rint(2 * (outline - (left, top))).astype(np.int32)], 1)
    hole[top:bottom, left:right] |= canvas[1::2, 1::2].astype(bool)
