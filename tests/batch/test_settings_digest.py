"""What `--resume` compares: every setting that changes a pixel, and no other."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.batch.job import Options
from bokwon.batch.settings_digest import settings_digest
from bokwon.cli.main import main
from bokwon.inpaint.restorer import Restorer
from bokwon.settings import RestoreSettings

BEFORE = Path(__file__).parents[1] / "data" / "before_grow"
"""Written by version 0.1.0 when `--grow` was `--widen`: `restore in out --method telea --widen 1 --record`."""

OF_PIXELS: dict[str, Any] = {
    "method": "ns",
    "material": "photo",
    "finish": "off",
    "grow": 1,
    "precision": "float32",
    "ensemble": 2,
    "ink": "patches",
    "grain": "match",
    "letters": "leave",
    "tile": 256,
}


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def digest(settings: RestoreSettings, options: Options | None = None) -> str:
    return settings_digest(Restorer(settings), options or Options(), None)


def test_whatever_changes_pixels_is_in_the_digest(mean_model: Path) -> None:
    settings = RestoreSettings(mean_model)
    known = digest(settings)
    assert digest(settings) == known
    others = {item.name for item in fields(RestoreSettings)} - {"model", "engine", "threads"}
    assert others == set(OF_PIXELS)
    for name in others - {"method", "precision", "material"}:
        assert digest(replace(settings, **{name: OF_PIXELS[name]})) != known, name
    assert digest(RestoreSettings(method="ns")) != digest(RestoreSettings(method="telea")) != known
    assert digest(RestoreSettings("photo")) != known
    assert len({digest(RestoreSettings(material=one)) for one in ("auto", "page", "photo", "rubbing")}) == 4
    assert digest(RestoreSettings(precision="float32")) != digest(RestoreSettings(precision="int8"))


def test_the_number_of_threads_is_not_in_the_digest(mean_model: Path) -> None:
    assert digest(RestoreSettings(mean_model, threads=1)) == digest(RestoreSettings(mean_model, threads=2))


def test_a_folder_is_done_again_with_another_ensemble(mean_model: Path, tmp_path: Path) -> None:
    shutil.copytree(BEFORE / "in", tmp_path / "in")
    command = ["restore", str(tmp_path / "in"), str(tmp_path / "out"), "--model", str(mean_model), "--resume", "-q"]
    times = []
    for ensemble in ("1", "1", "2"):
        assert run(*command, "--ensemble", ensemble) == 0
        times.append((tmp_path / "out" / "page.png").stat().st_mtime_ns)
    assert times[0] == times[1] != times[2]


def test_records_of_earlier_versions_are_undone(tmp_path: Path) -> None:
    shutil.copytree(BEFORE, tmp_path / "old")
    output = tmp_path / "old" / "out" / "page.png"
    record = output.with_name("page.png.record")
    assert json.loads((record / "record.json").read_text())["settings"]["widen"] == 1
    assert run("undo", str(record), str(output)) == 0
    with Image.open(output) as back, Image.open(BEFORE / "in" / "page.png") as original:
        np.testing.assert_array_equal(np.array(back), np.array(original))


def test_a_report_of_an_earlier_version_means_that_files_are_done_again(tmp_path: Path) -> None:
    shutil.copytree(BEFORE / "in", tmp_path / "in")
    report, output = tmp_path / "out" / "report.jsonl", tmp_path / "out" / "page.png"
    command = ["restore", str(tmp_path / "in"), str(tmp_path / "out"), "--method", "telea", "--grow", "1", "--resume"]
    command.append("--no-mark")
    assert run(*command) == 0
    entry = json.loads(report.read_text())
    old = json.loads((BEFORE / "out" / "report.jsonl").read_text())
    assert old.keys() <= entry.keys()
    with Image.open(output) as now, Image.open(BEFORE / "out" / "page.png") as then:
        np.testing.assert_array_equal(np.array(now), np.array(then))
    # The very same file and output; only the digest of the settings is the earlier version's.
    old["inputs"], old["sha256"] = entry["inputs"], entry["sha256"]
    report.write_text(json.dumps(old) + "\n")
    before = output.stat().st_mtime_ns
    assert run(*command) == 0
    assert output.stat().st_mtime_ns != before
    assert json.loads(report.read_text())["settings"] == entry["settings"] != old["settings"]
    before = output.stat().st_mtime_ns
    assert run(*command) == 0
    assert output.stat().st_mtime_ns == before
