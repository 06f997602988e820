"""Whole runs of a few steps, in this process."""

import json
import math
import shutil
from dataclasses import replace

import pytest
import torch

from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError, OutputExistsError
from bokwon.nn.unet import PConvUNet, UNetConfig
from bokwon.training import checkpoint, loop
from bokwon.training.accelerator import make_accelerator, resolve_precision
from bokwon.training.config import FinetuneConfig, OptimizerConfig
from bokwon.training.log import layer_masks
from bokwon.training.run import Run


def _lines(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def _figures(out):
    """What has to be the same in two runs that are the same."""
    return [{name: value for name, value in line.items() if name != "images_per_second"} for line in _lines(out)]


def _weights(folder):
    return checkpoint.read(folder)[1]


def test_training_lowers_the_loss_and_logs_every_term(tiny, tmp_path):
    told = []
    config = tiny(steps=40, save_every=15, keep=2)
    last = loop.train(config, tmp_path / "run", progress=lambda step, figures: told.append((step, figures["loss"])))
    lines = _lines(tmp_path / "run")
    assert [line["step"] for line in lines] == list(range(1, 41)) == [step for step, _ in told]
    assert set(lines[0]) >= {"loss", "valid", "hole", "tv", "gradient", "learning_rate", "phase", "images_per_second"}
    early, late = (sum(line["loss"] for line in part) for part in (lines[:10], lines[-10:]))
    assert late < 0.7 * early
    assert sorted(path.name for path in last.parent.glob("step_*")) == ["step_000030", "step_000040"]
    network, description = checkpoint.load_network(tmp_path / "run")
    assert description["images_seen"] == 80
    assert network.config == config.network


def test_a_run_of_some_minutes_ends_by_the_clock_with_the_rate_near_zero(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(Run, "lap", lambda run: 0.5)
    config = tiny(steps=1000, minutes=0.1)
    config = replace(config, optimizer=replace(config.optimizer, schedule="cosine"))
    last = loop.train(config, tmp_path / "run")
    assert last.name == "step_000012"
    rates = [line["learning_rate"] for line in _lines(tmp_path / "run")]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.02 * rates[0]
    # What was taken counts when the run goes on.
    assert loop.train(config, tmp_path / "run", resume=True) == last


def test_phase_two_freezes_the_encoder_s_normalisation_and_lowers_the_rate(tiny, tmp_path):
    config = tiny(steps=4, finetune=FinetuneConfig(steps=3, learning_rate=1e-4), save_every=4, keep=9)
    config = replace(config, optimizer=replace(config.optimizer, ema=0.0))
    last = loop.train(config, tmp_path / "run")
    assert [line["phase"] for line in _lines(tmp_path / "run")] == [1] * 4 + [2] * 3
    assert [line["learning_rate"] for line in _lines(tmp_path / "run")] == [2e-3] * 4 + [1e-4] * 3
    before, after = _weights(last.with_name("step_000004")), _weights(last)
    for name in before:
        same = torch.equal(before[name], after[name])
        assert same == (name.startswith("encoder") and ".norm." in name), name


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


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_resumed_run_is_the_unbroken_one_bit_for_bit(tiny, tmp_path, accumulate):
    """Stopped in phase 1 and again in phase 2."""
    config = tiny(
        steps=5,
        finetune=FinetuneConfig(steps=4),
        accumulate=accumulate,
        save_every=3,
        keep=9,
        optimizer=OptimizerConfig(learning_rate=2e-3, warmup=3, ema=0.9),
    )
    whole = loop.train(config, tmp_path / "whole")

    for stop in (2, 7):

        def interrupt(step, figures, stop=stop):
            if step == stop:
                signal_self()

        with pytest.raises(KeyboardInterrupt):
            loop.train(config, tmp_path / "parts", resume=True, progress=interrupt)
    parts = loop.train(config, tmp_path / "parts", resume=True)
    assert _figures(tmp_path / "whole") == _figures(tmp_path / "parts")
    assert whole.name == parts.name == "step_000009"
    for one, other in zip(checkpoint.read(whole)[1:], checkpoint.read(parts)[1:], strict=True):
        _assert_same(one, other)


def signal_self():
    import os
    import signal

    os.kill(os.getpid(), signal.SIGTERM)


def _assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            _assert_same(one[key], other[key])
    elif isinstance(one, list):
        for left, right in zip(one, other, strict=True):
            _assert_same(left, right)
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    else:
        assert one == other


def test_gradient_accumulation_is_a_larger_batch(tiny, tmp_path, monkeypatch):
    # With batch statistics of their own, halves of a batch are not the whole.
    monkeypatch.setattr(PConvUNet, "train", lambda self, mode=True: torch.nn.Module.train(self, False))
    one = loop.train(tiny(steps=3, batch=4), tmp_path / "one")
    two = loop.train(tiny(steps=3, batch=2, accumulate=2), tmp_path / "two")
    for left, right in zip(_lines(tmp_path / "one"), _lines(tmp_path / "two"), strict=True):
        assert left["loss"] == pytest.approx(right["loss"], rel=1e-5)
    for name, value in _weights(one).items():
        torch.testing.assert_close(_weights(two)[name], value, atol=1e-5, rtol=1e-4)


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


def test_an_ordinary_network_trains_too(tiny, tmp_path):
    folder = loop.train(tiny(network=UNetConfig(levels=3, width=4, layer="conv"), steps=3), tmp_path / "run")
    assert checkpoint.load_network(folder)[0].config.layer == "conv"


def test_bfloat16_trains_and_keeps_float32_weights(tiny, tmp_path):
    folder = loop.train(tiny(precision="bf16", steps=3), tmp_path / "run")
    assert all(math.isfinite(line["loss"]) for line in _lines(tmp_path / "run"))
    assert _weights(folder)["encoder.1.conv.weight"].dtype == torch.float32
    assert checkpoint.read(folder)[0]["precision"] == "bf16"


def test_precision_is_chosen_by_the_device(monkeypatch):
    monkeypatch.delenv("ACCELERATE_MIXED_PRECISION", raising=False)
    for has in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has=has: {"amx_bf16": has}, raising=False)
        assert resolve_precision("auto", "cpu") == ("bf16" if has else "fp32")
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    assert resolve_precision("auto", "cpu") == "bf16"
    assert resolve_precision("fp32", "cpu") == "fp32"
    assert resolve_precision("fp16", "cuda") == "fp16"
    with pytest.raises(ArgumentError, match="GPU"):
        resolve_precision("fp16", "cpu")


def test_a_run_is_not_overwritten(tiny, tmp_path):
    loop.train(tiny(steps=1), tmp_path / "run")
    with pytest.raises(OutputExistsError, match="step_000001"):
        loop.train(tiny(steps=2), tmp_path / "run")


def test_a_finished_run_resumes_to_its_end(tiny, tmp_path):
    loop.train(tiny(steps=2), tmp_path / "run")
    assert loop.train(tiny(steps=2), tmp_path / "run", resume=True).name == "step_000002"
    assert len(_lines(tmp_path / "run")) == 2
    with pytest.raises(ArgumentError, match="more than the 1"):
        loop.train(tiny(steps=1), tmp_path / "run", resume=True)


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


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_what_is_not_finite_stops_before_the_weights_move(tiny, tmp_path, monkeypatch, what):
    config = tiny(steps=9, save_every=2, keep=9, seed=5)
    calls = []

    class Failing(loop.Objective):
        def __call__(self, step, output, truth, valid):
            total, terms = super().__call__(step, output, truth, valid)
            calls.append(step)
            if step == 4:
                # NaN itself, or a finite loss whose gradient is infinite.
                total = total * math.nan if what == "loss" else total + (output * 0).abs().sqrt().sum()
            return total, terms

    monkeypatch.setattr(loop, "Objective", Failing)
    with pytest.raises(BokwonError, match="not finite at step 5") as caught:
        loop.train(config, tmp_path / "run")
    assert caught.value.exit_code == 15
    message = str(caught.value)
    assert what in message
    assert "seed 5, items 8 to 9" in message
    # The weights after step 4 gave it, so the run goes on from those after step 2.
    assert f"last good checkpoint: {tmp_path / 'run' / 'step_000002'}" in message
    assert calls == [0, 1, 2, 3, 4]
    assert (tmp_path / "run" / "step_000004.bad").is_dir()
    monkeypatch.undo()
    loop.train(config, tmp_path / "run", resume=True)
    whole = loop.train(config, tmp_path / "whole")
    assert _figures(tmp_path / "run") == _figures(tmp_path / "whole")
    assert all(value.isfinite().all() for value in _weights(whole).values())


def test_weights_that_overflow_are_not_saved(tiny, tmp_path):
    config = tiny(steps=5, save_every=1, keep=9, optimizer=OptimizerConfig(name="adam", learning_rate=1e36, warmup=0))
    with pytest.raises(BokwonError, match="finite"):
        loop.train(config, tmp_path / "run")
    good = tiny(steps=5)
    loop.train(good, tmp_path / "run", resume=True)
    assert all(math.isfinite(line["loss"]) for line in _lines(tmp_path / "run"))


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
