from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError, OutputExistsError
from bokwon.synthesis.masks.bins import CELLS, Cell, cell_of
from bokwon.synthesis.masks.dataset import PRESETS, MaskSet, make_set
from bokwon.synthesis.masks.generate import make_mask

SMALL = MaskSet(count=30, size=(40, 48), kind="mixed", seed=7)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def manifest(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def test_the_files_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    for jobs in (1, 2):
        assert make_set(tmp_path / str(jobs), MaskSet(count=60, size=(32, 32), kind="mixed"), jobs) == (60, 0)
    one, two = (contents(tmp_path / str(jobs)) for jobs in (1, 2))
    assert one == two


def test_the_manifest_tells_the_truth_about_every_file(tmp_path: Path) -> None:
    make_set(tmp_path / "set", SMALL)
    records = manifest(tmp_path / "set")
    assert [r["number"] for r in records] == list(range(30))
    for record in records:
        with Image.open(tmp_path / "set" / str(record["file"])) as image:
            assert image.mode == "1"
            assert image.size == (48, 40)
            hole = np.asarray(image)
        cell = Cell(int(str(record["bin"])), bool(record["border"]))
        assert cell_of(hole) == cell
        assert record["file"] == f"{cell.folder}/{record['number']:05d}.png"
        assert record["ratio"] == pytest.approx(hole.mean(), abs=1e-6)
        again = make_mask(
            np.random.default_rng(record["seed"]), (40, 48), str(record["kind"]), cell.ratio, cell.border_class
        )
        np.testing.assert_array_equal(hole, again)
    assert not (tmp_path / "set" / "INCOMPLETE").exists()


def test_masks_are_shared_evenly_and_the_first_cells_get_the_rest() -> None:
    plan = MaskSet(count=31, size=(40, 40))
    cells = [plan.cell(number) for number in range(31)]
    assert [cells.count(cell) for cell in CELLS] == [3] * 7 + [2] * 5
    assert cells == sorted(cells, key=CELLS.index)
    few = MaskSet(count=2, size=(40, 40))
    assert [few.cell(0), few.cell(1)] == list(CELLS[:2])


def test_an_interrupted_set_is_marked_and_finished_as_if_nothing_had_happened(tmp_path: Path) -> None:
    make_set(tmp_path / "whole", SMALL)
    broken = tmp_path / "broken"

    class StopError(Exception):
        pass

    def stop(done: int) -> None:
        if done >= 24:
            raise StopError

    with pytest.raises(StopError):
        make_set(broken, SMALL, progress=stop)
    assert (broken / "INCOMPLETE").exists()
    assert not (broken / "manifest.jsonl").exists()
    # The process was killed while it wrote: a torn line, a temporary file, a mask of no bytes, one that is gone.
    part = broken / "manifest.jsonl.part"
    part.write_text(part.read_text() + '{"number": 24, "fi')
    (broken / "01-10/border/.bokwon-0123.part").write_bytes(b"half")
    (broken / SMALL.path(3)).write_bytes(b"")
    (broken / SMALL.path(5)).unlink()
    seen: list[int] = []
    assert make_set(broken, SMALL, progress=seen.append) == (8, 22)
    assert seen[0] == 22
    assert seen[-1] == 30
    assert contents(broken) == contents(tmp_path / "whole")


def test_a_complete_set_is_left_alone_and_another_one_is_refused(tmp_path: Path) -> None:
    make_set(tmp_path / "set", SMALL)
    before = contents(tmp_path / "set")
    assert make_set(tmp_path / "set", SMALL) == (0, 30)
    with pytest.raises(OutputExistsError, match="another set"):
        make_set(tmp_path / "set", MaskSet(count=31, size=(40, 48), kind="mixed", seed=7))
    assert contents(tmp_path / "set") == before


def test_foreign_folders_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear reader")
    with pytest.raises(OutputExistsError, match="other files"):
        make_set(tmp_path, SMALL)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileAccessError, match="cannot write"):
        make_set(tmp_path / "file" / "set", SMALL)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "thesis.tex"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"seed": -1},
        {"size": (0, 40)},
        {"kind": "polka"},
        {"cells": ()},
        # 2 px of frame all around leave one pixel of 25: no bin from the second on can be reached inside.
        {"size": (5, 5), "cells": (Cell(6, False),)},
    ],
)
def test_a_set_that_cannot_be_made_is_refused_before_anything_is_written(wrong: dict[str, object]) -> None:
    values = {"count": 3, "size": (40, 40), **wrong}
    if wrong.get("size") == (5, 5):
        assert MaskSet(count=1, size=(5, 5), cells=(Cell(3, False),)).count == 1
    with pytest.raises(ArgumentError):
        MaskSet(**values)  # type: ignore[arg-type]


def test_no_workers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="0 processes"):
        make_set(tmp_path / "set", SMALL, jobs=0)
    assert not (tmp_path / "set").exists()


def test_presets_have_the_papers_counts_and_share_no_mask() -> None:
    assert {name: preset.count for name, preset in PRESETS.items()} == {
        "paper-train": 55_116,
        "paper-test": 24_866,
        "paper-bench": 12_000,
    }
    plans = [MaskSet(count=12, size=(64, 64), stream=preset.stream) for preset in PRESETS.values()]
    masks = {plan.draw(0).tobytes() for plan in [MaskSet(count=12, size=(64, 64)), *plans]}
    assert len(masks) == 4
