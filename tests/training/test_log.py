"""What a run leaves behind for people."""

import json

import pytest
import torch

from bokwon.nn.unet import PConvUNet
from bokwon.training import loop
from bokwon.training.log import layer_masks


def _lines(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_every_layer_s_mask_is_collected():
    network = PConvUNet(levels=3, width=4)
    valid = torch.ones(1, 1, 32, 32)
    valid[..., 0:30, 0:30] = 0
    with layer_masks(network) as masks:
        network(torch.rand(1, 3, 32, 32), valid)
    assert [(name, mask.shape[-1]) for name, mask in masks.items()] == [
        ("encoder 1", 16),
        ("encoder 2", 8),
        ("encoder 3", 4),
        ("decoder 1", 8),
        ("decoder 2", 16),
        ("decoder 3", 32),
    ]
    known = [masks[f"encoder {n}"].mean().item() for n in (1, 2, 3)]
    assert known[0] < known[1] < known[2]
    with layer_masks(None) as masks:
        network(torch.rand(1, 3, 32, 32), valid)
    assert masks == {}


def test_tensorboard_gets_scalars_and_pictures(tiny, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    loop.train(tiny(steps=3, tensorboard=True, pictures_every=2), tmp_path / "run")
    events = accumulator.EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    assert {"training/loss", "training/hole", "training/learning_rate", "training/images_per_second"} <= set(
        tags["scalars"]
    )
    assert [event.step for event in events.Scalars("training/loss")] == [1, 2, 3]
    logged = [line["loss"] for line in _lines(tmp_path / "run")]
    assert [event.value for event in events.Scalars("training/loss")] == pytest.approx(logged)
    assert set(tags["images"]) == {"pictures", "masks"}
    assert [event.step for event in events.Images("pictures")] == [1, 2]
    # Two images in rows; input, output, composite and truth, or the input's mask and those of six layers.
    assert _size(events.Images("pictures")[0]) == (4 * 36 + 4, 20 + 2 * 36)
    assert _size(events.Images("masks")[1]) == (7 * 132 + 4, 20 + 2 * 132)


def _size(picture):
    return picture.width, picture.height


def test_a_log_cut_off_by_a_kill_is_mended(tiny, tmp_path):
    loop.train(tiny(steps=2), tmp_path / "run")
    log = tmp_path / "run" / "log.jsonl"
    log.write_text(log.read_text() + '{"step": 3, "loss": 0.1}\n{"step": 4, "lo')
    loop.train(tiny(steps=4), tmp_path / "run", resume=True)
    assert [line["step"] for line in _lines(tmp_path / "run")] == [1, 2, 3, 4]
