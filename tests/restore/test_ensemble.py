"""`--ensemble`: the mean of what a model makes of mirrored or enlarged views."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import bokwon
from bokwon.cli.main import main
from bokwon.errors import ArgumentError
from bokwon.restore.contrast import page_contrast
from bokwon.restore.ensemble import EnsembleChoice, ensemble_of
from bokwon.restore.fill import fill_hole


def page_and_hole() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    page = random.integers(0, 256, (150, 210, 3)).astype(np.uint8)
    return page, random.random((150, 210)) < 0.2


@pytest.mark.parametrize("views", [2, 4])
def test_the_mean_of_views_is_filled(views: int) -> None:
    page, hole = page_and_hole()
    flips = [np.s_[:, :], np.s_[:, ::-1], np.s_[::-1, :], np.s_[::-1, ::-1]][:views]
    one = bokwon.Restorer("photo", engine="onnx", precision="float32")
    fills = [one.restore(page[flip].copy(), hole[flip].copy()).image[flip] for flip in flips]
    several = bokwon.Restorer("photo", engine="onnx", precision="float32", ensemble=views)
    restored = several.restore(page, hole)
    assert np.ptp(np.stack(fills)[:, hole].astype(int), axis=0).max() > 5
    np.testing.assert_allclose(restored.image, np.mean(fills, axis=0), atol=1.01)
    np.testing.assert_array_equal(restored.image[~hole], page[~hole])
    assert f"mean of {views} views" in restored.engine
    assert several.ensemble == views
    assert several.sha256 == one.sha256


def test_tiles_of_a_page_are_filled_like_the_whole() -> None:
    random = np.random.default_rng(5)
    page = np.tile(random.integers(0, 256, (20, 20, 3)).astype(np.uint8), (30, 30, 1))
    hole = random.random(page.shape[:2]) < 0.05
    several = bokwon.Restorer("photo", engine="onnx", precision="float32", ensemble=2)
    whole = several.restore(page, hole)
    tiled = bokwon.Restorer("photo", engine="onnx", precision="float32", ensemble=2, tile=256).restore(page, hole)
    assert (whole.tiles, tiled.tiles) == (1, 16)
    difference = np.abs(tiled.image[hole].astype(int) - whole.image[hole])
    assert np.median(difference) <= 2


@pytest.mark.parametrize("views", [4, "sizes"])
def test_views_that_agree_give_what_one_of_them_gives(mean_model: Path, views: EnsembleChoice) -> None:
    one = bokwon.Restorer(mean_model, engine="onnx")
    page, hole = page_and_hole()
    filled = page.copy()
    # The mean of the known pixels is that of their mirror image, and near that of the enlarged ones.
    fill_hole(filled, "RGB", hole, ensemble_of(one.engine, views))  # type: ignore[arg-type]
    assert np.abs(filled.astype(int) - one.restore(page, hole).image).max() <= (1 if views == 4 else 3)


def test_only_some_numbers_of_views_and_only_for_models(
    mean_model, tmp_path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ArgumentError, match="ensemble cannot be 3"):
        bokwon.Restorer(mean_model, ensemble=3)
    with pytest.raises(ArgumentError, match="method telea has no ensemble"):
        bokwon.Restorer(method="telea", ensemble=2)
    page, hole = page_and_hole()
    Image.fromarray(page).save(tmp_path / "page.png")
    Image.fromarray(hole).save(tmp_path / "mask.png")
    files = [str(tmp_path / name) for name in ("page.png", "out.png")]
    mask = ["--mask", str(tmp_path / "mask.png")]
    with pytest.raises(SystemExit) as caught:
        main(["restore", *files, *mask, "--ensemble", "2", "--method", "telea"])
    assert caught.value.code == 1
    assert "leave out --ensemble or --method" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["restore", *files, *mask, "--ensemble", "2", "--model", str(mean_model), "--record", "-v"])
    assert not caught.value.code
    assert "mean of 2 views" in capsys.readouterr().err
    assert '"ensemble": 2' in (tmp_path / "out.png.record" / "record.json").read_text()


def test_sizes_fill_with_the_mean_of_enlarged_views() -> None:
    random = np.random.default_rng(3)
    page = np.full((128, 192, 3), 235, np.uint8)
    page[::16, 8:180] = page[4:120, ::24] = 40
    hole = np.zeros(page.shape[:2], bool)
    hole[20:90, 30:150] = random.random((70, 120)) < 0.7
    damaged = page.copy()
    damaged[hole] = (255, 0, 0)
    one = bokwon.Restorer(engine="onnx", precision="float32")
    several = bokwon.Restorer(engine="onnx", precision="float32", ensemble="sizes")
    restored = several.restore(damaged, hole)
    assert "mean of 3 sizes" in restored.engine
    # As one would do it by hand, with the contrast that the page has in its own size.
    contrast = page_contrast(damaged, "RGB", hole)[0]
    fills = []
    for factor in (1.0, 2.0**0.5, 2.0):
        size = round(192 * factor), round(128 * factor)
        missing = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.001
        larger = cv2.resize(damaged, size, interpolation=cv2.INTER_LINEAR)
        filled = np.clip(one.engine.fill(larger, missing, contrast), 0, 1)  # type: ignore[call-arg]
        fills.append(cv2.resize(filled, (192, 128), interpolation=cv2.INTER_AREA))
    np.testing.assert_allclose(restored.image[hole], (255 * np.mean(fills, axis=0))[hole], atol=1.01)
    np.testing.assert_array_equal(restored.image[~hole], damaged[~hole])
    assert np.ptp(np.stack(fills)[:, hole], axis=0).max() > 0.05
    # What the scan shows within the damage decides nothing.
    other = np.where(hole[..., None], np.uint8(0), damaged)
    np.testing.assert_array_equal(several.restore(other, hole).image[hole], restored.image[hole])


@pytest.mark.parametrize("mode", ["L", "1", "I;16", "CMYK"])
def test_sizes_take_every_kind_of_page(mean_model: Path, mode: str) -> None:
    several = bokwon.Restorer(mean_model, engine="onnx", ensemble="sizes")
    page, hole = page_and_hole()
    image = Image.fromarray(page).convert("I" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(Image.fromarray(page).convert("L")).astype(np.uint16) * 257)
    restored = several.restore(image, hole).image
    assert (restored.mode, restored.size) == (image.mode, image.size)
    np.testing.assert_array_equal(np.asarray(restored)[~hole], np.asarray(image)[~hole])


def test_a_single_pixel_of_a_tile_that_is_known_is_enough(mean_model: Path) -> None:
    several = bokwon.Restorer(mean_model, engine="onnx", ensemble="sizes")
    page, hole = page_and_hole()
    hole[:] = True
    hole[70, 100] = False
    restored = several.restore(page, hole).image
    assert np.abs(restored.astype(int) - page[70, 100]).max() <= 1


def test_a_page_of_several_tiles_is_seen_in_sizes_by_openvino(mean_model: Path) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    page, hole = (np.tile(part, (3, 3, 1)[: part.ndim]) for part in page_and_hole())
    one, other = (
        bokwon.Restorer(mean_model, engine=engine, precision="float32", ensemble="sizes", tile=256)
        for engine in ("onnx", "openvino")
    )
    restored = other.restore(page, hole)
    assert restored.tiles > 1
    assert np.abs(restored.image.astype(int) - one.restore(page, hole).image).max() <= 1
