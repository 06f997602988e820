from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bokwon.evaluation.report.results import read_results
from bokwon.nn.unet import UNetConfig
from bokwon.reproduce.measured import Measured
from bokwon.reproduce.table import VARIANTS, group_table
from bokwon.training import checkpoint
from bokwon.training.config import TrainConfig
from bokwon.training.load_config import override


def test_the_baselines_see_the_mean_zero_and_gray() -> None:
    networks = [override(TrainConfig(network=UNetConfig()), each.changes).network for each in VARIANTS]
    assert [(each.layer, each.placeholder) for each in networks[1:]] == [
        ("conv", "mean"),
        ("conv", "zero"),
        ("conv", "gray"),
    ]
    assert networks[0].layer == "partial"


def test_the_page_has_the_tables_of_the_paper(table_run: Any) -> None:
    html = table_run.page.read_text(encoding="utf-8")
    for text in ("L1, %, mean", "PSNR, dB, mean", "SSIM, mean", "Inception Score", "Squares at random places"):
        assert text in html
    assert "patchmatch was not measured" in html
    assert "not asked for: name the Inception network" in html
    assert "1 steps in batches of 2 crops of 48 pixels" in html
    assert html.count("data:image/jpeg") > 20
    assert str(table_run.recipe.out.parent) not in html


def test_networks_and_masks_are_those_that_the_page_tells_of(table_run: Any) -> None:
    out = table_run.recipe.out
    assert checkpoint.load_network(out / "runs" / "conv-mean")[0].config.layer == "conv"
    results = read_results(out / "measured-regular" / "results.json")
    assert [method["name"] for method in results["methods"]] == ["partial", "conv-mean", "telea"]
    centres = [pair for pair in results["pairs"] if pair["mask"].startswith("centre")]
    assert len(centres) == 6
    assert {pair["ratio"] for pair in centres} == {0.25}
    squares = [pair for pair in results["pairs"] if pair["mask"].startswith("square")]
    assert sorted(pair["bin"] for pair in squares) == [1, 2, 3, 4, 5, 6]
    table = group_table(Measured(results, {}), "Squares", "square", ("l1",))
    assert table.rows[1][1] == f"{np.mean([pair['methods']['conv-mean']['l1'] for pair in squares]):.2f}"
    assert table.heads[0] == "Squares: means of 6 pairs"


@pytest.mark.parametrize("name", ["measured", "measured-regular"])
def test_the_reports_of_evaluate_lie_beside_the_page(table_run: Any, name: str) -> None:
    assert (table_run.recipe.out / name / "report.html").is_file()
