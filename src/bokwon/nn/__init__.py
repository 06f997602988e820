"""The paper in PyTorch: layer, network, losses. Knows no files, command line or web."""

from bokwon.nn.features import IMAGENET_MEAN, IMAGENET_STD, VGGFeatures
from bokwon.nn.functional import partial_conv2d, upsampled_conv2d, upsampled_partial_conv2d, window_count
from bokwon.nn.layers import Conv2d, GatedConv2d, PartialConv2d, PartialPaddingConv2d
from bokwon.nn.masks import Valid, mask_features
from bokwon.nn.region_norm import BasicRegionNorm, LearnableRegionNorm, region_norm
from bokwon.nn.unet import PConvUNet, UNetConfig

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "BasicRegionNorm",
    "Conv2d",
    "GatedConv2d",
    "LearnableRegionNorm",
    "PConvUNet",
    "PartialConv2d",
    "PartialPaddingConv2d",
    "UNetConfig",
    "VGGFeatures",
    "Valid",
    "mask_features",
    "partial_conv2d",
    "region_norm",
    "upsampled_conv2d",
    "upsampled_partial_conv2d",
    "window_count",
]
