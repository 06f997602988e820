"""Muon: what a step of it does to a kernel, and that a run with it learns, stops and goes on."""

from dataclasses import replace

import pytest
import torch

from bokwon.nn.unet import PConvUNet, UNetConfig
from bokwon.training import checkpoint, loop
from bokwon.training.config import OptimizerConfig
from bokwon.training.muon import Muon, is_hidden_kernel, orthogonal

MUON = OptimizerConfig(name="muon", learning_rate=2e-3, warmup=0, schedule="constant", ema=0.9)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12), (16, 16)])
def test_orthogonal_has_singular_values_near_one_and_the_same_directions(shape):
    torch.manual_seed(0)
    left, values, right = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    values = torch.linspace(1, 0.02, len(values))
    result = orthogonal(left @ torch.diag(values) @ right)
    found = torch.diag(left.T @ result @ right.T)
    assert ((found > 0.6) & (found < 1.3)).all()
    torch.testing.assert_close(left @ torch.diag(found) @ right, result, atol=1e-4, rtol=0)


def test_orthogonal_leaves_zero_and_the_type():
    assert not orthogonal(torch.zeros(3, 5)).any()
    assert orthogonal(torch.ones(3, 5, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_a_step_moves_kernels_along_all_directions_and_the_rest_as_adamw():
    torch.manual_seed(0)
    kernel, bias = torch.randn(10, 12, 3, 3), torch.randn(10)
    pushes = [(torch.randn_like(kernel), torch.randn_like(bias)) for _ in range(3)]
    parameters = [torch.nn.Parameter(kernel.clone()), torch.nn.Parameter(bias.clone())]
    twin = torch.nn.Parameter(bias.clone())
    muon = Muon(parameters, 0.01, weight_decay=0.1)
    adamw = torch.optim.AdamW([twin], 0.01, weight_decay=0.1)
    for push_kernel, push_bias in pushes:
        before = parameters[0].detach().clone()
        parameters[0].grad, parameters[1].grad, twin.grad = push_kernel, push_bias, push_bias
        muon.step()
        adamw.step()
        moved = before * (1 - 0.01 * 0.1) - parameters[0].detach()
        values = torch.linalg.svdvals(moved.flatten(1)) / (0.01 * 0.2 * (12 * 9) ** 0.5)
        assert ((values > 0.6) & (values < 1.3)).all()
    torch.testing.assert_close(parameters[1], twin)


def test_what_has_no_gradient_stays():
    kernel, bias = torch.nn.Parameter(torch.ones(9, 9, 1, 1)), torch.nn.Parameter(torch.ones(3))
    muon = Muon([kernel, bias], 0.1, weight_decay=0.5)
    bias.grad = torch.ones(3)
    assert muon.step(lambda: 7.0) == 7.0
    assert (kernel == 1).all()
    assert (bias < 1).all()


def test_layers_that_touch_the_image_are_left_to_adamw():
    network = PConvUNet(levels=4, width=16, base="pullpush")
    names = {name for name, weight in network.named_parameters() if is_hidden_kernel(weight)}
    assert names == {f"encoder.{i}.conv.weight" for i in (1, 2, 3)} | {f"decoder.{i}.conv.weight" for i in (0, 1, 2)}


def test_a_run_goes_on_as_if_unbroken_and_moves_all_weights(tiny, tmp_path):
    config = tiny(steps=6, optimizer=MUON, network=UNetConfig(levels=3, width=12))
    loop.train(config, tmp_path / "whole")
    loop.train(replace(config, steps=3), tmp_path / "broken")
    loop.train(config, tmp_path / "broken", resume=True)
    whole, broken = (checkpoint.read(tmp_path / name / "step_000006")[1] for name in ("whole", "broken"))
    earlier = checkpoint.read(tmp_path / "broken" / "step_000003")[1]
    for name, weight in whole.items():
        torch.testing.assert_close(broken[name], weight, rtol=0, atol=0)
        assert not name.endswith("conv.weight") or not torch.equal(weight, earlier[name]), name
