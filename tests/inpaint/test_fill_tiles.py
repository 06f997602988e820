"""Results do not depend on how a page is cut, nor memory on how large it is."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest

import bokwon
from bokwon.inpaint.engines.onnx import load_engine
from bokwon.inpaint.fill import fill_hole
from bokwon.inpaint.models import find_model, load_model
from bokwon.inpaint.tiling import Tiling


def written_page(height: int, width: int) -> np.ndarray:
    """Lines of print on paper that darkens to one side, its lower half faded."""
    paper = np.linspace(235, 190, width)[None, :, None]
    page = np.broadcast_to(paper, (height, width, 3)).astype(np.uint8, order="C")
    for number, top in enumerate(range(40, height, 34)):
        ink = (40, 35, 30) if top < height / 2 else (150, 140, 130)
        cv2.putText(page, f"{number} folio the second of this book " * 3, (8, top), 4, 0.8, ink, 2, cv2.LINE_AA)
    grain = np.random.default_rng(2).normal(0, 4, page.shape)
    return (page + grain).clip(0, 255).astype(np.uint8)


def scattered_hole(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    hole = np.zeros((height, width), np.uint8)
    for _ in range(height * width // 12000):
        centre = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(hole, centre, int(rng.integers(3, 22)), 1, -1)
    return hole > 0


@pytest.fixture(scope="module", params=["float32", "int8"])
def precision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def filled(precision: str) -> dict[str, np.ndarray]:
    """The same damaged page by several engines and in tiles of several sizes: the samples in the hole."""
    page, hole = written_page(900, 1100), scattered_hole(900, 1100)
    page[hole] = 255
    found = {}
    for tile in (256, 512, 1280):
        chosen = {"tile": tile, "threads": 2, "engine": "onnx", "precision": precision, "finish": "off"}
        result = bokwon.restore(page, hole, **chosen)
        np.testing.assert_array_equal(result.image[~hole], page[~hole])
        found[str(tile)] = result.image[hole].astype(int)
        assert (result.tiles == 1) == (tile == 1280)
    return found


@pytest.mark.parametrize("tile", ["256", "512"])
def test_the_size_of_the_tiles_makes_no_difference(filled: dict[str, np.ndarray], precision: str, tile: str) -> None:
    difference = np.abs(filled[tile] - filled["1280"])
    assert np.median(difference) <= 2
    # Rounding to 8 bits makes more of what differs.
    assert difference.mean() <= {"float32": 1, "int8": 1.5}[precision]
    assert np.percentile(difference, 99) <= 10


def test_the_contrast_of_a_part_would_be_another(filled: dict[str, np.ndarray], precision: str) -> None:
    page, hole = written_page(900, 1100), scattered_hole(900, 1100)
    engine = load_engine(*_document(precision), engine="onnx", threads=1)
    engine.scaled = False
    fill_hole(page, "RGB", hole, engine, tiling=Tiling(256))
    apart = np.abs(page[hole].astype(int) - filled["1280"]).mean()
    assert apart > np.abs(filled["256"] - filled["1280"]).mean()


def _document(precision: str = "float32") -> tuple[bytes, str]:
    model = find_model({"float32": "document", "int8": "document-int8"}[precision])
    return load_model(model)[0], model.name


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_tiles_side_by_side_and_one_after_the_other_come_out_the_same(engine: str) -> None:
    pytest.importorskip({"onnx": "onnxruntime"}.get(engine, engine))
    page, hole = written_page(300, 700), scattered_hole(300, 700)
    results = []
    for threads in (1, 2):
        filled = page.copy()
        fill_hole(filled, "RGB", hole, load_engine(*_document(), engine=engine, threads=threads), tiling=Tiling(256))
        results.append(filled.astype(int))
    assert np.abs(results[0] - results[1]).max() <= 1


def test_both_engines_are_given_the_contrast() -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    light, missing = written_page(128, 128), scattered_hole(128, 128)
    missing[50:80, 40:90] = True
    both = ("onnx", "openvino")
    engines = [load_engine(*_document(), engine=name, precision="float32", threads=1) for name in both]
    assert all(engine.scaled for engine in engines)
    for contrast in (0.0, 0.05, 0.6):
        one, other = (engine.fill(light, missing, contrast) for engine in engines)
        np.testing.assert_allclose(one, other, atol=2e-3)
    low, high = (engines[0].fill(light, missing, contrast) for contrast in (0.05, 0.6))
    assert np.abs(low - high)[missing].mean() > 1e-3


class Flat:
    """Fills with gray, and counts what it sees."""

    description = "flat"
    tile = 512

    def __init__(self) -> None:
        self.pixels = 0

    def fill(self, light: np.ndarray, missing: np.ndarray) -> np.ndarray:
        self.pixels += missing.size
        return np.full(light.shape, 0.5, np.float32)


def memory_beside(side: int, holes: int) -> int:
    pixels = np.zeros((side, side, 3), np.uint8)
    hole = np.zeros((side, side), bool)
    places = np.random.default_rng(0).integers(0, side - 20, (holes, 2))
    for row, column in places:
        hole[row : row + 20, column : column + 20] = True
    tracemalloc.start()
    try:
        fill_hole(pixels, "RGB", hole, Flat())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_with_the_tile_and_not_with_the_page() -> None:
    small, large = memory_beside(1500, 40), memory_beside(6000, 640)
    # Sixteen times the pixels; only the seams along one edge wait for the next row of tiles.
    assert large < 2.5 * small
    assert large < 6000 * 6000


def test_a_tile_is_cut_down_to_what_lies_around_its_hole() -> None:
    engine = Flat()
    hole = np.zeros((3000, 3000), bool)
    hole[1900:1903, 700] = True
    pixels = np.zeros(hole.shape, np.uint8)
    assert fill_hole(pixels, "L", hole, engine, tiling=Tiling(1024)) == 1
    assert engine.pixels <= 384 * 384
    assert (pixels[hole] == 128).all()
    for tile in Tiling(1024).plan(hole):
        for span, places in zip(tile.window, np.nonzero(hole), strict=True):
            assert span.start % 128 == 0
            assert span.start <= places.min() - 128
            assert span.stop >= places.max() + 128
