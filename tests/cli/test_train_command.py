"""`bokwon train` as it is typed: a run of two phases, interrupted, resumed, exported."""

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

TINY = [
    "--threads",
    "1",
    "-q",
    "--set",
    "network.base=none",
    "--set",
    "network.levels=3",
    "--set",
    "network.width=4",
    "--set",
    "data.crop=32",
    "--set",
    "data.workers=0",
    "--set",
    "precision=fp32",
    "--set",
    "tensorboard=false",
    "--set",
    'loss.features="none"',
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(4):
        small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(small).resize((64, 64), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


def _command(*arguments):
    return [sys.executable, "-m", "bokwon", *map(str, arguments)]


def _run(*arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        _command(*arguments), capture_output=True, text=True, timeout=300, check=False, env=environment
    )


def _lines(out):
    path = out / "log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _figures(out):
    return [{name: value for name, value in line.items() if name != "images_per_second"} for line in _lines(out)]


def _interrupt(out, arguments, step, number):
    """Start a run and send a signal once it has made `step` steps."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(_command(*arguments), stderr=subprocess.PIPE, text=True, env=environment)
    try:
        deadline = time.monotonic() + 200
        while process.poll() is None and time.monotonic() < deadline and len(_lines_or_none(out)) < step:
            time.sleep(0.01)
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, errors


def _lines_or_none(out):
    path = out / "log.jsonl"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.slow
def test_a_run_is_interrupted_resumed_tuned_and_exported(tmp_path, pictures):
    steps = ["--set", "steps=150", "--set", "finetune.steps=50", "--set", "save_every=60", "--set", "batch=4"]
    arguments = ["train", "--preset", "paper", "--images", pictures, *TINY, *steps, "--set", "optimizer.ema=0.5"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    done = _run(*arguments, "--out", whole)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == whole / "step_000200"

    code, errors = _interrupt(parts, [*arguments, "--out", parts], 20, signal.SIGTERM)
    assert code == 143
    assert errors.strip() == "bokwon: error: interrupted"
    stopped = len(_lines(parts))
    assert 20 <= stopped < 150
    saved = sorted({*range(60, stopped + 1, 60), stopped})
    assert sorted(path.name for path in parts.glob("step_*")) == [f"step_{step:06d}" for step in saved]

    code, _ = _interrupt(parts, [*arguments, "--out", parts, "--resume"], stopped + 10, signal.SIGINT)
    assert code == 130
    done = _run(*arguments, "--out", parts, "--resume")
    assert done.returncode == 0, done.stderr
    assert _figures(parts) == _figures(whole)
    for name in ("weights.safetensors", "state.pt"):
        assert (parts / "step_000200" / name).read_bytes() == (whole / "step_000200" / name).read_bytes()

    lines = _lines(whole)
    assert [line["phase"] for line in lines] == [1] * 150 + [2] * 50
    before, after = (sum(line["loss"] for line in part) / 50 for part in (lines[100:150], lines[150:]))
    assert after <= 1.1 * before

    done = _run("export", parts, tmp_path / "model.onnx")
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["trained"]["step"] == 200
    assert card["network"]["levels"] == 3


def test_faults_are_one_line_and_a_documented_code(tmp_path, pictures, capsys):
    from bokwon.cli.main import main

    def fails(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["train", "--out", str(tmp_path / "run"), *map(str, arguments)])
        message = capsys.readouterr().err.strip()
        assert message.startswith("bokwon: error: ")
        assert "\n" not in message
        return left.value.code, message

    assert fails("--preset", "papers")[0] == 1
    code, message = fails("--set", "steps")
    assert (code, "--set key=value" in message) == (1, True)
    assert fails(tmp_path / "none.toml")[0] == 5
    (tmp_path / "bad.toml").write_text("=")
    assert fails(tmp_path / "bad.toml")[0] == 2
    code, message = fails("--images", tmp_path / "nowhere", *TINY)
    assert (code, "nowhere" in message) == (5, True)
    code, message = fails("--images", "imagenet", "--set", f"data.root={tmp_path}", *TINY)
    assert (code, "image-net.org" in message) == (5, True)
    code, message = fails(
        "--images", pictures, *TINY, "--set", "loss.features=vgg19", "--set", "loss.features_file=no.pt"
    )
    assert (code, "no.pt" in message) == (5, True)
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_refused_and_a_run_not_overwritten(tmp_path, pictures, capsys):
    from bokwon.cli.main import main

    arguments = ["train", "--images", str(pictures), *TINY, "--set", "network.base=none", "--set", "batch=2"]
    arguments += ["--out", str(tmp_path / "run"), "--set", "loss.features_from=0.0"]
    for more, expected in ((["--set", "steps=2"], 0), (["--set", "steps=4"], 6), (["--set", "steps=4", "--resume"], 0)):
        with pytest.raises(SystemExit) as left:
            main([*arguments, *more])
        assert left.value.code == expected, capsys.readouterr().err
    path = tmp_path / "run" / "step_000004" / "state.pt"
    path.write_bytes(path.read_bytes()[:-50])
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([*arguments, "--set", "steps=6", "--resume"])
    assert left.value.code == 2
    message = capsys.readouterr().err
    assert "state.pt is damaged" in message
    assert "sha256" in message


def test_training_starts_from_a_shipped_model(tmp_path, pictures, call):
    small = ["--threads", "1", "-q", "--set", "data.crop=128", "--set", "data.workers=0", "--set", "precision=fp32"]
    few = ["--set", "tensorboard=false", "--set", "steps=1", "--set", "batch=2"]
    done = _run("train", "--init", "document", "--images", pictures, "--out", tmp_path / "run", *small, *few)
    assert done.returncode == 0, done.stderr
    card = json.loads((Path(done.stdout.strip()) / "config.json").read_text())
    assert card["training"]["init"].endswith("document.onnx")
    done = call("train", "--init", "photo", "--images", pictures, "--out", tmp_path / "other", *small, *few)
    assert done.returncode == 2
    assert "network.base" in done.stderr


def test_weights_are_downloaded_only_when_the_data_is_there(tmp_path, pictures, capsys, monkeypatch):
    import torch

    from bokwon.cli.main import main

    asked = []

    def download(url, path, **options):
        asked.append(url)
        raise OSError("no network here")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    features = ["--set", "loss.features=vgg16", "--out", str(tmp_path / "run")]
    for images, code, downloads in ((tmp_path / "nowhere", 5, 0), (pictures, 5, 1)):
        with pytest.raises(SystemExit) as left:
            main(["train", "--images", str(images), *TINY, *features])
        assert (left.value.code, len(asked)) == (code, downloads), capsys.readouterr().err


def test_no_progress_is_shown_before_the_first_step(tmp_path, pictures):
    shown = [argument for argument in TINY if argument != "-q"]
    # A terminal, as far as the progress bar is concerned.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "FORCE_COLOR": "1", "COLUMNS": "120"}
    for images, code, seen in ((tmp_path / "nowhere", 5, False), (pictures, 0, True)):
        command = _command("train", "--images", images, *shown, "--set", "steps=2", "--out", tmp_path / "run")
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
        assert done.returncode == code, done.stderr
        assert ("images/s" in done.stderr) == seen
        assert "nan" not in done.stderr
