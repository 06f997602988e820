"""A layer that code written for NVIDIA's or mmagic's partial convolution can use by changing its import line."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn

from bokwon.errors import ArgumentError
from bokwon.nn import layers
from bokwon.nn.layers import PaddingMode
from bokwon.nn.window_sums import Size

__all__ = ["PartialConv2d", "ShapeError", "Style"]

Style: TypeAlias = Literal["nvidia", "mmagic"]


class ShapeError(ArgumentError, AssertionError):
    """A shape that both layers refuse. They do so with `assert`, so code may catch `AssertionError`."""


class PartialConv2d(layers.PartialConv2d):
    """`bokwon.nn.PartialConv2d` with the arguments, returns and initial weights of two public layers.

    The two contradict each other, and `style` says which one is meant:

    | | "nvidia" | "mmagic" |
    |---|---|---|
    | mask argument | `mask_in` | `mask` |
    | without a mask | everything is known; the border is a hole | an ordinary convolution, one tensor is returned |
    | `return_mask` | of the constructor, False | of the call, True |

    Without `style`, `return_mask` in the constructor means NVIDIA's and `eps` mmagic's. If there is neither, each call
    decides: with `mask=` or `return_mask=` it is mmagic's, otherwise NVIDIA's. So one contradiction is left:
    `layer(x)` and `layer(x, mask)` return one tensor, as NVIDIA's layer does; with mmagic's the latter is a pair.
    Code written for that needs `style="mmagic"`.

    It differs from both where they are wrong: each group is counted separately, an empty window is 0 in any precision,
    holes may hold NaN, a mask that is not binary is refused, and NVIDIA's layer reuses the last mask if a call without
    one has the same size. Checkpoints of both can be loaded; mmagic's mask kernels in them are skipped.

    Args:
        in_channels: As in `torch.nn.Conv2d`; the next ten too.
        out_channels: Channels of the output.
        kernel_size: Height and width of the kernel.
        stride: Step of the window.
        padding: Width of the border in pixels.
        dilation: Spacing of the kernel's elements.
        groups: Blocks of channels that are convolved separately.
        bias: Whether a bias is added. It is added where the window has a known pixel.
        padding_mode: As in `bokwon.nn.PartialConv2d`.
        device: Where the parameters are made.
        dtype: Type of the parameters.
        multi_channel: Masks have the channels of the features, (N, C, H, W), before and after; otherwise one.
        return_mask: Whether a call returns the updated mask too, unless the call says otherwise.
        eps: Not used: no window is divided by nearly zero here.
        style: "nvidia" or "mmagic"; None decides as described above.

    Raises:
        ArgumentError: If `style` has another value.

    Source: Liu et al., ECCV 2018, equations 1 and 2; the interfaces of NVIDIA/partialconv and open-mmlab/mmagic.

    Example:
        >>> image, valid = torch.rand(2, 3, 16, 16), torch.ones(2, 3, 16, 16)
        >>> nvidia = PartialConv2d(3, 8, 3, padding=1, multi_channel=True, return_mask=True)
        >>> features, updated = nvidia(image, mask_in=valid)
        >>> mmagic = PartialConv2d(3, 8, 3, padding=1, multi_channel=True, eps=1e-6)
        >>> features, updated = mmagic(features[:, :3], updated[:, :3])
        >>> features.shape, updated.shape
        (torch.Size([2, 8, 16, 16]), torch.Size([2, 8, 16, 16]))
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
        *,
        multi_channel: bool = False,
        return_mask: bool | None = None,
        eps: float | None = None,
        style: Style | None = None,
    ) -> None:
        if style is not None and style not in get_args(Style):
            raise ArgumentError(f"style is {style!r}", "use 'nvidia', 'mmagic' or None")
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
        self.multi_channel = multi_channel
        self.return_mask = return_mask
        self.style: Style | None = style
        if style is None and (return_mask is not None or eps is not None):
            self.style = "nvidia" if return_mask is not None else "mmagic"

    def reset_parameters(self) -> None:
        """Draw the weights as `torch.nn.Conv2d` does, and so both layers."""
        nn.Conv2d.reset_parameters(self)

    def forward(  # type: ignore[override]
        self,
        input: Tensor,
        mask_in: Tensor | None = None,
        return_mask: bool | None = None,
        *,
        mask: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Convolve the known part of `input`.

        Args:
            input: Features (N, C, H, W).
            mask_in: (N, 1, H, W), or (N, C, H, W) with `multi_channel`; the batch may be 1. 1 known, 0 hole.
            return_mask: Whether the updated mask is returned too.
            mask: The same as `mask_in`.

        Returns:
            Features (N, C_out, H', W'), and the updated mask if it is asked for: (N, 1, H', W'), or
            (N, C_out, H', W') with `multi_channel`.

        Raises:
            ShapeError: If input or mask are not four-dimensional, or the mask has other channels than `multi_channel`
                says.
            ArgumentError: If both `mask_in` and `mask` are given.
            ValueError: If the mask does not fit the input otherwise, or is not binary.
        """
        if mask_in is not None and mask is not None:
            raise ArgumentError("mask_in and mask are both given", "pass one of them")
        if input.ndim != 4:
            raise ShapeError(f"the input has the shape {tuple(input.shape)}", "pass (N, C, H, W)")
        called_as_mmagic = mask is not None or return_mask is not None
        style = self.style or ("mmagic" if called_as_mmagic else "nvidia")
        valid = mask if mask_in is None else mask_in
        if valid is None and style == "mmagic":
            # Not partial: nothing is scaled at the border.
            convolved: Tensor = self._conv_forward(input, self.weight, self.bias)
            return convolved
        if valid is not None:
            valid = self._checked(valid)
        output, updated = super().forward(input, valid)
        if return_mask is None:
            return_mask = style == "mmagic" if self.return_mask is None else self.return_mask
        if not return_mask:
            return output
        return output, updated.expand(output.shape[0], self.out_channels, -1, -1) if self.multi_channel else updated

    def _checked(self, valid: Tensor) -> Tensor:
        channels = self.in_channels if self.multi_channel else 1
        if valid.ndim != 4 or valid.shape[1] != channels:
            raise ShapeError(
                f"the mask has the shape {tuple(valid.shape)}",
                f"pass (N, {channels}, H, W), as multi_channel={self.multi_channel} says",
            )
        # A mask that was expanded to all channels is one mask, and is counted in a fraction of the time.
        return valid[:, :1] if valid.stride(1) == 0 else valid

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: object) -> None:
        state_dict.pop(prefix + "weight_mask_updater", None)
        super()._load_from_state_dict(state_dict, prefix, *rest)
