"""The optimiser Muon, for the kernels of convolutions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Muon"]

_QUINTIC = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5
_FEW = 8
"""A kernel with at most this many channels on one side reads or writes the image."""


class Muon(torch.optim.Optimizer):
    """Updates kernels by steps with nearly equal singular values, and other parameters as AdamW does.

    A step of AdamW on a trained network is dominated by a few directions of each kernel; here all directions take
    part. `torch.optim.Muon` supports matrices only; here a kernel (O, I, h, w) is the matrix (O, I h w).

    Args:
        parameters: Of a network. Kernels are those of four dimensions between features; biases, normalisation and the
            layers that read or write the image, with up to 8 channels on one side, are the rest.
        learning_rate: Of both. The step of a kernel has about the root mean square of one of AdamW's.
        weight_decay: Of both, decoupled.
        momentum: Of the kernels' gradients.
        fused: As `torch.optim.AdamW` takes it, for the others.

    Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024; the length of the step:
        Liu et al., "Muon is Scalable for LLM Training", 2025, section 2.2.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float,
        *,
        weight_decay: float = 0.0,
        momentum: float = 0.95,
        fused: bool | None = None,
    ) -> None:
        kernels: list[Tensor] = []
        others: list[Tensor] = []
        for parameter in parameters:
            (kernels if is_hidden_kernel(parameter) else others).append(parameter)
        self._rest = torch.optim.AdamW(others, learning_rate, weight_decay=weight_decay, fused=fused)
        defaults = {"lr": learning_rate, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__([{"params": kernels}, *self._rest.param_groups], defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move all parameters that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        group, *rest = self.param_groups
        for kernel in group["params"]:
            gradient = kernel.grad
            if gradient is None:
                continue
            state = self.state[kernel]
            if not state:
                state["momentum_buffer"] = torch.zeros_like(gradient)
            average = state["momentum_buffer"].lerp_(gradient, 1 - group["momentum"])
            step = orthogonal(gradient.lerp(average, group["momentum"]).flatten(1))
            kernel.mul_(1 - group["lr"] * group["weight_decay"])
            kernel.sub_(step.view(kernel.shape), alpha=0.2 * max(step.shape) ** 0.5 * group["lr"])
        # The two share one state, so that it is saved and loaded as a whole; loading puts new objects in place.
        self._rest.param_groups, self._rest.state = rest, self.state
        self._rest.step()
        return loss


def orthogonal(matrix: Tensor) -> Tensor:
    """Bring all singular values of a matrix near 1, by five Newton-Schulz steps.

    Args:
        matrix: (M, N).

    Returns:
        (M, N), singular values from about 0.7 to 1.2; those below a thousandth of the largest are smaller. Zero stays
        zero.

    Source: Jordan et al. 2024.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    result = matrix.float().T if tall else matrix.float()
    result = result / (result.norm() + 1e-7)
    a, b, c = _QUINTIC
    for _ in range(_ROUNDS):
        gram = result @ result.T
        result = torch.addmm(result, torch.addmm(gram, gram, gram, beta=b, alpha=c), result, beta=a)
    return (result.T if tall else result).to(matrix.dtype)


def is_hidden_kernel(weight: Tensor) -> bool:
    """Return whether a weight is a kernel that reads and writes features, not the image: what `Muon` is for."""
    return weight.ndim == 4 and min(weight.shape[:2]) > _FEW
