"""Device, precision and processes of a run, through accelerate."""

from __future__ import annotations

import os

import torch
from accelerate import Accelerator, PartialState
from accelerate.state import AcceleratorState

from bokwon.errors import ArgumentError, BokwonError

__all__ = ["make_accelerator", "resolve_precision"]

_NAMES = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


def make_accelerator(precision: str) -> Accelerator:
    """Join the processes that `accelerate launch` or `torchrun` started, or work alone.

    Args:
        precision: "auto", "bf16", "fp16" or "fp32".

    Returns:
        The accelerator.

    Raises:
        ArgumentError: If the device cannot compute in this precision.
        BokwonError: If the processes do not find each other.
    """
    # Without this flag, accelerate does not join processes that have no GPU.
    cpu = _on_cpu()
    state = PartialState(cpu=cpu)
    if int(os.environ.get("WORLD_SIZE", "1")) != state.num_processes:
        raise BokwonError(
            f"{os.environ['WORLD_SIZE']} processes were started, but {state.num_processes} found each other",
            "start them with `accelerate launch` or `torchrun`, see docs/research/training.md",
        )
    # One process may train twice, but accelerate remembers the precision of the first time.
    AcceleratorState._reset_state()
    return Accelerator(cpu=cpu, mixed_precision=_NAMES[resolve_precision(precision, state.device.type)])


def resolve_precision(precision: str, device: str = "cpu") -> str:
    """Choose the precision that is fast here.

    Args:
        precision: "auto", "bf16", "fp16" or "fp32".
        device: Type of the device, "cpu" or "cuda" for example.

    Returns:
        "bf16", "fp16" or "fp32". For "auto", what `accelerate launch --mixed_precision` says, else bfloat16 where the
        device has units for it. On processors these are AMX or AVX-512 BF16: without them it is emulated, and slower
        than float32.

    Raises:
        ArgumentError: For float16 on a processor, whose gradients would underflow unscaled.
    """
    if precision == "auto":
        launched = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
        precision = launched if launched in ("bf16", "fp16") else "bf16" if _has_bfloat16(device) else "fp32"
    if precision == "fp16" and device == "cpu":
        raise ArgumentError("precision fp16 needs a GPU", "set precision=bf16 or precision=fp32")
    return precision


def _on_cpu() -> bool:
    if os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes"):
        return True
    other = torch.cuda.is_available() or torch.backends.mps.is_available() or torch.xpu.is_available()
    return not other


def _has_bfloat16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return device == "cpu" and any(capabilities.get(unit, False) for unit in ("amx_bf16", "avx512_bf16"))
