"""The U-Net of partial convolutions, and the same network of the layers that it is compared with.

Source: Liu et al., ECCV 2018, section 3.2 and the supplementary table of the network.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bokwon.nn.activation import masked_rectifier
from bokwon.nn.features import IMAGENET_MEAN
from bokwon.nn.functional import upsampled_conv2d, upsampled_partial_conv2d
from bokwon.nn.hub import HubMethods
from bokwon.nn.layers import Conv2d, GatedConv2d, PartialConv2d, gate
from bokwon.nn.lowpass import dense_evidence, masked_lowpass, masked_rms, pull_push
from bokwon.nn.masks import mask_features, one_mask
from bokwon.nn.region_norm import BasicRegionNorm, LearnableRegionNorm
from bokwon.nn.unet_config import Base, Colour, Head, Layer, Norm, Placeholder, UNetConfig

__all__ = ["PConvUNet", "UNetConfig"]

_FUSED = 256
"""Least positions (batch x height x width, before upsampling) for which a decoder layer does not form the upsampled
features. For smaller maps, deep in the network, making the larger kernel takes longer than it saves."""

# Partial padding is a partial convolution without holes.
_KINDS: dict[Layer, type[Conv2d]] = {
    "partial": PartialConv2d,
    "padding": PartialConv2d,
    "conv": Conv2d,
    "gated": GatedConv2d,
}

_PLACEHOLDERS = {"mean": IMAGENET_MEAN, "zero": (0.0, 0.0, 0.0), "gray": (0.5, 0.5, 0.5)}


class PConvUNet(nn.Module, HubMethods):
    """Fills the holes of images with partial convolutions.

    Images may have any size. Sides that are not multiples of 2^levels are padded, and the output is cropped. The
    padding counts as hole.

    Args:
        levels: Number of encoder layers. All arguments are explained in `UNetConfig`.
        width: Channels of the first layer.
        max_width: Upper limit of the channels.
        base: "none", "lowpass", "pullpush" or "membrane".
        layer: "partial", "conv", "padding" or "gated".
        placeholder: "mean", "zero" or "gray".
        mean: Three numbers that are subtracted from the image.
        std: Three numbers that it is then divided by.
        head: "none", "tanh" or "leaky_conv_sigmoid".
        norm: "batch" or "region".

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
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        levels: int = 8,
        width: int = 64,
        max_width: int | None = None,
        base: Base = "none",
        layer: Layer = "partial",
        placeholder: Placeholder = "mean",
        mean: Colour = (0.0, 0.0, 0.0),
        std: Colour = (1.0, 1.0, 1.0),
        head: Head = "none",
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        self.config = UNetConfig(levels, width, max_width, base, layer, placeholder, mean, std, head, norm)
        self.encoder_norm_frozen = False
        self.register_buffer("colour", torch.tensor(_PLACEHOLDERS[placeholder]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("mean", torch.tensor(self.config.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(self.config.std).view(1, 3, 1, 1), persistent=False)
        channels = self.config.channels
        kernels = [7, 5, 5, *[3] * levels][:levels]
        ins = (self.config.inputs, *channels[:-1])
        self.encoder = nn.ModuleList(
            EncoderBlock(ins[i], channels[i], kernels[i], norm=norm if i else None, layer=layer) for i in range(levels)
        )
        # From the deepest layer up: channels from below, of the skip connection, and of the output.
        below = (channels[-1], *channels[-2::-1])
        over = (*channels[-2::-1], self.config.inputs)
        outs = (*channels[-2::-1], self.config.outputs)
        self.decoder = nn.ModuleList(
            DecoderBlock(below[i], over[i], outs[i], norm=None if i == levels - 1 else norm, layer=layer)
            for i in range(levels)
        )
        self.head = nn.Conv2d(3, 3, 1) if head == "leaky_conv_sigmoid" else None

    def freeze_encoder_norm(self, frozen: bool = True) -> None:
        """Freeze the encoder's batch normalisation (statistics and weights). A later `train()` keeps it frozen.

        Region normalisation has no statistics to freeze, and goes on training.

        Args:
            frozen: False lets it train again.

        Source: Liu et al. 2018, section 4.2: holes distort the statistics of the encoder's normalisation.
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
            image: (N, 3, H, W) or (3, H, W), floats in [0, 1] outside the holes. Holes may have any values, also NaN.
            valid: 1 where a pixel is known, 0 elsewhere: (N, 1, H, W), or (N, 3, H, W) with equal channels. One mask (N
                = 1) may serve all images. None if everything is known. Without N if `image` has none.

        Returns:
            (N, 3, H, W), without N if `image` has none. Not composed with the input, not clamped to [0, 1].

        Raises:
            ValueError: If a shape or type is wrong, or the mask is not binary. Mask values are checked only on CPUs. On
                a GPU and under `torch.compile` the output becomes NaN instead.
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
        # Convolutions are faster in channels_last. But a mask times three interleaved channels takes several times as
        # long as times three planes.
        image = mask_features(F.pad(image.contiguous(), border), valid)
        if self.config.base != "none":
            # Statistics and sums stay float32, even if autocast uses a smaller type for convolutions.
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
                # Lone known pixels count too: the error there also tells about their neighbours.
                output = output + pull_push((image - output) * valid, valid)
        elif self.config.fills_holes:
            # Partial convolutions that know of no hole see one beyond the border alone.
            everywhere = valid.new_ones(1, 1, *valid.shape[2:])
            output = self.finish(self.fill(self.normalize(image + (1 - valid) * self.colour), everywhere, valid))
        elif self.config.layer == "gated":
            known = self.normalize(image) * valid
            output = self.finish(self.fill(torch.cat([known, valid], 1), valid, valid))
        elif self.config.normalizes:
            output = self.finish(self.fill(self.normalize(image) * valid, valid))
        else:
            output = self.finish(self.fill(image, valid))
        return output[..., :height, :width]

    def normalize(self, image: Tensor) -> Tensor:
        """Convert an image (N, 3, H, W) to the units of the network."""
        return (image - self.mean) / self.std if self.config.normalizes else image

    def finish(self, output: Tensor) -> Tensor:
        """Apply the head to the output of `fill` (N, 3, H, W), and convert it to the units of the image."""
        if self.config.head == "tanh":
            output = torch.tanh(output)
        elif self.head is not None:
            output = torch.sigmoid(self.head(F.leaky_relu(output, 0.2)))
        return output * self.std + self.mean if self.config.normalizes else output

    def fill(self, image: Tensor, valid: Tensor, regions: Tensor | None = None) -> Tensor:
        """Run encoder and decoder.

        Args:
            image: (N, 3, H, W), zero in the holes, or the placeholder where `layer` has one; H and W multiples of
                2^levels. With `layer="gated"` (N, 4, H, W): the mask is the last channel.
            valid: (N, 1, H, W), or (1, 1, H, W) for all images.
            regions: The mask of the encoder's region normalisation, (N, 1, H, W); by default that of each layer.

        Returns:
            (N, 3, H, W); with `base="pullpush"` or "membrane" (N, 4, H, W).
        """
        image = image.contiguous(memory_format=torch.channels_last)
        features, mask = image, valid
        passed = []
        for encode in self.encoder:
            passed.append((features, mask))
            features, mask = encode(features, mask, regions)
        for decode in self.decoder:
            features, mask = decode(features, mask, *passed.pop())
        return features.contiguous()


def _blend(predicted: Tensor, interpolated: Tensor, logit: Tensor) -> Tensor:
    return predicted + torch.sigmoid(logit) * (interpolated - predicted)


class EncoderBlock(nn.Module):
    """Convolution of stride 2, normalisation unless it is the first, ReLU. Holes leave as zero."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, norm: Norm | None, layer: Layer = "partial"
    ) -> None:
        super().__init__()
        # Gates need their bias, which no normalisation brings.
        bias = norm is None or layer == "gated"
        self.conv = _KINDS[layer](in_channels, out_channels, kernel_size, 2, kernel_size // 2, bias=bias)
        self.norm: nn.BatchNorm2d | BasicRegionNorm | None = None
        if norm is not None:
            self.norm = BasicRegionNorm(out_channels) if norm == "region" else nn.BatchNorm2d(out_channels)

    def forward(self, features: Tensor, valid: Tensor, regions: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Halve (N, C, H, W), zero in its holes, to (N, C_out, H / 2, W / 2), and its mask; `regions` as in `fill`."""
        if isinstance(self.conv, GatedConv2d):
            return self.conv(features, lambda each: F.relu(self._normalize(each, valid, regions))), valid
        if not isinstance(self.conv, PartialConv2d):
            return F.relu(self._normalize(self.conv(features), valid, regions)), valid
        features, valid = self.conv(features, valid, holes_are_zero=True)
        if self.norm is None:
            return F.relu_(features), valid
        return masked_rectifier(self._normalize(features, valid, regions), valid), valid

    def _normalize(self, features: Tensor, valid: Tensor, regions: Tensor | None) -> Tensor:
        if isinstance(self.norm, BasicRegionNorm):
            known = valid if regions is None else F.interpolate(regions, size=features.shape[2:], mode="nearest")
            features = self.norm(features, known)
        elif self.norm is not None:
            features = self.norm(features)
        return features


class DecoderBlock(nn.Module):
    """Upsampling, concatenation and convolution; normalisation and LeakyReLU 0.2 unless it is the last."""

    def __init__(
        self,
        in_channels: int,
        skip_channels: int,
        out_channels: int,
        norm: Norm | None,
        layer: Layer = "partial",
    ) -> None:
        super().__init__()
        last = norm is None
        self.skip_channels = skip_channels
        # The last layer predicts colours, which no gate may darken.
        kind = Conv2d if layer == "gated" and last else _KINDS[layer]
        self.conv = kind(in_channels + skip_channels, out_channels, 3, padding=1, bias=last or layer == "gated")
        self.norm: nn.BatchNorm2d | LearnableRegionNorm | None = None
        if not last:
            self.norm = LearnableRegionNorm() if norm == "region" else nn.BatchNorm2d(out_channels)
        self.last = last

    def forward(self, features: Tensor, valid: Tensor, skip: Tensor, skip_valid: Tensor) -> tuple[Tensor, Tensor]:
        """Double (N, C, H, W) to (N, C_out, 2 H, 2 W) with the help of `skip` (N, C_skip, 2 H, 2 W), and its mask."""
        if isinstance(self.conv, GatedConv2d):
            both = upsampled_conv2d(features, skip, self.conv.weight, self.conv.bias, fast=self.training)
            return gate(both, lambda each: F.leaky_relu(each if self.norm is None else self.norm(each), 0.2)), valid
        partial = isinstance(self.conv, PartialConv2d)
        if partial:
            features, valid = self._convolve(features, valid, skip, skip_valid)
        else:
            features = upsampled_conv2d(features, skip, self.conv.weight, self.conv.bias, fast=self.training)
        if self.norm is not None:
            features = self.norm(features)
        if self.last:
            return features, valid
        return (masked_rectifier(features, valid, 0.2) if partial else F.leaky_relu_(features, 0.2)), valid

    def _convolve(self, features: Tensor, valid: Tensor, skip: Tensor, skip_valid: Tensor) -> tuple[Tensor, Tensor]:
        if features.shape[0] * features.shape[2] * features.shape[3] >= _FUSED:
            weight, bias = self.conv.weight, self.conv.bias
            return upsampled_partial_conv2d(
                features, valid, skip, skip_valid, weight, bias, holes_are_zero=True, fast=self.training
            )
        parts = [(F.interpolate(valid, scale_factor=2.0), features.shape[1]), (skip_valid, skip.shape[1])]
        features = torch.cat([F.interpolate(features, scale_factor=2.0), skip], 1)
        convolved: tuple[Tensor, Tensor] = self.conv(features, parts, holes_are_zero=True)
        return convolved
