"""Methods of others: a folder of results, a command for every pair."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError
from bokwon.evaluation.data.pairs import Pair, load_pair, plan_pairs
from bokwon.evaluation.measure.benchmark import Folders, Task, run_task
from bokwon.evaluation.measure.external import Command, ResultFolder
from bokwon.evaluation.measure.methods import erase, parse_methods

GRAY = """
import sys
from PIL import Image
image, mask, out = sys.argv[1:]
picture = Image.open(image)
picture.paste((100, 110, 120), (0, 0), Image.open(mask).convert("L"))
picture.save(out)
"""


@pytest.fixture
def pairs(material: Any) -> tuple[Pair, ...]:
    return plan_pairs(material.images, material.masks).pairs


def program(tmp_path: Path, text: str) -> str:
    path = tmp_path / "program.py"
    path.write_text(text)
    return f"{sys.executable} {path} {{image}} {{mask}} {{out}}"


def a_pair(side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    truth = np.full((side, side + 8, 3), 200, np.uint8)
    hole = np.zeros((side, side + 8), bool)
    hole[4:12, 4:20] = True
    return erase(truth, hole), hole


def test_names_of_pairs_are_their_own_and_do_not_depend_on_the_plan(material: Any, pairs: tuple[Pair, ...]) -> None:
    names = [pair.name for pair in pairs]
    assert len(set(names)) == len(names)
    few = plan_pairs(material.images, material.masks, per_cell=1).pairs
    assert {pair.name for pair in few} < set(names)
    assert all(pair.name.startswith(f"{Path(pair.image).stem}-") for pair in pairs)


def test_results_of_a_folder_are_measured_inside_the_hole(
    material: Any, tmp_path: Path, pairs: tuple[Pair, ...]
) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (method,) = parse_methods(f"mine=folder:{results}")
    for pair in pairs:
        truth, _ = load_pair(pair, material.images, material.masks)
        # Whatever stands outside the hole does not count.
        Image.fromarray(255 - truth).save(results / f"{pair.name}.png")
    method.check(pairs)
    task = Task(pairs[0], method, Folders(material.images, material.masks, tmp_path / "report"))
    first = run_task(task)
    assert (first["seconds"], first["cpu_seconds"], first["peak_mb"]) == (None, None, None)
    truth, hole = load_pair(pairs[0], material.images, material.masks)
    expected = np.abs((255.0 - truth[hole]) - truth[hole]).mean() / 2.55
    assert first["hole_l1"] == pytest.approx(expected, abs=1e-4)
    assert first["l1"] == pytest.approx(expected * hole.mean(), abs=1e-4)
    # A changed result is measured again; the others are not.
    other = Task(pairs[1], method, task.folders)
    kept = other.key
    Image.fromarray(truth).save(results / f"{pairs[0].name}.png")
    assert task.key != first["key"]
    assert other.key == kept
    assert run_task(task)["hole_l1"] == 0


def test_a_result_that_lacks_or_has_another_size_is_named_before_anything_is_measured(
    material: Any, tmp_path: Path, pairs: tuple[Pair, ...]
) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (method,) = parse_methods(f"mine=folder:{results}")
    for pair in pairs[1:]:
        Image.new("RGB", pair.window[2:]).save(results / f"{pair.name}.png")
    with pytest.raises(FileAccessError, match=rf"lacks results of 1 of 6 pairs, such as {pairs[0].name}\.png"):
        method.check(pairs)
    Image.new("RGB", (10, 12)).save(results / f"{pairs[0].name}.jpg")
    with pytest.raises(InputFileError, match="is 10 x 12 pixels, and its pair 64 x 64"):
        method.check(pairs)
    (results / f"{pairs[0].name}.jpg").write_bytes(b"no image")
    with pytest.raises(InputFileError, match="cannot be read"):
        method.check(pairs)
    with pytest.raises(FileAccessError, match="no folder"):
        ResultFolder(tmp_path / "none")


def test_a_command_fills_the_hole_and_its_cost_is_measured(tmp_path: Path) -> None:
    damaged, hole = a_pair()
    busy = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\nblock = b'1' * 2**27\n"
    filled, cost = Command(program(tmp_path, busy + GRAY), 60).run(damaged, hole, "x")
    assert (filled[hole] == (100, 110, 120)).all()
    np.testing.assert_array_equal(filled[~hole], damaged[~hole])
    assert cost.seconds is not None
    assert cost.seconds > 0.3
    if sys.platform != "win32":
        assert cost.cpu_seconds is not None
        assert cost.peak_mb is not None
        assert cost.cpu_seconds > 0.3
        assert 128 < cost.peak_mb < 1000


def test_quotes_keep_arguments_together_and_no_shell_reads_them(tmp_path: Path) -> None:
    damaged, hole = a_pair()
    text = "assert sys.argv.pop(1) == 'a, b; $HOME *'\n"
    command = program(tmp_path, GRAY.replace("image, mask", f"{text}image, mask", 1)).replace(
        "{image}", '"a, b; $HOME *" {image}'
    )
    (method, other) = parse_methods(f"mine=command:'{command}',telea")
    assert (method.name, other.name) == ("mine", "telea")
    engine = method.filler()
    assert isinstance(engine, Command)
    assert (engine.run(damaged, hole, "x")[0][hole] == (100, 110, 120)).all()
    assert method.about()["source"] == "command:mine"
    assert str(tmp_path) not in str(method.about())


def test_a_command_that_takes_too_long_is_ended_with_all_it_has_started(tmp_path: Path) -> None:
    damaged, hole = a_pair()
    text = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    begun = time.monotonic()
    with pytest.raises(BokwonError, match="took longer than 3 seconds"):
        Command(program(tmp_path, text), 3.0).run(damaged, hole, "x")
    assert time.monotonic() - begun < 50
    if sys.platform != "win32":
        pid = int((tmp_path / "pid").read_text())
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and Path(f"/proc/{pid}").exists() and "Z" not in state(pid):
            time.sleep(0.05)
        assert not Path(f"/proc/{pid}").exists() or "Z" in state(pid)


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import sys; sys.exit('no model here')", "left with exit code 1: no model here"),
        ("import sys; sys.exit(7)", "left with exit code 7: it said nothing"),
        ("pass", r"wrote no \{out\}"),
        ("import sys; from PIL import Image; Image.new('RGB', (5, 6)).save(sys.argv[3])", "5 x 6 pixels, and its pair"),
        ("import sys; open(sys.argv[3], 'w').write('text')", r"out\.png"),
    ],
)
def test_a_command_that_fails_says_how(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BokwonError, match=told):
        Command(program(tmp_path, text), 60).run(*a_pair(), "x")


def test_commands_that_cannot_be_meant() -> None:
    with pytest.raises(ArgumentError, match=r"has no \{mask\} and no \{out\}"):
        Command("prog {image}", 1)
    with pytest.raises(ArgumentError, match="cannot be read"):
        Command("prog 'x {image} {mask} {out}", 1)
    with pytest.raises(FileAccessError, match="no program no-such-program"):
        Command("no-such-program {image} {mask} {out}", 1)
    with pytest.raises(ArgumentError, match="has no name"):
        parse_methods("command:'prog {image} {mask} {out}'")


@pytest.mark.skipif(os.name == "nt", reason="Windows says nothing of a child's time")
def test_a_failing_command_becomes_an_error_record(material: Any, tmp_path: Path, pairs: tuple[Pair, ...]) -> None:
    (method,) = parse_methods("mine=command:'false {image} {mask} {out}'")
    record = run_task(Task(pairs[0], method, Folders(material.images, material.masks, tmp_path)))
    assert "false left with exit code 1" in record["error"]
