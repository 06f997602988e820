"""Where and how precisely a run computes."""

import pytest
import torch

from bokwon.errors import ArgumentError, BokwonError
from bokwon.training.accelerator import make_accelerator, resolve_precision


def test_precision_is_chosen_by_the_device(monkeypatch):
    monkeypatch.delenv("ACCELERATE_MIXED_PRECISION", raising=False)
    for unit, expected in (("amx_bf16", "bf16"), ("avx512_bf16", "bf16"), ("avx512_f", "fp32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda unit=unit: {unit: True}, raising=False)
        assert resolve_precision("auto", "cpu") == expected
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    assert resolve_precision("auto", "cpu") == "bf16"
    assert resolve_precision("fp32", "cpu") == "fp32"
    assert resolve_precision("fp16", "cuda") == "fp16"
    with pytest.raises(ArgumentError, match="GPU"):
        resolve_precision("fp16", "cpu")


def test_one_process_works_alone(monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    accelerator = make_accelerator("fp32")
    assert (accelerator.num_processes, accelerator.device.type, accelerator.mixed_precision) == (1, "cpu", "no")
    assert make_accelerator("bf16").mixed_precision == "bf16"


def test_processes_that_do_not_find_each_other_are_named(monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    make_accelerator("fp32")
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(BokwonError, match="4 processes were started, but 1"):
        make_accelerator("fp32")
