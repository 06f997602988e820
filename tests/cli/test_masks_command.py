"""`bokwon masks` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main
from bokwon.errors import ArgumentError
from bokwon.synthesis.masks.bins import parse_bins


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(["masks", *arguments])
    printed = capsys.readouterr()
    return int(stop.value.code or 0), printed.out, printed.err


def test_make_sort_and_stats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, ordered = tmp_path / "made", tmp_path / "ordered"
    code, out, err = run(
        capsys, "make", str(made), "--count", "8", "--size", "80x64", "--kind", "strokes", "--bins", "1,3", "-j", "1"
    )
    assert (code, out) == (0, "")
    assert "8 masks written" in err
    assert len(list(made.glob("*/*/*.png"))) == 8
    assert sorted(p.name for p in made.iterdir()) == ["01-10", "20-30", "manifest.jsonl", "settings.json"]
    with Image.open(next(made.glob("*/*/*.png"))) as image:
        assert image.size == (80, 64)

    code, out, err = run(capsys, "sort", str(made), str(ordered), "-j", "1")
    assert (code, out) == (0, "")
    assert "white means hole" in err
    assert "8 masks sorted" in err

    plot = tmp_path / "plot.png"
    code, out, err = run(capsys, "stats", str(made), str(ordered), "--plot", str(plot), "-j", "1")
    assert code == 0
    assert "number of holes" in out
    assert "1.00" in out
    with Image.open(plot) as image:
        assert image.width > 800

    code, out, err = run(capsys, "stats", str(made), "--json", "-q", "-j", "1")
    assert (code, err) == (0, "")
    figures = json.loads(out)["sets"][str(made)]
    assert figures["all"]["masks"] == 8
    assert figures["20-30/inner"]["ratio"][0] > 0.2


def test_the_same_call_again_has_nothing_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("make", str(tmp_path / "set"), "--count", "12", "--size", "32", "-j", "1")
    assert run(capsys, *arguments)[0] == 0
    code, _, err = run(capsys, *arguments)
    assert code == 0
    assert "12 were there already" in err


def test_files_that_cannot_be_used_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    hole = np.zeros((64, 64), np.uint8)
    hole[20:30, 20:50] = 255
    Image.fromarray(hole).save(tmp_path / "in" / "good.png")
    (tmp_path / "in" / "bad.png").write_bytes(b"")
    code, _, err = run(capsys, "sort", str(tmp_path / "in"), str(tmp_path / "out"), "-j", "1")
    assert code == 0
    assert "1 files not used" in err
    assert "bad.png" in err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--kind", "polka"], 1, "occlusion, strokes"),
        (["--size", "0"], 1, "no size"),
        (["--size", "2x3x4"], 1, "no size"),
        (["--bins", "7"], 1, "no bin"),
        (["--bins", "one"], 1, "list of bins"),
        (["--border", "left"], 1, "border"),
        (["--count", "0"], 1, "count of at least 1"),
        (["--seed", "-3"], 1, "negative"),
        (["--preset", "paper"], 1, "paper-train"),
        (["--preset", "paper-bench", "--count", "3"], 1, "leave out"),
        # 1 px of 4 x 4 px is 0.0625; the frame takes 12 of the 16, so no more than 0.25 lies inside.
        (["--size", "4", "--bins", "6", "--border", "inner"], 1, "inside the 1 px border"),
    ],
)
def test_wrong_arguments_are_told_and_nothing_is_written(
    arguments: list[str], code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    got, out, err = run(capsys, "make", str(tmp_path / "set"), "-j", "1", *arguments)
    assert (got, out) == (code, "")
    assert told in err
    assert not (tmp_path / "set").exists()


def test_places_that_cannot_be_written_or_read_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run(capsys, "make", str(tmp_path / "file" / "set"), "--count", "12", "--size", "32")[0] == 5
    assert run(capsys, "sort", str(tmp_path / "none"), str(tmp_path / "set"))[0] == 5
    assert run(capsys, "stats", str(tmp_path / "none"))[0] == 5
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("")
    code, _, err = run(capsys, "make", str(tmp_path / "full"), "--count", "12", "--size", "32")
    assert code == 6
    assert "other files" in err


def test_a_plot_must_be_writable_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "stats", str(tmp_path), "--plot", str(tmp_path / "p.jpg"))[0] == 1
    assert run(capsys, "stats", str(tmp_path), "--plot", str(tmp_path / "no" / "p.png"))[0] == 5


def test_bins_are_parsed() -> None:
    assert parse_bins("1,3") == (1, 3)
    assert parse_bins("2-4, 6") == (2, 3, 4, 6)
    for wrong in ("", "-1", "1-", "a", "5-2", "0", "1-7", "1-99999999999"):
        with pytest.raises(ArgumentError):
            parse_bins(wrong)
