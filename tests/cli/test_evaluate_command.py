"""`bokwon evaluate` as a user runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.cli.conftest import Call


def run(*arguments: str | Path | int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bokwon", "evaluate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def test_a_report_is_made_continued_and_compared(material: Any, tmp_path: Path, call: Call) -> None:
    out = tmp_path / "report"
    order = ("--images", material.images, "--masks", material.masks, "--methods", "telea,ns", "--out", out)
    done = run(*order, "--per-cell", "1")
    assert done.returncode == 0, done.stderr
    assert "2 pairs" in done.stderr
    assert "cell 01-10/border has 0 of 1 pairs" in done.stderr
    assert {"results.json", "pairs.csv", "table.md", "report.html"} <= {path.name for path in out.iterdir()}
    first = (out / "measured.jsonl").read_text()

    done = run(*order, "--per-cell", "2", "-j", "2", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # What was measured is not measured again, and the new pairs follow.
    assert (out / "measured.jsonl").read_text().startswith(first)
    results = json.loads((out / "results.json").read_text())
    assert len(results["pairs"]) == 4

    done = call("evaluate", "--compare", out / "results.json", out / "results.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("undecided") == 6

    done = call(
        "evaluate", "--compare", out / "results.json", out / "results.json", "--methods", "ns,telea", "--by", "ssim"
    )
    assert done.returncode == 0, done.stderr
    assert "| ns -> telea: SSIM |" in done.stdout
    done = call("evaluate", "--compare", out / "results.json", out / "results.json", "--methods", "ns")
    assert done.returncode == 1
    assert "--methods ONE,TWO" in done.stderr


def test_an_interrupted_run_goes_on(material: Any, tmp_path: Path) -> None:
    journal = tmp_path / "r" / "measured.jsonl"
    order = ("--images", material.images, "--masks", material.masks, "--methods", "telea,ns", "--out", tmp_path / "r")
    command = [sys.executable, "-m", "bokwon", "evaluate", *map(str, order)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not journal.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=120)
    assert process.returncode == 130
    assert message.splitlines()[-1] == "bokwon: error: interrupted"
    assert not (tmp_path / "r" / "report.html").exists()
    before = journal.read_text()
    assert run(*order, "-q").returncode == 0
    assert journal.read_text().startswith(before)
    assert len(json.loads((tmp_path / "r" / "results.json").read_text())["pairs"]) == 6


def test_pairs_that_fail_are_named(material: Any, tmp_path: Path) -> None:
    # Its head is whole, so that it is planned with; its body is cut.
    broken = material.images / "0.png"
    broken.write_bytes(broken.read_bytes()[:2000])
    arguments = ("--images", material.images, "--masks", material.masks, "--methods", "ns", "--out", tmp_path / "r")
    done = run(*arguments, "-q")
    assert done.returncode == 4
    assert "error: ns on 0.png with" in done.stderr
    results = json.loads((tmp_path / "r" / "results.json").read_text())
    assert {pair["image"] for pair in results["pairs"]} == {"1.png"}
    assert "damaged" in results["failures"][0]["error"]


def test_some_bins_and_weights_that_are_missing(material: Any, tmp_path: Path, call: Call) -> None:
    order = ("--images", material.images, "--masks", material.masks, "--methods", "telea", "--out", tmp_path / "r")
    assert run(*order, "--bins", "3", "-q").returncode == 0
    results = json.loads((tmp_path / "r" / "results.json").read_text())
    assert [cell["name"] for cell in results["cells"]] == ["20-30 % border", "20-30 % inner"]
    assert len(results["pairs"]) == 3
    done = call("evaluate", *order, "--bins", "three")
    assert done.returncode == 1
    assert "'three' is not a list of bins" in done.stderr
    done = call("evaluate", *order, "--bins", "7")
    assert done.returncode == 1
    done = call("evaluate", *order, "--features", tmp_path / "vgg19.safetensors")
    assert done.returncode in (3, 5)  # without PyTorch, and without the file
    assert "error:" in done.stderr


def test_arguments_that_make_no_sense(tmp_path: Path, call: Call) -> None:
    done = call("evaluate", "--images", tmp_path, "--out", tmp_path / "r")
    assert done.returncode == 1
    assert "--masks not given" in done.stderr
    done = call("evaluate", "--compare", tmp_path / "a.json", tmp_path / "b.json")
    assert done.returncode == 5
    assert "a.json cannot be read" in done.stderr


def test_results_of_others_are_measured_beside_ours(material: Any, tmp_path: Path, call: Call) -> None:
    pairs = ("--images", material.images, "--masks", material.masks, "--per-cell", 1, "-q")
    assert run(*pairs, "--write-pairs", tmp_path / "pairs").returncode == 0
    results = tmp_path / "results"
    results.mkdir()
    for path in sorted((tmp_path / "pairs" / "images").iterdir()):
        mask = np.asarray(Image.open(tmp_path / "pairs" / "masks" / path.name))
        picture = np.array(Image.open(path))
        assert (picture[mask > 0] == 255).all()
        picture[mask > 0] = 127
        Image.fromarray(picture).save(results / path.name)
    command = f'other=command:\'{sys.executable} -c "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[3])" '
    methods = f"mine=folder:{results},{command}{{image}} {{mask}} {{out}}',identity"
    done = run(*pairs, "--methods", methods, "--out", tmp_path / "r", "--blind", tmp_path / "blind")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "r" / "results.json").read_text())
    assert [method["name"] for method in found["methods"]] == ["mine", "other", "identity"]
    for pair in found["pairs"]:
        mine, other, identity = (pair["methods"][name] for name in ("mine", "other", "identity"))
        assert mine["seconds"] is None
        assert other["seconds"] > 0
        # The copy leaves the hole white.
        assert other["hole_psnr"] == identity["hole_psnr"] != mine["hole_psnr"]
    assert "| mine | - | - | - |" in (tmp_path / "r" / "table.md").read_text()
    (results / sorted(path.name for path in results.iterdir())[0]).unlink()
    done = call("evaluate", *pairs, "--methods", methods, "--out", tmp_path / "r2")
    assert done.returncode == 5
    assert "lacks results of 1 of 2 pairs" in done.stderr
    assert not (tmp_path / "r2").exists()
    key = json.loads((tmp_path / "blind" / "key.json").read_text())
    answers = {str(n): "left" if trial["left"] == "mine" else "right" for n, trial in enumerate(key["trials"])}
    (tmp_path / "answers.json").write_text(json.dumps({"sheet": key["sheet"], "answers": answers}))
    done = call("evaluate", "--tally", tmp_path / "blind" / "key.json", "--tally", tmp_path / "answers.json")
    assert done.returncode == 0, done.stderr
    assert "| mine against identity | 2 | 0 | 0 |" in done.stdout
    assert call("evaluate", "--tally", tmp_path / "blind" / "key.json").returncode == 1
