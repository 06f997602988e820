"""The U-Net of partial convolutions, and its twin of ordinary ones.

Source: Liu et al., ECCV 2018, section 3.2 and the supplementary table of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bokwon.nn.activation import masked_rectifier
from bokwon.nn.features import IMAGENET_MEAN
from bokwon.nn.functional import upsampled_conv2d, upsampled_partial_conv2d
from bokwon.nn.layers import Conv2d, PartialConv2d
from bokwon.nn.lowpass import dense_evidence, masked_lowpass, masked_rms, pull_push
from bokwon.nn.masks import mask_features, one_mask

__all__ = ["PConvUNet", "UNetConfig"]

_FUSED = 5
"""Decoder layers, from the surface, that never form the upsampled features. Further down the maps are so small that
making the larger kernel costs more than it saves."""

Base = Literal["none", "lowpass", "pullpush", "membrane"]
Layer = Literal["partial", "conv"]
Placeholder = Literal["mean", "zero", "gray"]

_PLACEHOLDERS = {"mean": IMAGENET_MEAN, "zero": (0.0, 0.0, 0.0), "gray": (0.5, 0.5, 0.5)}


@dataclass(frozen=True)
class UNetConfig:
    """The shape of a `PConvUNet`; the defaults are the paper's at 512².

    Args:
        levels: Encoder layers, each of stride 2, and as many decoder layers. At least 2.
        width: Channels of the first layer; each further layer doubles them.
        max_width: Where doubling stops; 8 * width by default.
        base: "none": the network predicts the image. "lowpass": it predicts the residual over a masked low-pass of
            the input, in units of the residual's root mean square. "pullpush": likewise, and a fourth channel says,
            pixel by pixel, how far to follow an interpolation from the rim of the hole instead. "membrane": likewise,
            and what the prediction misses on the known pixels is interpolated into the holes and added, so that fills
            meet their rims.
        layer: "partial", or "conv" for the paper's baseline: the same network of ordinary convolutions, which sees a
            placeholder in the holes and no mask.
        placeholder: What `layer="conv"` sees in the holes: the "mean" colour of ImageNet, "zero" (black), or "gray"
            (127.5 of 255, as in the paper's figure 2).

    Raises:
        ValueError: If a value is out of its range.

    Source: Liu et al. 2018, supplementary table of the network (the defaults).

    Example:
        >>> UNetConfig(levels=5, width=16).channels
        (16, 32, 64, 128, 128)
        >>> UNetConfig().multiple  # sides are padded to this
        256
    """

    levels: int = 8
    width: int = 64
    max_width: int | None = None
    base: Base = "none"
    layer: Layer = "partial"
    placeholder: Placeholder = "mean"

    def __post_init__(self) -> None:
        if not 2 <= self.levels <= 10:
            raise ValueError(f"levels must be from 2 to 10, not {self.levels}")
        if self.width < 1:
            raise ValueError(f"width must be positive, not {self.width}")
        if self.max_width is not None and self.max_width < self.width:
            raise ValueError(f"max_width must be at least width ({self.width}), not {self.max_width}")
        if self.base not in get_args(Base):
            raise ValueError(f"base must be one of {', '.join(get_args(Base))}, not {self.base!r}")
        if self.base != "none" and self.levels < 4:
            raise ValueError(f"base={self.base!r} has cells of 16 pixels and needs levels >= 4, not {self.levels}")
        if self.layer not in ("partial", "conv"):
            raise ValueError(f"layer must be 'partial' or 'conv', not {self.layer!r}")
        if self.placeholder not in _PLACEHOLDERS:
            raise ValueError(f"placeholder must be one of {', '.join(_PLACEHOLDERS)}, not {self.placeholder!r}")
        if self.base != "none" and self.layer == "conv":
            raise ValueError(f"base={self.base!r} is made of partial convolutions and does not go with layer='conv'")

    @property
    def channels(self) -> tuple[int, ...]:
        """Output channels of each encoder layer."""
        limit = self.max_width or 8 * self.width
        return tuple(min(self.width * 2**level, limit) for level in range(self.levels))

    @property
    def outputs(self) -> int:
        """Channels of the last layer: the colours, and the logit of the interpolation's share where there is one."""
        return 4 if self.interpolates else 3

    @property
    def interpolates(self) -> bool:
        """Whether the prediction is blended with an interpolation from the rims of the holes."""
        return self.base in ("pullpush", "membrane")

    @property
    def multiple(self) -> int:
        """What height and width are padded to a multiple of."""
        return int(2**self.levels)


class PConvUNet(nn.Module):
    """Fills the holes of images with partial convolutions.

    Any image size is taken: what does not divide by 2^levels is padded as hole, and cut off again.

    Args:
        levels: As in `UNetConfig`, like the rest.
        width: Channels of the first layer.
        max_width: Upper limit of the channels.
        base: "none", "lowpass", "pullpush" or "membrane".
        layer: "partial" or "conv".
        placeholder: "mean", "zero" or "gray".

    Raises:
        ValueError: If a value is out of its range.

    Example:
        >>> network = PConvUNet(levels=5, width=8).eval()
        >>> image, valid = torch.rand(1, 3, 100, 80), torch.ones(1, 1, 100, 80)
        >>> valid[..., 30:50, 20:60] = 0
        >>> output = network(image, valid)
        >>> composite = torch.where(valid > 0, image, output)
        >>> composite.shape
        torch.Size([1, 3, 100, 80])

    Source: Liu et al., ECCV 2018: 7x7, 5x5, 5x5, then 3x3 kernels of stride 2; a decoder of 3x3 kernels on nearest
    upsampled features and masks beside the encoder's; the input image and its mask at the last layer. The membrane is
    that of Pérez, Gangnet, Blake, "Poisson image editing", SIGGRAPH 2003, section 3, by pull-push.
    """

    colour: Tensor

    def __init__(
        self,
        levels: int = 8,
        width: int = 64,
        max_width: int | None = None,
        base: Base = "none",
        layer: Layer = "partial",
        placeholder: Placeholder = "mean",
    ) -> None:
        super().__init__()
        self.config = UNetConfig(levels, width, max_width, base, layer, placeholder)
        self.encoder_norm_frozen = False
        partial = layer == "partial"
        self.register_buffer("colour", torch.tensor(_PLACEHOLDERS[placeholder]).view(1, 3, 1, 1), persistent=False)
        channels = self.config.channels
        kernels = [7, 5, 5, *[3] * levels][:levels]
        ins = (3, *channels[:-1])
        self.encoder = nn.ModuleList(
            EncoderBlock(ins[i], channels[i], kernels[i], norm=i > 0, partial=partial) for i in range(levels)
        )
        # From the deepest up: what comes from below, what the encoder passes over, what goes out.
        below = (channels[-1], *channels[-2::-1])
        over = (*channels[-2::-1], 3)
        outs = (*channels[-2::-1], self.config.outputs)
        self.decoder = nn.ModuleList(
            DecoderBlock(below[i], over[i], outs[i], last=i == levels - 1, fused=i >= levels - _FUSED, partial=partial)
            for i in range(levels)
        )

    def freeze_encoder_norm(self, frozen: bool = True) -> None:
        """Freeze the encoder's batch normalisation: its statistics and its weights, whatever `train()` says later.

        Args:
            frozen: False thaws it.

        Source: Liu et al. 2018, section 4.2: holes upset the statistics of the encoder's normalisation.
        """
        self.encoder_norm_frozen = frozen
        for norm in self._encoder_norms():
            norm.requires_grad_(not frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> PConvUNet:
        """Set training or evaluation mode; frozen normalisation stays in evaluation mode."""
        super().train(mode)
        if self.encoder_norm_frozen:
            for norm in self._encoder_norms():
                norm.eval()
        return self

    def _encoder_norms(self) -> list[nn.BatchNorm2d]:
        return [module for module in self.encoder.modules() if isinstance(module, nn.BatchNorm2d)]

    def forward(self, image: Tensor, valid: Tensor | None = None) -> Tensor:
        """Predict the whole image.

        Args:
            image: (N, 3, H, W) or (3, H, W), floats in [0, 1] outside the holes; holes may hold anything, NaN too.
            valid: 1 where a pixel is known, 0 elsewhere: (N, 1, H, W), or (N, 3, H, W) with equal channels; a batch of
                one mask serves all images; None if everything is known. Without N if `image` is.

        Returns:
            (N, 3, H, W), without N if `image` is. Not composed with the input, not clamped to [0, 1].

        Raises:
            ValueError: If shapes or types are others than these, or the mask is not binary. Only a CPU can tell the
                latter without waiting: on a GPU and under `torch.compile` the output is NaN then.
        """
        if image.ndim == 3:
            return self.forward(image[None], None if valid is None else valid[None])[0]
        if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
            raise ValueError(
                f"image must be floats of the shape (N, 3, H, W), not {image.dtype} of {tuple(image.shape)}"
                + ("" if image.is_floating_point() else ": divide integers by 255")
            )
        valid = one_mask(valid, image)
        height, width = image.shape[2:]
        multiple = self.config.multiple
        border = (0, (-width) % multiple, 0, (-height) % multiple)
        valid = F.pad(valid, border)
        image = mask_features(F.pad(image, border), valid)
        if self.config.base != "none":
            # Statistics and the sum are float32 whatever autocast makes of the convolutions.
            evidence = dense_evidence(valid)
            low = masked_lowpass(image * evidence, evidence)
            residual = (image - low) * evidence
            scale = masked_rms(residual, evidence)
            output = self.fill(residual / scale, evidence)
            if self.config.interpolates:
                output = low + _blend(scale * output[:, :3], pull_push(residual, evidence), output[:, 3:])
            else:
                output = low + scale * output
            if self.config.base == "membrane":
                # Lone known pixels too: what is missed there is a truth about the pixels beside them.
                output = output + pull_push((image - output) * valid, valid)
        elif self.config.layer == "conv":
            output = self.fill(image + (1 - valid) * self.colour, valid)
        else:
            output = self.fill(image, valid)
        return output[..., :height, :width]

    def fill(self, image: Tensor, valid: Tensor) -> Tensor:
        """Run encoder and decoder.

        Args:
            image: (N, 3, H, W), zero in the holes (`layer="conv"`: the placeholder), H and W multiples of 2^levels.
            valid: (N, 1, H, W).

        Returns:
            (N, 3, H, W); with `base="pullpush"` or "membrane" (N, 4, H, W).
        """
        image = image.contiguous(memory_format=torch.channels_last)
        features, mask = image, valid
        passed = []
        for encode in self.encoder:
            passed.append((features, mask))
            features, mask = encode(features, mask)
        for decode in self.decoder:
            features, mask = decode(features, mask, *passed.pop())
        return features


def _blend(predicted: Tensor, interpolated: Tensor, logit: Tensor) -> Tensor:
    return predicted + torch.sigmoid(logit) * (interpolated - predicted)


class EncoderBlock(nn.Module):
    """Convolution of stride 2, batch normalisation unless it is the first, ReLU. Holes leave as zero."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, norm: bool, partial: bool = True) -> None:
        super().__init__()
        kind = PartialConv2d if partial else Conv2d
        self.conv = kind(in_channels, out_channels, kernel_size, 2, kernel_size // 2, bias=not norm)
        self.norm = nn.BatchNorm2d(out_channels) if norm else None

    def forward(self, features: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Halve (N, C, H, W), zero in its holes, to (N, C_out, H / 2, W / 2), and its mask."""
        if not isinstance(self.conv, PartialConv2d):
            features = self.conv(features)
            return F.relu(features if self.norm is None else self.norm(features)), valid
        features, valid = self.conv(features, valid, holes_are_zero=True)
        if self.norm is None:
            return F.relu_(features), valid
        return masked_rectifier(self.norm(features), valid), valid


class DecoderBlock(nn.Module):
    """Upsampling, concatenation and convolution; batch normalisation and LeakyReLU 0.2 unless it is the last."""

    def __init__(
        self, in_channels: int, skip_channels: int, out_channels: int, last: bool, fused: bool, partial: bool = True
    ) -> None:
        super().__init__()
        self.fused = fused
        self.skip_channels = skip_channels
        kind = PartialConv2d if partial else Conv2d
        self.conv = kind(in_channels + skip_channels, out_channels, 3, padding=1, bias=last)
        self.norm = None if last else nn.BatchNorm2d(out_channels)
        self.last = last

    def forward(self, features: Tensor, valid: Tensor, skip: Tensor, skip_valid: Tensor) -> tuple[Tensor, Tensor]:
        """Double (N, C, H, W) to (N, C_out, 2 H, 2 W) with the help of `skip` (N, C_skip, 2 H, 2 W), and its mask."""
        partial = isinstance(self.conv, PartialConv2d)
        if partial:
            features, valid = self._convolve(features, valid, skip, skip_valid)
        else:
            features = upsampled_conv2d(features, skip, self.conv.weight, self.conv.bias)
        if self.norm is not None:
            features = self.norm(features)
        if self.last:
            return features, valid
        return (masked_rectifier(features, valid, 0.2) if partial else F.leaky_relu_(features, 0.2)), valid

    def _convolve(self, features: Tensor, valid: Tensor, skip: Tensor, skip_valid: Tensor) -> tuple[Tensor, Tensor]:
        if self.fused:
            return upsampled_partial_conv2d(
                features, valid, skip, skip_valid, self.conv.weight, self.conv.bias, holes_are_zero=True
            )
        parts = [(F.interpolate(valid, scale_factor=2.0), features.shape[1]), (skip_valid, skip.shape[1])]
        features = torch.cat([F.interpolate(features, scale_factor=2.0), skip], 1)
        convolved: tuple[Tensor, Tensor] = self.conv(features, parts, holes_are_zero=True)
        return convolved
