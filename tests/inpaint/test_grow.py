"""`--grow`: holes that reach beyond their masks, over the soft edge of the damage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bokwon
from bokwon.cli.main import main
from bokwon.errors import ArgumentError
from bokwon.image_io.masks import grow_hole


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A flat page in `page.png` with a white scratch, half as strong at its edge, the mask of its core, and both."""
    hole = np.zeros((60, 80), bool)
    hole[30:32, 10:70] = True
    wide = hole.copy()
    wide[29:33, 10:70] = wide[30:32, 9:71] = True
    page = np.select([hole, wide], [255, 190], 120).astype(np.uint8)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(page).save("page.png")
    Image.fromarray(hole).save("mask.png")
    return page, hole, wide


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", *arguments, "--method", "telea"])
    return int(caught.value.code or 0)


@pytest.mark.parametrize("pixels", [0, 1, 2, 5, 32])
def test_a_hole_is_grown_by_a_distance_in_all_directions(pixels: int) -> None:
    hole = np.random.default_rng(pixels).random((90, 70)) < 0.001
    rows, columns = np.indices(hole.shape)
    near = [(rows - row) ** 2 + (columns - column) ** 2 <= pixels**2 for row, column in np.argwhere(hole)]
    np.testing.assert_array_equal(grow_hole(hole, pixels), np.any(near, axis=0))


def test_nothing_is_grown_to_nothing() -> None:
    assert not grow_hole(np.zeros((20, 20), bool), 5).any()


def test_the_soft_edge_of_a_scratch_goes_with_it(scratch: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    page, hole, wide = scratch
    narrow = bokwon.Restorer(bokwon.RestoreSettings(method="telea")).restore(page, hole)
    restored = bokwon.Restorer(bokwon.RestoreSettings(method="telea", grow=1)).restore(page, hole)
    assert (narrow.image[hole] > 150).all()
    assert np.abs(restored.image.astype(int) - 120).max() <= 3
    np.testing.assert_array_equal(restored.hole, wide)
    # What the caller gave is as it was.
    assert hole.sum() == 120


def test_the_record_has_the_hole_that_was_filled_and_undo_gives_all_of_it_back(
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    page, _, wide = scratch
    assert restore("page.png", "out.png", "--mask", "mask.png", "--grow", "1", "--record") == 0
    record = json.loads(Path("out.png.record/record.json").read_text())
    assert record["settings"]["grow"] == 1
    assert record["pages"][0]["hole_pixels"] == wide.sum()
    with Image.open("out.png.record/hole_p001.png") as kept:
        np.testing.assert_array_equal(np.array(kept), wide)
    with pytest.raises(SystemExit) as caught:
        main(["undo", "out.png.record", "out.png"])
    assert not caught.value.code
    with Image.open("out.png") as back:
        np.testing.assert_array_equal(np.array(back), page)


def test_a_folder_is_done_again_when_holes_are_wider(scratch: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    Path("in").mkdir()
    Path("page.png").rename("in/page.png")
    Path("mask.png").rename("in/page-mask.png")
    for grow, changed in (("0", True), ("0", False), ("1", True)):
        before = Path("out/page.png").stat().st_mtime_ns if Path("out").is_dir() else 0
        assert restore("in", "out", "--grow", grow, "--resume") == 0
        assert (Path("out/page.png").stat().st_mtime_ns != before) is changed
    with Image.open("out/page.png") as image:
        assert np.abs(np.array(image).astype(int) - 120).max() <= 3


def test_what_is_left_has_to_be_something(
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    page, hole, _ = scratch
    for pixels in (-1, 33):
        with pytest.raises(ArgumentError, match=f"grow cannot be {pixels}; give a whole number from 0 to 32"):
            bokwon.Restorer(bokwon.RestoreSettings(method="telea", grow=pixels))
    with pytest.raises(ArgumentError, match="the hole, grown by 32 pixels, covers everything"):
        bokwon.Restorer(bokwon.RestoreSettings(method="telea", grow=32)).restore(page, hole)
    assert restore("page.png", "out.png", "--mask", "mask.png", "--grow", "32") == 1
    assert "mask mask.png, grown by 32 pixels, covers everything" in capsys.readouterr().err
    assert not Path("out.png").exists()
    assert restore("page.png", "out.png", "--mask", "mask.png", "--grow", "33") == 1
