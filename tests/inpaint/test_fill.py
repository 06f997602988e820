"""A page's hole is filled: only it changes, whatever its mode, its depth and the tiles that the page is cut into."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bokwon
from bokwon.image_io.modes import MODES
from bokwon.inpaint.engines.base import Engine
from bokwon.inpaint.engines.select import load_engine
from bokwon.inpaint.fill import LETTER_REACH, fill_hole, tiling_for
from bokwon.inpaint.hole_depth import depth_in_hole
from bokwon.inpaint.models import find_model, load_model
from bokwon.inpaint.tiling import Filled, Tiling


class MeanEngine(Engine):
    """Fills with the mean of what is known, and remembers what it was given."""

    description = "mean"
    tile = 256

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def fill(self, light: np.ndarray, missing: np.ndarray, scale: float = 0.0) -> np.ndarray:
        assert not missing.all()
        self.shapes.append(light.shape)
        mean = light[~missing].mean(axis=0) / np.iinfo(light.dtype).max
        return np.broadcast_to(mean, light.shape).astype(np.float32)


def samples(mode: str, dtype: type[np.generic], shape: tuple[int, int] = (300, 290)) -> np.ndarray:
    rng = np.random.default_rng(11)
    if mode == "1":
        return rng.random(shape) < 0.8
    size = shape if MODES[mode] == 1 else (*shape, MODES[mode])
    return rng.integers(1, np.iinfo(dtype).max + 1, size).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", sorted(MODES))
def test_only_the_hole_changes_and_alpha_never(mode: str, dtype: type[np.generic]) -> None:
    pixels = samples(mode, dtype)
    before = pixels.copy()
    hole = np.random.default_rng(2).random(pixels.shape[:2]) < 0.1
    fill_hole(pixels, mode, hole, MeanEngine())
    np.testing.assert_array_equal(pixels[~hole], before[~hole])
    if mode in ("LA", "RGBA"):
        np.testing.assert_array_equal(pixels[..., -1], before[..., -1])
    colour = pixels[..., :-1] if mode in ("LA", "RGBA") else pixels
    if mode == "1":
        assert colour[hole].all()
    else:
        half = np.iinfo(dtype).max / 2
        np.testing.assert_allclose(colour[hole], half, rtol=0.05)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_smallest_images_are_filled(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    hole = rng.random((height, width)) < 0.5
    hole[rng.integers(height), rng.integers(width)] = False
    pixels = np.where(hole, 0, 77).astype(np.uint8)
    fill_hole(pixels, "L", hole, MeanEngine())
    assert (pixels == 77).all()


def test_a_single_pixel_comes_back() -> None:
    pixels = np.full((1, 1, 3), 9, np.uint8)
    assert fill_hole(pixels, "RGB", np.zeros((1, 1), bool), MeanEngine()) == 0
    assert (pixels == 9).all()


def test_cmyk_is_filled_as_colours_and_black() -> None:
    engine = MeanEngine()
    pixels = samples("CMYK", np.uint8, (20, 20))
    hole = np.zeros((20, 20), bool)
    hole[3, 3] = True
    fill_hole(pixels, "CMYK", hole, engine)
    assert [shape[-1] for shape in engine.shapes] == [3, 1]


def test_small_pages_are_run_whole_and_edge_tiles_have_their_real_size() -> None:
    engine = MeanEngine()
    hole = np.zeros((200, 300), bool)
    hole[150, 290] = True
    fill_hole(np.ones((200, 300), np.uint8), "L", hole, engine)
    # 300 pixels in tiles of 256 on a grid of 128: the second begins at 128.
    assert engine.shapes == [(200, 172, 1)]


def test_work_grows_with_the_damage_not_with_the_page() -> None:
    engine = MeanEngine()
    hole = np.zeros((2000, 2000), bool)
    hole[40, 40] = hole[1900, 1900] = True
    done: list[tuple[int, int]] = []
    count = fill_hole(np.ones(hole.shape, np.uint8), "L", hole, engine, progress=lambda *step: done.append(step))
    assert count == len(engine.shapes) == 2
    assert done == [(1, 2), (2, 2)]


def test_transparent_pixels_are_no_evidence() -> None:
    pixels = np.full((40, 40, 4), 200, np.uint8)
    pixels[:, 20:] = 0
    hole = np.zeros((40, 40), bool)
    hole[10:14, 8:12] = True
    fill_hole(pixels, "RGBA", hole, MeanEngine())
    assert (pixels[hole] == 200).all()
    assert (pixels[:, 20:] == 0).all()


def test_where_all_is_transparent_colours_count_after_all() -> None:
    pixels = np.full((9, 9, 2), 50, np.uint8)
    pixels[..., 1] = 0
    hole = np.zeros((9, 9), bool)
    hole[4, 4] = True
    pixels[4, 4, 0] = 0
    fill_hole(pixels, "LA", hole, MeanEngine())
    assert (pixels[..., 0] == 50).all()


def disc(shape: tuple[int, int], radius: int) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (y - shape[0] // 2) ** 2 + (x - shape[1] // 2) ** 2 < radius**2


def text_page() -> tuple[np.ndarray, np.ndarray]:
    """A page of dark lines on paper that darkens to the right, and where its ink is."""
    paper = np.broadcast_to(np.linspace(230, 180, 500)[None, :, None], (400, 500, 3)).round().astype(np.uint8)
    ink = np.zeros((400, 500), bool)
    for top in range(20, 400, 24):
        ink[top : top + 7] = True
    page = paper.copy()
    page[ink] = 30
    return page, paper


class Writer(Engine):
    """Makes up letters: everything it fills is ink."""

    description = "writer"
    tile = 256

    def fill(self, light: np.ndarray, missing: np.ndarray, scale: float = 0.0) -> np.ndarray:
        return np.zeros(light.shape, np.float32)


def test_left_letters_are_paper_wherever_evidence_is_far() -> None:
    page, paper = text_page()
    hole = disc(page.shape[:2], 90)
    pixels = page.copy()
    pixels[hole] = 0
    fill_hole(pixels, "RGB", hole, Writer(), letters="leave")
    np.testing.assert_array_equal(pixels[~hole], page[~hole])
    depth = depth_in_hole(hole, (slice(0, 400), slice(0, 500)), 200)
    far = depth > LETTER_REACH
    assert np.abs(pixels[far].astype(int) - paper[far]).max() <= 8
    assert (pixels[(depth > 0) & (depth < LETTER_REACH / 2)] == 0).all()
    restored = page.copy()
    fill_hole(restored, "RGB", hole, Writer(), letters="restore")
    assert restored[far].max() == 0


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
    engine.takes_scale = False
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


class Flat(Engine):
    """Fills with gray, and counts what it sees."""

    description = "flat"
    tile = 512

    def __init__(self) -> None:
        self.pixels = 0

    def fill(self, light: np.ndarray, missing: np.ndarray, scale: float = 0.0) -> np.ndarray:
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


@pytest.mark.parametrize(
    ("multiple", "tile", "expected"),
    [
        (8, 1024, (1024, 128, 128)),
        (128, 1664, (1664, 128, 128)),
        (256, 1024, (1024, 256, 256)),
        (24, 500, (576, 144, 144)),
        (1024, 1024, (2048, 1024, 1024)),
    ],
)
def test_tiles_lie_on_the_grid_of_the_engine(multiple: int, tile: int, expected: tuple[int, int, int]) -> None:
    engine = Flat()
    engine.multiple, engine.tile, engine.square = multiple, tile, False
    tiling = tiling_for(engine)
    assert (tiling.tile, tiling.overlap, tiling.grid) == expected
    assert not tiling.square
    # Tiles that were asked for are square.
    assert tiling_for(engine, 4 * expected[2]) == Tiling(4 * expected[2], expected[1], grid=expected[2])


def test_an_engine_is_given_the_contrast_only_if_it_takes_it() -> None:
    class Asking(Flat):
        def fill(self, light: np.ndarray, missing: np.ndarray, scale: float = 0.0) -> np.ndarray:
            scales.append(scale)
            return super().fill(light, missing)

    pixels, hole = samples("L", np.uint8), np.zeros((300, 290), bool)
    hole[100:110, 100:110] = True
    scales: list[float] = []
    engine = Asking()
    for engine.takes_scale in (False, True):
        fill_hole(pixels.copy(), "L", hole, engine)
    assert scales[0] == 0.0
    # Noise over the full range deviates by 255 / sqrt(12).
    assert scales[1] == pytest.approx(1 / 12**0.5, rel=0.03)


def test_what_is_told_as_filled_stays_as_it_is() -> None:
    class Two(MeanEngine):
        concurrency = 2

    pixels = samples("L", np.uint8, (900, 600))
    hole = np.random.default_rng(3).random(pixels.shape) < 0.05
    pixels[hole] = 0
    told: list[tuple[Filled, np.ndarray]] = []
    with ThreadPoolExecutor(3) as pool:
        tiles = fill_hole(
            pixels,
            "L",
            hole,
            Two(),
            tiling=Tiling(256),
            pool=pool,
            complete=lambda filled: told.append((filled, pixels.copy())),
        )
        # The pool is the caller's.
        assert pool.submit(int, 7).result() == 7
    assert len({filled for filled, _ in told}) == tiles
    assert told[-1][0] == (900, 900, 600)
    for filled, before in told:
        done = np.zeros(hole.shape, bool)
        done[: filled.rows] = done[: filled.below, : filled.column] = True
        assert before[hole & done].all()
        np.testing.assert_array_equal(pixels[done], before[done])
