from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.reproduce.recipe import Recipe
from bokwon.reproduce.superres import enlarge, reproduce_superres, sample
from bokwon.synthesis.masks import make_mask


@pytest.mark.parametrize("factor", [2, 3, 4, 7])
def test_interpolation_keeps_the_pixels_where_they_were_taken(factor: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (6 * factor, 5 * factor, 3), dtype=np.uint8)
    small = sample(image, factor)
    assert small.shape == (6, 5, 3)
    for method in (cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_NEAREST):
        large = enlarge(small, factor, method)
        assert large.shape == image.shape
        np.testing.assert_array_equal(sample(large, factor), small)


def test_a_slope_stays_a_slope_and_is_not_shifted() -> None:
    rows = np.arange(0, 240, 5, dtype=np.uint8)
    image = np.repeat(np.repeat(rows[:, None, None], 48, 1), 3, 2)
    large = enlarge(sample(image, 4), 4, cv2.INTER_CUBIC).astype(int)
    assert np.abs(large - image)[8:-8].max() <= 1


def test_the_page_shows_the_network_beside_interpolation(tmp_path: Path, quiet: Any, small: tuple[str, ...]) -> None:
    page = reproduce_superres(Recipe(tmp_path / "run", assignments=small), [4, 3], quiet)
    html, markdown = page.read_text(encoding="utf-8"), (tmp_path / "run" / "tables.md").read_text(encoding="utf-8")
    assert html.index("Factor 3: 88.9 % hole") < html.index("Factor 4: 93.8 % hole")
    assert html.count("data:image/jpeg") == 2 * 3 * 5
    lines = [line.split(" | ")[0].strip("| ") for line in markdown.splitlines() if line.startswith("| ")]
    assert lines.count("bicubic") == lines.count("nearest") == 2
    assert "dB better than bicubic [95 %]" in markdown
    # Trained on grids of both factors, and on nothing else.
    config = json.loads((tmp_path / "run" / "runs" / "partial" / "step_000001" / "config.json").read_text())
    data = config["training"]["data"]
    assert data["mask_kind"] == "grid"
    drawn = {
        round(
            (
                1
                - make_mask(
                    np.random.default_rng(seed), (48, 48), "grid", (data["min_ratio"], data["max_ratio"])
                ).mean()
            )
            ** -0.5
        )
        for seed in range(30)
    }
    assert drawn == {3, 4}


@pytest.mark.parametrize("factors", [[], [1], [2, 11]])
def test_factors_out_of_range_are_refused(tmp_path: Path, quiet: Any, factors: list[int]) -> None:
    with pytest.raises(ArgumentError, match="from 2 to 10"):
        reproduce_superres(Recipe(tmp_path / "run"), factors, quiet)
    assert not (tmp_path / "run").exists()
