"""Convolutions as modules: partial ones, thin over `bokwon.nn.functional`, and those that they are compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bokwon.nn.functional import partial_conv2d
from bokwon.nn.masks import Valid, check_shapes
from bokwon.nn.window_sums import Size

__all__ = ["Conv2d", "GatedConv2d", "PaddingMode", "PartialConv2d", "PartialPaddingConv2d", "gate"]

PaddingMode: TypeAlias = Literal["zeros", "reflect", "replicate", "circular"]


class Conv2d(nn.Conv2d):
    """An ordinary convolution, `torch.nn.Conv2d`, initialised as in He et al. 2015.

    Source: He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, equation 10; biases start at zero.

    Example:
        >>> Conv2d(3, 8, 3, padding=1)(torch.rand(1, 3, 16, 16)).shape
        torch.Size([1, 8, 16, 16])
    """

    def reset_parameters(self) -> None:
        """Initialise the weights as in He et al. 2015, for rectifiers. Biases start at zero."""
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class PartialConv2d(Conv2d):
    """A convolution of the known part of its input, which also updates the mask.

    Its parameters have the names and shapes of those of `torch.nn.Conv2d`, and it has no other state. They are
    initialised as in He et al. 2015, for rectifiers.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Height and width of the kernel.
        stride: Step of the window.
        padding: Width of the border added to the input, in pixels, or "same" or "valid".
        dilation: Spacing of the kernel's elements.
        groups: Blocks of channels that are convolved separately.
        bias: Whether a bias is added. It is added where the window has a known pixel.
        padding_mode: "zeros": the border is a hole, as in the paper. "reflect", "replicate" and "circular" fill it from
            the input, and its mask from the mask.
        device: Where the parameters are made.
        dtype: Type of the parameters.

    Raises:
        ValueError: If an argument is out of its range.

    Source: Liu et al., ECCV 2018, equations 1 and 2.

    Example:
        >>> layer = PartialConv2d(3, 8, kernel_size=5, stride=2, padding=2)
        >>> valid = torch.ones(1, 1, 64, 64)
        >>> valid[..., 20:40, 20:40] = 0
        >>> features, updated = layer(torch.rand(1, 3, 64, 64), valid)
        >>> features.shape, updated.shape
        (torch.Size([1, 8, 32, 32]), torch.Size([1, 1, 32, 32]))
        >>> int((valid == 0).sum()), int((updated == 0).sum())  # the hole shrinks
        (400, 64)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(  # type: ignore[override]
        self, input: Tensor, valid: Valid | None = None, *, holes_are_zero: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Convolve the known part of `input`.

        Args:
            input: Features (N, C, H, W) or (C, H, W).
            valid: Mask (N, 1, H, W), masks (N, C, H, W), (mask, channels) for each part of a concatenated input, or
                None if everything is known. Values 1 and 0. Without N if `input` has none.
            holes_are_zero: Set it if the holes of `input` are zero and the masks 0 or 1. This is not checked.

        Returns:
            Features (N, C_out, H', W') and the updated mask (N, 1, H', W'), as `bokwon.nn.partial_conv2d` returns them.

        Raises:
            ValueError: If the masks do not fit the input or have values other than 0 and 1.
        """
        padding: Size | str = self.padding  # type: ignore[assignment]
        if self.padding_mode != "zeros":
            padding = 0
            if valid is not None and input.ndim == 4:
                check_shapes(valid, input.shape)
            input = self._with_border(input)
            if isinstance(valid, Tensor):
                valid = self._with_border(valid.float()).to(valid.dtype)
            elif valid is not None:
                valid = [(self._with_border(mask.float()).to(mask.dtype), channels) for mask, channels in valid]
        return partial_conv2d(
            input,
            valid,
            self.weight,
            self.bias,
            self.stride,  # type: ignore[arg-type]
            padding,
            self.dilation,  # type: ignore[arg-type]
            self.groups,
            holes_are_zero=holes_are_zero,
        )

    def _with_border(self, x: Tensor) -> Tensor:
        return F.pad(x, self._reversed_padding_repeated_twice, mode=self.padding_mode)


class PartialPaddingConv2d(PartialConv2d):
    """A convolution of an input without holes, whose border is a hole: partial convolution based padding.

    It takes and returns one tensor, so it replaces `torch.nn.Conv2d` in any network; the arguments and the parameters
    are those of `PartialConv2d`.

    Source: Liu et al., "Partial Convolution based Padding", arXiv 1811.11718, section 3.

    Example:
        >>> layer = PartialPaddingConv2d(1, 1, 3, padding=1, bias=False)
        >>> _ = torch.nn.init.constant_(layer.weight, 1 / 9)
        >>> layer(torch.ones(1, 1, 4, 4)).detach().unique()  # zero padding would darken the border
        tensor([1.])
    """

    def forward(self, input: Tensor) -> Tensor:  # type: ignore[override]
        """Convolve (N, C, H, W) or (C, H, W); return (N, C_out, H', W') or (C_out, H', W')."""
        return super().forward(input)[0]


class GatedConv2d(Conv2d):
    """A convolution whose features are multiplied by learned gates between 0 and 1.

    Features and gates come from one convolution with twice as many output channels: features first, then gates. So
    the layer has twice the parameters of `torch.nn.Conv2d`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Height and width of the kernel.
        stride: Step of the window.
        padding: Width of the border added to the input, in pixels, or "same" or "valid".
        dilation: Spacing of the kernel's elements.
        bias: Whether features and gates have a bias.

    Source: Yu, Lin, Yang, Shen, Lu, Huang, "Free-Form Image Inpainting with Gated Convolution", ICCV 2019, section 3.1.

    Example:
        >>> image, valid = torch.rand(1, 3, 16, 16), torch.ones(1, 1, 16, 16)
        >>> GatedConv2d(4, 8, 3, padding=1)(torch.cat([image, valid], 1)).shape
        torch.Size([1, 8, 16, 16])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(in_channels, 2 * out_channels, kernel_size, stride, padding, dilation, bias=bias)

    def forward(self, input: Tensor, activation: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Return the gated features.

        Args:
            input: (N, C, H, W).
            activation: Applied to the features before they meet their gates; none by default.

        Returns:
            (N, C_out, H', W').
        """
        return gate(super().forward(input), activation)


def gate(both: Tensor, activation: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """Multiply the first half of the channels, activated, by the sigmoid of the second half.

    Args:
        both: (N, 2 C, H, W), features and then gates.
        activation: Applied to the features; none by default.

    Returns:
        (N, C, H, W).

    Source: Yu et al. 2019, section 3.1: the activated features times the sigmoid of the gating values.

    Example:
        >>> gate(torch.tensor([-3.0, 2.0, 5.0, 0.0]).view(1, 4, 1, 1), F.relu).flatten().tolist()
        [0.0, 1.0]
    """
    features, gates = both.chunk(2, 1)
    return (features if activation is None else activation(features)) * torch.sigmoid(gates)
