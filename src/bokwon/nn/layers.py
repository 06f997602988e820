"""Convolutions as modules: partial ones, thin over `bokwon.nn.functional`, and ordinary ones to compare with."""

from __future__ import annotations

from torch import Tensor, nn

from bokwon.nn.functional import Valid, partial_conv2d
from bokwon.nn.window_sums import Size

__all__ = ["Conv2d", "PartialConv2d"]


class Conv2d(nn.Conv2d):
    """An ordinary convolution that starts from the weights of He et al. 2015, for rectifiers."""

    def reset_parameters(self) -> None:
        """Draw the weights as He et al. 2015 do for rectifiers; biases start at zero."""
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class PartialConv2d(Conv2d):
    """A convolution of the known part of its input, with the mask's update.

    Its parameters are those of `torch.nn.Conv2d`, in name, shape and initialisation (He et al. 2015, for rectifiers),
    and the only state it has.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Height and width of the kernel.
        stride: Step of the window.
        padding: Border added to the input, as hole.
        dilation: Spacing of the kernel's elements.
        groups: Blocks of channels that are convolved apart.
        bias: Whether a bias is added where anything was known.

    Source: Liu et al., ECCV 2018, equations 1 and 2.
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
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)

    def forward(  # type: ignore[override]
        self, input: Tensor, valid: Valid, *, holes_are_zero: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Convolve the known part of `input`.

        Args:
            input: Features (N, C, H, W).
            valid: Mask (N, 1, H, W), masks (N, C, H, W), or (mask, channels) for each part of a concatenated input.
            holes_are_zero: The holes of `input` are zero already.

        Returns:
            Features (N, C_out, H', W') and the updated mask (N, 1, H', W').
        """
        return partial_conv2d(
            input,
            valid,
            self.weight,
            self.bias,
            self.stride,  # type: ignore[arg-type]
            self.padding,  # type: ignore[arg-type]
            self.dilation,  # type: ignore[arg-type]
            self.groups,
            holes_are_zero=holes_are_zero,
        )
