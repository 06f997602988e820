"""A run that is killed anywhere loses no original pixel, and the next one knows what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.provenance.unfinished import finish_unfinished, install, is_prepared
from bokwon.utilities.locks import lock_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks")

SIDE = 40
RESTORE = ["restore", "page.png", "page.png", "--mask", "mask.png", "--method", "telea", "--record", "--quiet"]
# Dies without a word before the given change of the file system, as by kill -9.
KILLED = """
import os, sys
from bokwon.cli.main import main

left = int(sys.argv[1])

def count(function):
    def counted(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return function(*arguments, **options)
    return counted

for name in ("mkdir", "rename", "replace", "unlink", "rmdir", "remove"):
    setattr(os, name, count(getattr(os, name)))
main(sys.argv[2:])
"""


def killed_before(event: int, arguments: list[str]) -> int:
    command = [sys.executable, "-c", KILLED, str(event), *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bokwon", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def samples(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


@pytest.fixture
def original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    Image.fromarray(pixels).save("page.png")
    hole = np.zeros((SIDE, SIDE), bool)
    hole[10:20, 10:20] = True
    Image.fromarray(hole).save("mask.png")
    return pixels


@pytest.mark.slow
@pytest.mark.parametrize("restored_before", [False, True])
def test_a_kill_before_any_change_of_the_file_system_loses_nothing(original: np.ndarray, restored_before: bool) -> None:
    start = original
    kept = {Path("page.png"): Path("page.png").read_bytes()}
    if restored_before:
        assert run(*RESTORE).returncode == 0
        # Changed since: what was restored before is the original of what is restored now, and its record is kept.
        with Image.open("page.png") as image:
            start = np.array(image)
        start[0, 0] = 255 - start[0, 0]
        Image.fromarray(start).save("page.png")
        kept = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    older = {path.name: data for path, data in kept.items() if path.parent != Path()}
    for event in range(60):
        for path in sorted(Path().rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink() if path.name != "mask.png" else None
        for path, data in kept.items():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        code = killed_before(event, RESTORE)
        assert code in (0, 9)
        again = run(*RESTORE)
        # Either the first run had not replaced the page, or its record is whole now and is not overwritten.
        assert again.returncode == 0 or "its original pixels would be lost" in again.stderr, (event, again.stderr)
        assert run("undo", "page.png.record", "page.png").returncode == 0, event
        np.testing.assert_array_equal(samples("page.png"), start, err_msg=str(event))
        if older:
            found = {path.name: path.read_bytes() for path in Path("page.png.1.record").iterdir()}
            assert found == older, event
        assert not list(Path().glob("*.record/.bokwon-*")), event
        if code == 0:
            break
    else:
        pytest.fail("the run never came to its end")
    assert event > 10


def prepared(over_itself: bool = True) -> Path:
    """A record that a killed run has prepared, in its hidden folder."""
    assert run(*RESTORE).returncode == 0
    part = Path("page.png.record/.bokwon-1.part")
    part.mkdir()
    for path in Path("page.png.record").glob("*p001*"):
        path.replace(part / path.name)
    Path("page.png.record/record.json").replace(part / "record.json")
    assert is_prepared(part)
    return part


def test_undo_finishes_the_record_first(original: np.ndarray) -> None:
    prepared()
    assert run("undo", "page.png.record", "page.png").returncode == 0
    np.testing.assert_array_equal(samples("page.png"), original)


def test_what_was_prepared_for_an_output_that_never_came_goes(original: np.ndarray) -> None:
    prepared()
    Image.fromarray(original).save("page.png")
    finish_unfinished(Path("page.png"))
    assert not Path("page.png.record").exists()


def test_names_that_are_no_utf_8_are_undone(original: np.ndarray) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    Path("page.png").rename(name)
    arguments = ["restore", name, name, "--mask", "mask.png", "--method", "telea", "--record", "--quiet"]
    assert run(*arguments).returncode == 0
    record = Path(f"{name}.record")
    part = record / ".bokwon-1.part"
    part.mkdir()
    for path in [*record.glob("*p001*"), record / "record.json"]:
        path.replace(part / path.name)
    # Prepared, and not yet in its place: it is finished, and not thrown away.
    assert run("undo", str(record), name).returncode == 0
    np.testing.assert_array_equal(samples(name), original)


def test_a_record_that_is_in_its_place_is_not_kept_as_an_earlier_one(original: np.ndarray) -> None:
    assert run(*RESTORE).returncode == 0
    part = Path("page.png.record/.bokwon-1.part")
    part.mkdir()
    assert install(part, Path("page.png"), over_itself=True) is None
    assert not Path("page.png.1.record").exists()
    assert is_prepared(Path("page.png.record"))


def test_the_record_of_a_living_run_is_left_alone(original: np.ndarray) -> None:
    part = prepared()
    lock = lock_folder(part)
    assert lock is not None
    finish_unfinished(Path("page.png"))
    assert is_prepared(part)
    os.close(lock)
    finish_unfinished(Path("page.png"))
    assert {path.name for path in Path("page.png.record").iterdir()} == {
        "record.json", "evidence_p001.png", "hole_p001.png", "ink_p001.png", "original_p001.npz"
    }  # fmt: skip


def test_a_folders_run_leaves_a_prepared_record(original: np.ndarray) -> None:
    part = prepared()
    Path("in").mkdir()
    assert run("restore", "in", ".", "--method", "telea", "--quiet").returncode == 0
    assert is_prepared(part)
