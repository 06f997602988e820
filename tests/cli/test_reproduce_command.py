"""`bokwon reproduce` as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call

pytest.importorskip("torch", reason="experiments train, which needs bokwon[train]")
pytest.importorskip("accelerate", reason="experiments train, which needs bokwon[train]")
pytest.importorskip("scipy", reason="experiments measure, which needs bokwon[eval]")


def run(*arguments: str | Path | int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bokwon", "reproduce", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def test_an_experiment_writes_its_page_and_is_not_mixed_with_another(tmp_path: Path, call: Call) -> None:
    out = tmp_path / "padding"
    order = ("padding", "--out", out, "--glyphs", 40, "--seeds", 1, "-q")
    done = run(*order, "--steps", 1)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{out / 'page.html'}\n", "")
    assert "One seed allows no interval" in (out / "page.html").read_text(encoding="utf-8")
    done = call("reproduce", *order, "--steps", 2)
    assert done.returncode == 6
    assert "holds another experiment" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("superres", "--factors", "2,x"), "not a list of factors"),
        (("superres", "--factors", "99"), "from 2 to 10"),
        (("layers", "--seeds", "1"), "--seeds 2 or more"),
        (("table", "--full"), "--images and --test-images"),
        (("ablation", "--set", "network.size=3"), "network.size"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_trained(
    tmp_path: Path, call: Call, arguments: tuple[str, ...], told: str
) -> None:
    done = call("reproduce", *arguments, "--out", tmp_path / "run")
    assert done.returncode == 1, done.stderr
    assert told in done.stderr
