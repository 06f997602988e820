"""`--ensemble`: the mean of what a model makes of mirrored views."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bokwon
from bokwon.cli.main import main
from bokwon.errors import ArgumentError
from bokwon.inpaint.engines.mirrored_views import EnsembleEngine
from bokwon.inpaint.fill import fill_hole


def page_and_hole() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    page = random.integers(0, 256, (150, 210, 3)).astype(np.uint8)
    return page, random.random((150, 210)) < 0.2


@pytest.mark.parametrize("views", [2, 4])
def test_the_mean_of_views_is_filled(views: int) -> None:
    page, hole = page_and_hole()
    flips = [np.s_[:, :], np.s_[:, ::-1], np.s_[::-1, :], np.s_[::-1, ::-1]][:views]
    one = bokwon.Restorer(bokwon.RestoreSettings("photo", engine="onnx", precision="float32"))
    fills = [one.restore(page[flip].copy(), hole[flip].copy()).image[flip] for flip in flips]
    several = bokwon.Restorer(bokwon.RestoreSettings("photo", engine="onnx", precision="float32", ensemble=views))
    restored = several.restore(page, hole)
    assert np.ptp(np.stack(fills)[:, hole].astype(int), axis=0).max() > 5
    np.testing.assert_allclose(restored.image, np.mean(fills, axis=0), atol=1.01)
    np.testing.assert_array_equal(restored.image[~hole], page[~hole])
    assert f"mean of {views} views" in restored.engine
    assert several.settings.ensemble == views
    assert several.sha256 == one.sha256


def test_tiles_of_a_page_are_filled_like_the_whole() -> None:
    random = np.random.default_rng(5)
    page = np.tile(random.integers(0, 256, (20, 20, 3)).astype(np.uint8), (30, 30, 1))
    hole = random.random(page.shape[:2]) < 0.05
    several = bokwon.Restorer(bokwon.RestoreSettings("photo", engine="onnx", precision="float32", ensemble=2))
    whole = several.restore(page, hole)
    tiled = bokwon.Restorer(replace(several.settings, tile=256)).restore(page, hole)
    assert (whole.tiles, tiled.tiles) == (1, 16)
    difference = np.abs(tiled.image[hole].astype(int) - whole.image[hole])
    assert np.median(difference) <= 2


def test_views_that_agree_give_what_one_of_them_gives(mean_model: Path) -> None:
    one = bokwon.Restorer(bokwon.RestoreSettings(mean_model, engine="onnx"))
    page, hole = page_and_hole()
    filled = page.copy()
    # The mean of the known pixels is that of their mirror image.
    fill_hole(filled, "RGB", hole, EnsembleEngine(one.engine, 4))  # type: ignore[arg-type]
    assert np.abs(filled.astype(int) - one.restore(page, hole).image).max() <= 1


def test_only_some_numbers_of_views_and_only_for_models(
    mean_model, tmp_path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ArgumentError, match="ensemble cannot be 3"):
        bokwon.Restorer(bokwon.RestoreSettings(mean_model, ensemble=3))
    with pytest.raises(ArgumentError, match="method telea takes no ensemble"):
        bokwon.Restorer(bokwon.RestoreSettings(method="telea", ensemble=2))
    page, hole = page_and_hole()
    Image.fromarray(page).save(tmp_path / "page.png")
    Image.fromarray(hole).save(tmp_path / "mask.png")
    files = [str(tmp_path / name) for name in ("page.png", "out.png")]
    mask = ["--mask", str(tmp_path / "mask.png")]
    with pytest.raises(SystemExit) as caught:
        main(["restore", *files, *mask, "--ensemble", "2", "--method", "telea"])
    assert caught.value.code == 1
    assert "leave out ensemble or method" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["restore", *files, *mask, "--ensemble", "2", "--model", str(mean_model), "--record", "-v"])
    assert not caught.value.code
    assert "mean of 2 views" in capsys.readouterr().err
    assert '"ensemble": 2' in (tmp_path / "out.png.record" / "record.json").read_text()
