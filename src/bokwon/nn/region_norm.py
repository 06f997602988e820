"""Region normalisation: known pixels and holes are normalised separately.

Source: Yu, Guo, Jin, Wu, Chen, Li, Zhang, Liu, "Region Normalization for Image Inpainting", AAAI 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["BasicRegionNorm", "LearnableRegionNorm", "region_norm"]

EPSILON = 1e-5
"""Added to the variance, as in batch normalisation."""
THRESHOLD = 0.8
"""Response above which a pixel counts as known. Source: Yu et al. 2020, section on the learnable normalisation."""


def region_norm(features: Tensor, region: Tensor) -> Tensor:
    """Bring each channel of each image to mean 0 and variance 1, separately inside and outside the region.

    Args:
        features: (N, C, H, W), any floating type. Sums are in at least float32.
        region: (N, 1, H, W) or (1, 1, H, W), 1 inside the region and 0 outside.

    Returns:
        (N, C, H, W), of the type of `features`. Either side may have no pixels.

    Source: Yu et al. 2020, equations of mean, deviation and normalisation by region.

    Example:
        >>> features = torch.tensor([1.0, 3.0, 50.0, 70.0]).view(1, 1, 1, 4)
        >>> region = torch.tensor([1.0, 1.0, 0.0, 0.0]).view(1, 1, 1, 4)
        >>> region_norm(features, region).round(decimals=3).flatten().tolist()
        [-1.0, 1.0, -1.0, 1.0]
    """
    wide = features.to(torch.promote_types(features.dtype, torch.float32))
    inside = region.to(wide.dtype)
    return (_normalized(wide, inside) + _normalized(wide, 1 - inside)).to(features.dtype)


class BasicRegionNorm(nn.Module):
    """Region normalisation by a mask: holes and known pixels each have a weight and a bias of their own.

    Statistics are those of each image, in training and in evaluation.

    Args:
        channels: Channels of the features.

    Source: Yu et al. 2020, RN-B.

    Example:
        >>> norm = BasicRegionNorm(8)
        >>> norm(torch.rand(2, 8, 4, 4), torch.ones(2, 1, 4, 4)).shape
        torch.Size([2, 8, 4, 4])
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        # Of the known pixels first, then of the holes.
        self.weight = nn.Parameter(torch.ones(2, channels))
        self.bias = nn.Parameter(torch.zeros(2, channels))

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        """Normalise features.

        Args:
            features: (N, C, H, W).
            valid: (N, 1, H, W) or (1, 1, H, W), 1 where features are known, 0 elsewhere.

        Returns:
            (N, C, H, W).
        """
        normalized = region_norm(features, valid)
        known = valid.to(normalized.dtype)
        weight, bias = (
            known * known_part.view(1, -1, 1, 1) + (1 - known) * hole_part.view(1, -1, 1, 1)
            for known_part, hole_part in (each.to(normalized.dtype) for each in (self.weight, self.bias))
        )
        result: Tensor = normalized * weight + bias
        return result


class LearnableRegionNorm(nn.Module):
    """Region normalisation that finds the regions itself, for layers whose mask no longer has holes.

    The largest and the mean value over the channels give, by a convolution and a sigmoid, a response at every pixel.
    Pixels with a response above 0.8 are one region, the others the second one. Weight and bias of every pixel are
    convolutions of the response, the same for all channels. No gradient passes through the threshold; the response
    learns through weight and bias. At the start the weight is 1 and the bias 0.

    Args:
        kernel_size: Side of the three kernels.

    Source: Yu et al. 2020, RN-L.

    Example:
        >>> LearnableRegionNorm()(torch.rand(2, 8, 4, 4)).shape
        torch.Size([2, 8, 4, 4])
    """

    def __init__(self, kernel_size: int = 3) -> None:
        super().__init__()
        border = kernel_size // 2
        self.response = nn.Conv2d(2, 1, kernel_size, padding=border, bias=False)
        self.affine = nn.Conv2d(1, 2, kernel_size, padding=border)
        nn.init.zeros_(self.affine.weight)
        with torch.no_grad():
            assert self.affine.bias is not None
            self.affine.bias.copy_(torch.tensor([1.0, 0.0]))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise features (N, C, H, W); return the same shape and type."""
        summary = torch.cat([features.amax(1, keepdim=True), features.mean(1, keepdim=True)], 1)
        response = torch.sigmoid(self.response(summary))
        weight, bias = self.affine(response).to(features.dtype).chunk(2, 1)
        result: Tensor = region_norm(features, response.detach() > THRESHOLD) * weight + bias
        return result


def _normalized(features: Tensor, part: Tensor) -> Tensor:
    """Normalise the pixels of one region; the others become zero."""
    count = part.sum((2, 3), keepdim=True).clamp(min=1)
    mean = (features * part).sum((2, 3), keepdim=True) / count
    centred = (features - mean) * part
    variance = centred.square().sum((2, 3), keepdim=True) / count
    return centred * (variance + EPSILON).rsqrt()
