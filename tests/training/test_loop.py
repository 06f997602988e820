"""Whole runs of a few steps, in this process."""

import json
import math
from dataclasses import replace

import pytest
import torch

from bokwon.errors import ArgumentError, BokwonError, InputFileError, OutputExistsError
from bokwon.nn.unet import PConvUNet, UNetConfig
from bokwon.training import checkpoint, loop
from bokwon.training.config import FinetuneConfig, OptimizerConfig
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


def test_an_ordinary_network_trains_too(tiny, tmp_path):
    folder = loop.train(tiny(network=UNetConfig(levels=3, width=4, layer="conv"), steps=3), tmp_path / "run")
    assert checkpoint.load_network(folder)[0].config.layer == "conv"


def test_region_normalisation_trains_in_two_phases_and_resumes(tiny, tmp_path):
    shape = UNetConfig(levels=3, width=4, norm="region")
    config = tiny(network=shape, steps=3, finetune=FinetuneConfig(steps=2))
    whole = loop.train(config, tmp_path / "whole")
    assert checkpoint.load_network(whole)[0].config.norm == "region"
    loop.train(replace(config, steps=2, finetune=FinetuneConfig()), tmp_path / "parts")
    resumed = loop.train(config, tmp_path / "parts", resume=True)
    for name, value in _weights(whole).items():
        assert torch.equal(_weights(resumed)[name], value), name
    with pytest.raises(InputFileError, match=r"network\.norm"):
        loop.train(replace(config, network=replace(shape, norm="batch")), tmp_path / "parts", resume=True)


def test_bfloat16_trains_and_keeps_float32_weights(tiny, tmp_path):
    folder = loop.train(tiny(precision="bf16", steps=3), tmp_path / "run")
    assert all(math.isfinite(line["loss"]) for line in _lines(tmp_path / "run"))
    assert _weights(folder)["encoder.1.conv.weight"].dtype == torch.float32
    assert checkpoint.read(folder)[0]["precision"] == "bf16"


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
