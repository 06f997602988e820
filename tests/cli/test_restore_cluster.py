"""`bokwon restore --cluster` on a Ray of this machine: what holds of a local run holds there too."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.batch.cluster import run_on_cluster
from bokwon.errors import FileAccessError

pytestmark = pytest.mark.skipif(
    find_spec("ray") is None or sys.platform == "win32", reason="needs Ray: pip install 'bokwon[cluster]'"
)

BOKWON = [sys.executable, "-m", "bokwon", "restore"]
TELEA = ("--method", "telea")
FILES = 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pages that take a while, and their masks."""
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        noise = np.random.default_rng(number).integers(0, 256, (500, 500, 3)).astype(np.uint8)
        Image.fromarray(noise).save(tmp_path / f"in/{number}.png", compress_level=1)
        hole = np.zeros((500, 500), np.uint8)
        hole[100:350, 100:350] = 255
        Image.fromarray(hole).save(tmp_path / f"in/{number}-mask.png")
    return tmp_path


@pytest.fixture
def surroundings(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment by which everything that Ray starts is known again, and that takes its files away."""
    # Ray's sockets need a short path.
    short = tempfile.mkdtemp(prefix="r", dir="/tmp")
    home = tmp_path / "home"
    home.mkdir()
    yield {**os.environ, "RAY_TMPDIR": short, "HOME": str(home), "OMP_NUM_THREADS": "1", "RAY_worker_niceness": "0"}
    until = time.monotonic() + 30
    while left := processes(short):
        if time.monotonic() > until:
            for number in left:
                os.kill(number, signal.SIGKILL)
            pytest.fail(f"processes were left behind: {list(left.values())}")
        time.sleep(0.1)
    shutil.rmtree(short, ignore_errors=True)


def processes(mark: str) -> dict[int, str]:
    """Return the processes with a word in their environment: number and command."""
    found = {}
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdecimal() and mark.encode() in (path / "environ").read_bytes():
                found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".png"}


def lines(journal: Path) -> list[dict]:
    return [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for Ray's processes in /proc")
def test_a_killed_worker_loses_nothing_and_no_finished_file_is_run_again(
    folder: Path, surroundings: dict[str, str]
) -> None:
    local = subprocess.run([*BOKWON, "in", "local", *TELEA, "-q"], cwd=folder, timeout=120, check=False)
    assert local.returncode == 0
    mark = surroundings["RAY_TMPDIR"]
    command = [*BOKWON, "in", "out", "--cluster", "--address", "local", "-j", "2", *TELEA]
    journal = folder / "out/report.jsonl"
    with subprocess.Popen(
        command, cwd=folder, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        victim = None
        while victim is None:
            assert running.poll() is None, running.communicate()
            at_work = [number for number, name in processes(mark).items() if name.startswith("ray::_Worker.do")]
            # One that has a file in hand, while another has been finished.
            victim = at_work[0] if at_work and len(lines(journal)) >= 2 else None
        os.kill(victim, signal.SIGKILL)
        done = [entry["file"] for entry in lines(journal)]
        times = {name: (folder / "out" / name).stat().st_mtime_ns for name in done}
        said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert 2 <= len(times) < FILES
    assert said[0] == b""
    assert f"restored       {FILES}" in said[1].decode()
    assert not list((folder / "out").glob(".bokwon-*"))
    assert outputs(folder / "out") == outputs(folder / "local")
    assert {name: (folder / "out" / name).stat().st_mtime_ns for name in done} == times
    entries = lines(journal)
    assert [(entry["file"], entry["status"]) for entry in entries] == [(f"{n}.png", "restored") for n in range(FILES)]
    same = ("file", "output", "sha256", "hole_pixels", "tiles", "messages", "inputs", "settings")
    assert [[entry[key] for key in same] for entry in entries] == [
        [entry[key] for key in same] for entry in lines(folder / "local/report.jsonl")
    ]
    # What is done is done, wherever: no cluster is begun to find that out.
    command = [*BOKWON, "in", "out", "--cluster", "--address", "local", *TELEA, "--resume"]
    again = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, timeout=60, check=False)
    assert again.returncode == 0
    assert f"{FILES} of {FILES} files were done before" in again.stderr.decode()


PROGRAM = """
import os, re
from pathlib import Path
from bokwon.errors import FileAccessError
from bokwon.batch.cluster import run_on_cluster
from bokwon.utilities.processes import Lost

def start():
    print("noise")
    return work

def work(task):
    begun = Path(f"{task}.begun")
    begun.write_text(begun.read_text() + "x" if begun.exists() else "x")
    if task == 3:
        os._exit(1)
    if task == "hangs":
        re.match(r"(a+)+b", "a" * 60)
    return task * 2, os.getpid()

def cannot_start():
    raise FileAccessError("this node does not see the folder", "mount it")

if __name__ == "__main__":
    import ray
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    found = dict(run_on_cluster(start, range(6), jobs=1))
    assert found.pop(3) is Lost.DIED
    print({task: result[0] for task, result in found.items()})
    print(len({result[1] for result in found.values()}))
    found = dict(run_on_cluster(start, ["hangs", 7], jobs=1, limit=2.0))
    print(found["hangs"], found[7][0])
    try:
        list(run_on_cluster(cannot_start, range(6), jobs=3))
    except FileAccessError as error:
        print(error)
    assert ray.is_initialized()
"""


@pytest.mark.slow
def test_a_task_that_kills_its_actor_twice_or_hangs_is_given_up_and_an_actor_that_cannot_begin_ends_the_run(
    folder: Path, surroundings: dict[str, str]
) -> None:
    (folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, "program.py"]
    done = subprocess.run(
        command, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if "(raylet)" not in line]
    assert said == [
        "{0: 0, 1: 2, 2: 4, 4: 8, 5: 10}",
        # One actor, and the one that was made in its place when the third task killed it for the second time.
        "2",
        "Lost.OVERDUE 14",
        "this node does not see the folder; mount it",
    ]
    assert {path.stem: path.read_text() for path in folder.glob("*.begun")} == {
        "0": "x", "1": "x", "2": "x", "3": "xx", "4": "x", "5": "x", "7": "x", "hangs": "x"
    }  # fmt: skip


def test_an_address_where_no_cluster_is_is_said_at_once(folder: Path, surroundings: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [*BOKWON, "in", "out", "--cluster", "--address", address, *TELEA]
        done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, timeout=60, check=False)
    assert done.returncode == 5
    assert done.stderr.decode().startswith(f"bokwon: error: no Ray cluster answers at {address}: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.slow
def test_a_request_to_end_is_143_and_leaves_nothing_half_written(folder: Path, surroundings: dict[str, str]) -> None:
    command = [*BOKWON, "in", "out", "--cluster", "--address", "local", "-j", "1", *TELEA]
    with subprocess.Popen(command, cwd=folder, env=surroundings, stderr=subprocess.PIPE) as running:
        while not lines(folder / "out/report.jsonl"):
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)
        running.terminate()
        said = running.communicate(timeout=60)[1]
    assert running.returncode == 143
    assert said.splitlines()[-1] == b"bokwon: error: interrupted"
    assert not list((folder / "out").glob(".bokwon-*"))


def test_a_ray_that_refuses_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")

    def refuse(**_: object) -> None:
        raise ValueError("the object store needs more memory\nthan there is")

    monkeypatch.setattr(ray, "init", refuse)
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(FileAccessError, match="Ray refuses to work at local: the object store needs more memory;"):
        list(run_on_cluster(lambda: abs, [1], address="local"))
    assert signal.getsignal(signal.SIGTERM) == handler
