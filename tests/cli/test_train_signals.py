"""`bokwon train` and signals to its whole process group, as `timeout`, systemd and batch systems send them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="training needs PyTorch, which is in bokwon[train]")

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no process groups")

TINY = ["--preset", "paper", "--threads", "1"]
for setting in (
    "network.levels=3",
    "network.width=4",
    "data.crop=32",
    "precision=fp32",
    "tensorboard=false",
    'loss.features="none"',
    "steps=100000",
    "save_every=100000",
    "batch=2",
):
    TINY += ["--set", setting]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(3):
        small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(small).resize((64, 64), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


def steps_of(out):
    path = out / "log.jsonl"
    return path.read_text().splitlines() if path.exists() else []


def heed_signals():
    """Undo `nohup` and the like: a process that is started with an ignored signal goes on ignoring it."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def interrupt_group(command, out, number):
    """Start a command in a process group of its own and send the group a signal once five steps are made."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true"}
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=True,
        preexec_fn=heed_signals,
    )
    try:
        deadline = time.monotonic() + 200
        while process.poll() is None and time.monotonic() < deadline and len(steps_of(out)) < 5:
            time.sleep(0.02)
        assert process.poll() is None, process.stderr.read()
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, errors


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "workers", "code"),
    [(signal.SIGTERM, 0, 143), (signal.SIGTERM, 2, 143), (signal.SIGINT, 2, 130), (signal.SIGHUP, 2, 129)],
)
def test_a_signal_to_the_group_saves_a_checkpoint(tmp_path, pictures, number, workers, code):
    out = tmp_path / "run"
    command = [sys.executable, "-m", "bokwon", "train", *TINY, "-q", "--images", str(pictures), "--out", str(out)]
    left, errors = interrupt_group([*command, "--set", f"data.workers={workers}"], out, number)
    assert (left, errors.strip()) == (code, "bokwon: error: interrupted")
    last = json.loads(steps_of(out)[-1])["step"]
    assert [path.name for path in out.glob("step_*")] == [f"step_{last:06d}"]


@pytest.mark.slow
def test_workers_leave_with_a_run_that_is_killed(tmp_path, pictures):
    out = tmp_path / "run"
    command = [sys.executable, "-m", "bokwon", "train", *TINY, "-q", "--images", str(pictures), "--out", str(out)]
    process = subprocess.Popen([*command, "--set", "data.workers=2"], start_new_session=True)
    try:
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline and len(steps_of(out)) < 5:
            time.sleep(0.02)
        process.kill()
        process.wait()
        while time.monotonic() < deadline and is_alive(process.pid):
            time.sleep(0.02)
        assert not is_alive(process.pid)
    finally:
        if is_alive(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


def is_alive(group):
    """Whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_every_process_of_torchrun_stops_after_one_checkpoint(tmp_path, pictures):
    out = tmp_path / "run"
    start = [str(Path(sys.executable).parent / "torchrun"), "--standalone", "--nproc-per-node", "2"]
    command = [*start, "-m", "bokwon", "train", *TINY, "--images", str(pictures), "--out", str(out)]
    left, errors = interrupt_group([*command, "--set", "data.workers=2"], out, signal.SIGTERM)
    # That of torchrun itself, whatever its processes end with.
    assert left != 0
    last = json.loads(steps_of(out)[-1])["step"]
    assert [path.name for path in out.glob("step_*")] == [f"step_{last:06d}"], errors
    assert errors.count("bokwon: error: interrupted") == 2, errors
    assert "unexpected" not in errors
