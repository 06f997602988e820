"""Checkpoints as five other implementations write them, and what these compute with them.

Written from the descriptions of their layers, with `torch.nn.functional` alone. Nothing of bokwon is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

State = dict[str, Tensor]
Forward = Callable[[State, Tensor, Tensor], Tensor]

WIDTH = 4
IMAGENET = (torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))


@dataclass(frozen=True)
class Published:
    """One implementation.

    Attributes:
        state: Tensors with the implementation's names.
        save: Writes them as the implementation does.
        forward: Takes the tensors, an image (N, 3, H, W) in [0, 1] and a mask (N, 1, H, W), 1 where a pixel is known;
            returns the output in [0, 1].
        keys: How many tensors its file has.
    """

    state: State
    save: Callable[[State, Path], None]
    forward: Forward
    keys: int


def _plan(levels: int) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """Return inputs, outputs and kernel of the encoder's layers 1 to L, and of the decoder's, by the same levels."""
    outs = [min(WIDTH * 2**level, 8 * WIDTH) for level in range(levels)]
    ins = [3, *outs[:-1]]
    kernels = [7, 5, 5, *[3] * levels][:levels]
    # Upsampled, what enters has the outputs of the encoder's layer; the last decoder layer makes colours.
    decoder = [(outs[level] + ins[level], ins[level], 3) for level in range(levels)]
    return list(zip(ins, outs, kernels, strict=True)), decoder


def _random(seed: int) -> tuple[Callable[..., Tensor], Callable[[str, int], State]]:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int, spread: float = 0.3) -> Tensor:
        return torch.randn(shape, generator=generator) * spread

    def norm(name: str, channels: int) -> State:
        return {
            f"{name}.weight": torch.rand(channels, generator=generator) + 0.5,
            f"{name}.bias": normal(channels),
            f"{name}.running_mean": normal(channels),
            f"{name}.running_var": torch.rand(channels, generator=generator) * 1.5 + 0.5,
            f"{name}.num_batches_tracked": torch.tensor(7),
        }

    return normal, norm


def _batch_norm(state: State, name: str, x: Tensor, eps: float = 1e-5) -> Tensor:
    parts = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, *parts, eps=eps)


def _unet(
    layer: Callable[[str, Tensor, Tensor, int], tuple[Tensor, Tensor]],
    encoder: str,
    decoder: str,
    levels: int,
    x: Tensor,
    m: Tensor,
) -> Tensor:
    """Run a network whose masks have as many channels as its features.

    `layer` takes a name, made of the pattern `encoder` or `decoder`, features, their masks and the stride.
    """
    kept = [(x, m)]
    for level in range(1, levels + 1):
        x, m = layer(encoder.format(level), x, m, 2)
        x = F.relu(x)
        kept.append((x, m))
    for level in range(levels, 0, -1):
        skip, skip_mask = kept[level - 1]
        x, m = F.interpolate(x, scale_factor=2), F.interpolate(m, scale_factor=2)
        x, m = layer(decoder.format(level), torch.cat([x, skip], 1), torch.cat([m, skip_mask], 1), 1)
        if level > 1:
            x = F.leaky_relu(x, 0.2)
    return x


def _naoto() -> Published:
    """Naoto0804: the sum is divided by the sum of the mask; masks have as many channels as features."""
    normal, norm = _random(1)
    encoder, decoder = _plan(7)
    state: State = {}
    for kind, layers in (("enc", encoder), ("dec", decoder)):
        for level, (ins, outs, k) in enumerate(layers, 1):
            name = f"{kind}_{level}"
            state[f"{name}.conv.input_conv.weight"] = normal(outs, ins, k, k, spread=(ins * k * k) ** 0.5)
            state[f"{name}.conv.mask_conv.weight"] = torch.ones(outs, ins, k, k)
            if kind == "dec" and level == 1:
                state[f"{name}.conv.input_conv.bias"] = normal(outs)
            elif level > 1:
                state |= norm(f"{name}.bn", outs)
    return Published(state, lambda state, path: torch.save({"n_iter": 5, "model": state}, path), _naoto_forward, 89)


def _naoto_forward(state: State, image: Tensor, mask: Tensor) -> Tensor:
    def layer(name: str, x: Tensor, m: Tensor, stride: int) -> tuple[Tensor, Tensor]:
        weight, bias = state[f"{name}.conv.input_conv.weight"], state.get(f"{name}.conv.input_conv.bias")
        pad = weight.shape[2] // 2
        offset = torch.zeros(len(weight)) if bias is None else bias
        out = F.conv2d(x * m, weight, offset, stride, pad) - offset.view(1, -1, 1, 1)
        count = F.conv2d(m, state[f"{name}.conv.mask_conv.weight"], None, stride, pad)
        dead = count == 0
        out = (out / count.masked_fill(dead, 1.0) + offset.view(1, -1, 1, 1)).masked_fill(dead, 0.0)
        if f"{name}.bn.weight" in state:
            out = _batch_norm(state, f"{name}.bn", out)
        return out, (~dead).float()

    mean, std = IMAGENET
    x, m = (image - mean) / std, mask.expand(-1, 3, -1, -1)
    return _unet(layer, "enc_{}", "dec_{}", 7, x, m) * std + mean


def _mmagic() -> Published:
    """MMagic: the bias is taken off, the ratio multiplied, the bias put on again; colours in [-1, 1]."""
    normal, norm = _random(2)
    encoder, decoder = _plan(7)
    state: State = {"loss_percep.vgg.mean": torch.zeros(3)}
    for kind, layers in (("encoder.enc", encoder), ("decoder.dec", decoder)):
        for level, (ins, outs, k) in enumerate(layers, 1):
            name = f"generator.{kind}{level}"
            state[f"{name}.conv.weight"] = normal(outs, ins, k, k, spread=(ins * k * k) ** -0.5)
            state[f"{name}.conv.weight_mask_updater"] = torch.ones(outs, ins, k, k)
            if level == 1:
                state[f"{name}.conv.bias"] = normal(outs)
            else:
                state |= norm(f"{name}.bn", outs)
    return Published(
        state, lambda state, path: torch.save({"meta": {}, "state_dict": state}, path), _mmagic_forward, 91
    )


def _mmagic_forward(state: State, image: Tensor, mask: Tensor) -> Tensor:
    def layer(name: str, x: Tensor, m: Tensor, stride: int) -> tuple[Tensor, Tensor]:
        weight, bias = state[f"{name}.conv.weight"], state.get(f"{name}.conv.bias")
        ones = state[f"{name}.conv.weight_mask_updater"]
        pad = weight.shape[2] // 2
        count = F.conv2d(m, ones, None, stride, pad)
        updated = count.clamp(0, 1)
        ratio = ones[0].numel() / (count + 1e-8) * updated
        raw = F.conv2d(x * m, weight, bias, stride, pad)
        if bias is None:
            return _batch_norm(state, f"{name}.bn", raw * ratio), updated
        view = bias.view(1, -1, 1, 1)
        return ((raw - view) * ratio + view) * updated, updated

    x, m = (image - 0.5) / 0.5, mask.repeat(1, 3, 1, 1)
    return _unet(layer, "generator.encoder.enc{}", "generator.decoder.dec{}", 7, x, m) * 0.5 + 0.5


def _xyf() -> Published:
    """XyfJASON: a bias of its own in every layer, before the normalisation; colours in [-1, 1]."""
    normal, norm = _random(3)
    encoder, decoder = _plan(8)
    state: State = {}
    for pattern, layers in (("encoder{}", encoder), ("decoder{}.partial_conv", decoder)):
        for level, (ins, outs, k) in enumerate(layers, 1):
            name = pattern.format(level)
            state[f"{name}.bias"] = normal(outs)
            state[f"{name}.mask_conv_weight"] = torch.ones(outs, ins, k, k)
            state[f"{name}.conv.weight"] = normal(outs, ins, k, k, spread=(ins * k * k) ** -0.5)
            if level > 1:
                state |= norm(f"{name}.norm", outs)
    return Published(state, lambda state, path: torch.save({"model": state}, path), _xyf_forward, 118)


def _xyf_forward(state: State, image: Tensor, mask: Tensor) -> Tensor:
    def layer(name: str, x: Tensor, m: Tensor, stride: int) -> tuple[Tensor, Tensor]:
        weight = state[f"{name}.conv.weight"]
        _, ins, k, _ = weight.shape
        updated = F.conv2d(m, state[f"{name}.mask_conv_weight"], stride=stride, padding=k // 2)
        scale = ins * k * k / (updated + 1e-8)
        updated = updated.clamp(0, 1)
        x = F.conv2d(x * m, weight, stride=stride, padding=k // 2) * (scale * updated)
        x = (x + state[f"{name}.bias"].view(1, -1, 1, 1)) * updated
        if f"{name}.norm.weight" in state:
            x = _batch_norm(state, f"{name}.norm", x)
        return x, updated

    x, m = image * 2 - 1, mask.expand(-1, 3, -1, -1)
    return (_unet(layer, "encoder{}", "decoder{}.partial_conv", 8, x, m) + 1) / 2


def _ja() -> Published:
    """Ja3067: layers are numbered through, conv1 is normalised too, masks have one channel each, tanh at the end."""
    normal, norm = _random(4)
    encoder, decoder = _plan(8)
    state: State = {}
    for number, (ins, outs, k) in enumerate([*encoder, *reversed(decoder)], 1):
        state[f"module.conv{number}.conv.weight"] = normal(outs, ins, k, k, spread=(ins * k * k) ** -0.5)
        if number == 16:
            state[f"module.conv{number}.conv.bias"] = normal(outs)
        else:
            state |= norm(f"module.conv{number}.bn", outs)
    return Published(state, torch.save, _ja_forward, 92)


def _ja_forward(state: State, image: Tensor, mask: Tensor) -> Tensor:
    def layer(number: int, x: Tensor, m: Tensor, stride: int) -> tuple[Tensor, Tensor]:
        name = f"module.conv{number}"
        weight, bias = state[f"{name}.conv.weight"], state.get(f"{name}.conv.bias")
        pad, single = weight.shape[2] // 2, m.shape[1] == 1
        ones = torch.ones_like(weight[:1, :1] if single else weight)
        count = F.conv2d(m, ones, None, stride, pad)
        updated = count.clamp(0, 1)
        raw = F.conv2d(x * m, weight, None, stride, pad) * (ones[0].numel() / (count + 1e-8)) * updated
        if bias is None:
            return _batch_norm(state, f"{name}.bn", raw), updated.prod(1, keepdim=True)
        return (raw + bias.view(1, -1, 1, 1)) * updated, updated.prod(1, keepdim=True)

    mean, std = IMAGENET
    x, m = (image - mean) / std * mask, mask
    kept = [(x, m)]
    for number in range(1, 9):
        x, m = layer(number, x, m, 2)
        x = F.relu(x)
        kept.append((x, m))
    for number in range(9, 17):
        skip, skip_mask = kept[16 - number]
        up, up_mask = F.interpolate(x, scale_factor=2), F.interpolate(m, scale_factor=2)
        repeated = torch.cat([up_mask.repeat(1, up.shape[1], 1, 1), skip_mask.repeat(1, skip.shape[1], 1, 1)], 1)
        x, m = layer(number, torch.cat([up, skip], 1), repeated, 1)
        x = torch.tanh(x) if number == 16 else F.leaky_relu(x, 0.2)
    return x * std + mean


def _keras(first: int = 1) -> Published:
    """Keras: kernels (K, K, ins, outs), K K / sum(M), biases in holes too, skip connections first, another epsilon."""
    normal, norm = _random(5)
    encoder, decoder = _plan(8)
    state: State = {}
    for number, (ins, outs, k) in enumerate([*encoder, *reversed(decoder)]):
        name, ends = f"p_conv2d_{first + number}", number in (0, 15)
        # Small values, and so small variances, are where the epsilon counts.
        size = 1.0 if ends else 0.1
        state[f"{name}/{name}/img_kernel:0"] = normal(k, k, ins, outs, spread=size * (ins / (k * k)) ** 0.5)
        state[f"{name}/{name}/bias:0"] = normal(outs, spread=size * 0.3)
        if not ends:
            name = f"EncBN{number}" if number < 8 else f"batch_normalization_{number - 7}"
            values = norm("", outs)
            state[f"{name}/{name}/gamma:0"], state[f"{name}/{name}/beta:0"] = values[".weight"], values[".bias"]
            state[f"{name}/{name}/moving_mean:0"] = values[".running_mean"] * size
            state[f"{name}/{name}/moving_variance:0"] = values[".running_var"] * size**2
    state["outputs_img/outputs_img/kernel:0"] = normal(1, 1, 3, 3, spread=1.0)
    state["outputs_img/outputs_img/bias:0"] = normal(3)
    return Published(state, _save_h5, _keras_forward, 16 * 2 + 14 * 4 + 2)


def _save_h5(state: State, path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for name, value in state.items():
            file[name] = np.asarray(value)
        file.attrs["keras_version"] = "2.2.4"


def _keras_forward(state: State, image: Tensor, mask: Tensor) -> Tensor:
    first = min(int(name.split("/")[0].split("_")[-1]) for name in state if name.startswith("p_conv2d"))

    def get(name: str, part: str) -> Tensor:
        return state[f"{name}/{name}/{part}:0"]

    def layer(number: int, x: Tensor, m: Tensor, stride: int) -> tuple[Tensor, Tensor]:
        name = f"p_conv2d_{first + number}"
        kernel = get(name, "img_kernel").permute(3, 2, 0, 1)
        k = kernel.shape[2]
        border = ((k - 1) // 2,) * 4
        x, m = F.pad(x, border), F.pad(m, border)
        count = F.conv2d(m, torch.ones_like(kernel), stride=stride)
        updated = count.clamp(0, 1)
        ratio = k * k / (count + 1e-8) * updated
        x = F.conv2d(x * m, kernel, stride=stride) * ratio + get(name, "bias").view(1, -1, 1, 1)
        if number not in (0, 15):
            name = f"EncBN{number}" if number < 8 else f"batch_normalization_{number - 7}"
            parts = (get(name, part) for part in ("moving_mean", "moving_variance", "gamma", "beta"))
            x = F.batch_norm(x, *parts, eps=1e-3)
        return (F.relu(x) if number < 8 else F.leaky_relu(x, 0.2)), updated

    x, m = image, mask.repeat(1, 3, 1, 1)
    kept = [(x, m)]
    for number in range(8):
        x, m = layer(number, x, m, 2)
        kept.append((x, m))
    for number in range(8, 16):
        skip, skip_mask = kept[15 - number]
        x, m = F.interpolate(x, scale_factor=2), F.interpolate(m, scale_factor=2)
        x, m = layer(number, torch.cat([skip, x], 1), torch.cat([skip_mask, m], 1), 1)
    kernel = get("outputs_img", "kernel").permute(3, 2, 0, 1)
    return torch.sigmoid(F.conv2d(x, kernel, get("outputs_img", "bias")))


@pytest.fixture(scope="session")
def published() -> dict[str, Published]:
    """All implementations by the name of their layout."""
    return {"naoto0804": _naoto(), "mmagic": _mmagic(), "xyfJASON": _xyf(), "ja3067": _ja(), "keras": _keras()}


@pytest.fixture(scope="session")
def later_keras() -> Published:
    """What Keras saves when the session has made another network before."""
    return _keras(first=17)


@pytest.fixture(scope="session")
def known() -> tuple[Tensor, Tensor]:
    """Two images (2, 3, 256, 256) and masks (2, 1, 256, 256): specks, and holes wider than the first layers see."""
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2, 3, 256, 256, generator=generator)
    mask = (torch.rand(2, 1, 256, 256, generator=generator) > 0.2).float()
    mask[0, :, 40:200, 30:170] = 0
    mask[1, :, 128:, :90] = 0
    return image, mask
