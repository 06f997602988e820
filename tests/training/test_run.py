"""What a run starts from, averages, saves and goes back to."""

import json
import math
import shutil
from dataclasses import replace

import pytest
import torch

from bokwon.errors import BokwonError, FileAccessError, InputFileError
from bokwon.nn.unet import PConvUNet, UNetConfig
from bokwon.training import checkpoint, loop
from bokwon.training.accelerator import make_accelerator
from bokwon.training.config import OptimizerConfig
from bokwon.training.run import Run


def _lines(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def _weights(folder):
    return checkpoint.read(folder)[1]


def test_a_run_starts_from_given_weights_and_a_fresh_optimiser(tiny, tmp_path, caplog):
    first = loop.train(tiny(steps=3), tmp_path / "first")
    # So small a rate moves nothing that float32 can hold.
    still = replace(tiny(steps=2, init=str(tmp_path / "first")), optimizer=OptimizerConfig("adam", 1e-30, ema=0.9))
    with caplog.at_level("INFO"):
        second = loop.train(still, tmp_path / "second")
    assert f"started from {tmp_path / 'first'}" in caplog.text
    before, after = _weights(first), _weights(second)
    for name in before:
        if "running" not in name and "num_batches" not in name:
            torch.testing.assert_close(after[name], before[name], rtol=1e-6, atol=1e-7)
    # What is resumed needs the first weights no more.
    shutil.rmtree(tmp_path / "first")
    loop.train(replace(still, steps=3), tmp_path / "second", resume=True)
    with pytest.raises(FileAccessError, match="first"):
        loop.train(still, tmp_path / "third")


def test_weights_of_pullpush_are_a_start_for_a_membrane_and_not_the_other_way_round(tiny, tmp_path):
    def over(base, out, **options):
        config = tiny(steps=1, **options)
        return loop.train(replace(config, network=UNetConfig(levels=4, width=4, base=base)), tmp_path / out)

    over("pullpush", "first")
    over("membrane", "second", init=str(tmp_path / "first"))
    with pytest.raises(InputFileError, match=r"another network.*membrane.*pullpush"):
        over("pullpush", "third", init=str(tmp_path / "second"))
    with pytest.raises(InputFileError, match=r"another network"):
        over("lowpass", "fourth", init=str(tmp_path / "first"))


def test_weights_of_another_network_are_no_start(tiny, tmp_path):
    loop.train(tiny(steps=1), tmp_path / "first")
    config = tiny(steps=1, init=str(tmp_path / "first"))
    wider = replace(config, network=replace(config.network, width=config.network.width * 2))
    with pytest.raises(InputFileError, match=r"another network.*width"):
        loop.train(wider, tmp_path / "second")


def test_the_average_is_what_is_saved(tiny, tmp_path):
    folder = loop.train(tiny(steps=5), tmp_path / "run")
    _, averaged, state = checkpoint.read(folder)
    assert state["averaged"] == 5
    name = "encoder.1.conv.weight"
    assert not torch.equal(averaged[name], state["network"][name])
    config = tiny(steps=5)
    folder = loop.train(replace(config, optimizer=replace(config.optimizer, ema=0.0)), tmp_path / "last")
    _, averaged, state = checkpoint.read(folder)
    torch.testing.assert_close(averaged[name], state["network"][name], atol=0, rtol=0)


def test_the_moving_average_is_worked_out_by_hand(tiny):
    run = Run(tiny(), make_accelerator("fp32"))
    name = "encoder.0.conv.bias"
    values = []
    for value in (1.0, 2.0, 4.0):
        run.network.get_parameter(name).data.fill_(value)
        run.average.update_parameters(run.network)
        values.append(run.average.module.get_parameter(name)[0].item())
    # The first is copied; then the average keeps (1 + 1) / (10 + 1) and (1 + 2) / (10 + 2) of itself.
    second = 1 * 2 / 11 + 2 * 9 / 11
    assert values == pytest.approx([1, second, second * 0.25 + 4 * 0.75])


def test_checkpoints_of_another_run_are_refused_with_the_reason(tiny, tmp_path):
    loop.train(tiny(steps=1), tmp_path / "run")
    with pytest.raises(InputFileError, match=r"network\.width: 4 -> 5"):
        loop.train(tiny(network=UNetConfig(levels=3, width=5), steps=2), tmp_path / "run", resume=True)
    with pytest.raises(InputFileError, match=r"optimizer\.name: adam -> adamw"):
        loop.train(tiny(optimizer=OptimizerConfig(name="adamw"), steps=2), tmp_path / "run", resume=True)
    state = checkpoint.read(tmp_path / "run" / "step_000001")[2]
    del state["optimizer"]
    checkpoint.save(tmp_path / "run" / "step_000001", PConvUNet(levels=3, width=4), _description(tmp_path), state)
    with pytest.raises(InputFileError, match="optimizer"):
        loop.train(tiny(steps=2), tmp_path / "run", resume=True)


def _description(tmp_path, step=1):
    description = checkpoint.read(tmp_path / "run" / f"step_{step:06d}")[0]
    return {name: value for name, value in description.items() if name not in ("network", "sha256")}


def test_a_checkpoint_of_an_optimiser_in_single_steps_is_gone_on_from(tiny, tmp_path):
    # Until fused ones were there, runs were saved with this.
    folder = loop.train(tiny(steps=2), tmp_path / "run")
    whole = loop.train(tiny(steps=4), tmp_path / "run", resume=True)
    _, _, state = checkpoint.read(folder)
    for group in state["optimizer"]["param_groups"]:
        group["fused"] = None
    other = tmp_path / "other"
    checkpoint.save(other / "step_000002", checkpoint.load_network(folder)[0], _description(tmp_path, 2), state)
    resumed = loop.train(tiny(steps=4), other, resume=True)
    for name, value in _weights(whole).items():
        torch.testing.assert_close(_weights(resumed)[name], value, atol=1e-5, rtol=1e-4)


def test_a_checkpoint_from_before_a_setting_was_known_is_gone_on_from(tiny, tmp_path):
    last = loop.train(tiny(steps=2), tmp_path / "run")
    description = json.loads((last / "config.json").read_text())
    for name in ("mean", "std", "head"):
        del description["network"][name]
        del description["training"]["network"][name]
    (last / "config.json").write_text(json.dumps(description))
    assert loop.train(tiny(steps=3), tmp_path / "run", resume=True).name == "step_000003"
    with pytest.raises(InputFileError, match=r"network\.head"):
        loop.train(tiny(steps=4, network=UNetConfig(levels=3, width=4, head="tanh")), tmp_path / "run", resume=True)


def test_other_changes_are_told_when_a_run_resumes(tiny, tmp_path, caplog):
    loop.train(tiny(steps=1), tmp_path / "run")
    with caplog.at_level("INFO"):
        loop.train(tiny(steps=2), tmp_path / "run", resume=True)
    assert "changed since the checkpoint: steps: 1 -> 2" in caplog.messages


def test_weights_that_overflow_are_not_saved(tiny, tmp_path):
    config = tiny(steps=5, save_every=1, keep=9, optimizer=OptimizerConfig(name="adam", learning_rate=1e36, warmup=0))
    with pytest.raises(BokwonError, match="finite"):
        loop.train(config, tmp_path / "run")
    good = tiny(steps=5)
    loop.train(good, tmp_path / "run", resume=True)
    assert all(math.isfinite(line["loss"]) for line in _lines(tmp_path / "run"))
