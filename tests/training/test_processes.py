"""Two processes (gloo) against one with the doubled batch, started as the documentation says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bokwon.training import checkpoint

BIN = Path(sys.executable).parent

# Batch normalisation in eval mode: in training each process has statistics of its own images.
PROGRAM = """
import json, sys
import torch
from bokwon.nn.unet import PConvUNet
from bokwon.training import loop
from bokwon.training.config import *
from bokwon.nn.unet import UNetConfig

PConvUNet.train = lambda self, mode=True: torch.nn.Module.train(self, False)
out, images, batch = sys.argv[1:]
torch.set_num_threads(1)
config = TrainConfig(
    network=UNetConfig(levels=3, width=4),
    data=DataConfig(images=(images,), crop=32, workers=0),
    loss=LossConfig(features="none"),
    optimizer=OptimizerConfig(name="adam", learning_rate=2e-3, warmup=0, schedule="constant", ema=0.0),
    finetune=FinetuneConfig(steps=2),
    steps=2, batch=int(batch), precision="fp32", tensorboard=False, save_every=1, keep=9,
)
from pathlib import Path
loop.train(config, Path(out))
"""


def _start(command, tmp_path, pictures, out, batch):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [*command, str(program), str(tmp_path / out), str(pictures), str(batch)],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true"},
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / out / "log.jsonl").read_text().splitlines()]
    steps = [checkpoint.read(tmp_path / out / f"step_{step:06d}") for step in (1, 2, 3, 4)]
    return lines, steps


@pytest.mark.slow
def test_two_processes_are_one_with_the_doubled_batch(tmp_path, pictures):
    one, alone = _start([sys.executable], tmp_path, pictures, "one", 4)
    starters = {
        "torchrun": [str(BIN / "torchrun"), "--standalone", "--nproc-per-node", "2"],
        "accelerate": [
            str(BIN / "accelerate"),
            "launch",
            "--multi_gpu",
            "--num_processes",
            "2",
            "--num_machines",
            "1",
            "--mixed_precision",
            "no",
            "--dynamo_backend",
            "no",
            "--main_process_port",
            "0",
        ],
    }
    for name, command in starters.items():
        two, together = _start(command, tmp_path, pictures, name, 2)
        assert [line["phase"] for line in two] == [1, 1, 2, 2]
        for left, right in zip(one, two, strict=True):
            assert right["loss"] == pytest.approx(left["loss"], rel=1e-5)
            assert right["gradient"] == pytest.approx(left["gradient"], rel=1e-4)
        assert together[0][0]["processes"] == 2
        assert together[0][0]["images_seen"] == alone[0][0]["images_seen"] == 4
        # Adam's first moment after one step is a tenth of the gradient.
        gradients = [step[0][2]["optimizer"]["state"] for step in (alone, together)]
        for key, state in gradients[0].items():
            torch.testing.assert_close(gradients[1][key]["exp_avg"], state["exp_avg"], atol=1e-7, rtol=1e-4)
        for expected, got in zip(alone, together, strict=True):
            for key, value in expected[1].items():
                torch.testing.assert_close(got[1][key], value, atol=2e-5, rtol=1e-4)
