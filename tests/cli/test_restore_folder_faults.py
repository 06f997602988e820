"""A folder's run while its files, its output folder or the run itself come to harm."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.batch import batch
from bokwon.batch.job import Job, Outcome
from bokwon.batch.journal import Entry, Report
from bokwon.batch.mask_matching import Masks
from bokwon.errors import ArgumentError
from bokwon.image_io.reader import Source

RESTORE = [sys.executable, "-m", "bokwon", "restore"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    return tmp_path


def write_pages(count: int, side: int) -> None:
    Path("in").mkdir()
    rng = np.random.default_rng(1)
    hole = np.zeros((side, side), bool)
    hole[::8, ::2] = True
    for number in range(count):
        pixels = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(f"in/{number}.png", compress_level=1)
        Image.fromarray(hole).save(f"in/{number}-mask.png")


def test_a_run_keeps_its_folder_though_its_report_is_removed(folder: Path) -> None:
    with Report(Path("out"), "settings", resume=False):
        Path("out/report.jsonl").unlink()
        with pytest.raises(ArgumentError, match="another run is writing to out"):
            Report(Path("out"), "settings", resume=False)
    with Report(Path("out"), "settings", resume=False) as report:
        assert report.finish(()) == ()


def test_an_output_that_was_removed_meanwhile_is_a_failure(folder: Path) -> None:
    Path("out/kept.png").write_bytes(b"picture")
    with Report(Path("out"), "settings", resume=False) as report:
        for name in ("kept.png", "lost.png"):
            report.add(Entry(name, "restored", name))
        kept, lost = report.finish(("kept.png", "lost.png"))
    assert (kept.status, kept.code) == ("restored", 0)
    assert (lost.status, lost.code, lost.output) == ("failed", 5, None)
    assert lost.error == "output lost.png was removed while the run went on"


def test_a_scan_that_is_replaced_while_it_is_restored_is_done_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, target = Path("scan.png"), Path("out/scan.png")
    scan.write_bytes(b"first")
    job = Job(Source.of(scan), Masks(), target)

    def restore(*_: Any, **__: Any) -> Outcome:
        target.write_bytes(b"restored from the first")
        scan.write_bytes(b"second scan")
        return Outcome(1, 1, 1, 1, 1)

    monkeypatch.setattr(batch, "restore_file", restore)
    entry = batch.restore_task(None, batch.Task("scan.png", "scan.png", job))  # type: ignore[arg-type]
    assert entry.status == "restored"
    with Report(Path("out"), "settings", resume=True) as report:
        report.add(entry)
        assert report.done("scan.png", job) is None
        report.add(replace(entry, inputs=batch.fingerprint(job)))
        assert report.done("scan.png", job) is not None


def test_no_space_for_the_report_is_five(folder: Path) -> None:
    write_pages(1, 16)

    def allow_nothing() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    command = [*RESTORE, "in", "out", "--method", "telea"]
    done = subprocess.run(command, preexec_fn=allow_nothing, capture_output=True, check=False)
    assert done.returncode == 5
    assert done.stderr.splitlines()[-1].startswith(b"bokwon: error: report out/report.jsonl cannot be written: ")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_ended_run_leaves_nothing_half_written(folder: Path, number: signal.Signals, code: int) -> None:
    write_pages(2, 1600)

    def listen() -> None:
        # A run in the background of a shell is begun with this signal ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    command = [*RESTORE, "in", "out", "--method", "telea", "--jobs", "2"]
    with subprocess.Popen(command, preexec_fn=listen, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        patience = time.monotonic() + 60
        while not list(Path("out").glob(".bokwon-*.part")):
            assert time.monotonic() < patience
            time.sleep(0.01)
        run.send_signal(number)
        said = run.stderr.read()
        assert run.wait(timeout=60) == code
    assert said.splitlines()[-1] == b"bokwon: error: interrupted"
    assert not list(Path("out").glob(".bokwon-*"))
