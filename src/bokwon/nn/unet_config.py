"""The shape of the U-Net, as it stands in checkpoints and configurations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["Base", "Colour", "Head", "Layer", "Norm", "Placeholder", "UNetConfig"]

Base = Literal["none", "lowpass", "pullpush", "membrane"]
Head = Literal["none", "tanh", "leaky_conv_sigmoid"]
Layer = Literal["partial", "conv", "padding", "gated"]
Norm = Literal["batch", "region"]
Placeholder = Literal["mean", "zero", "gray"]
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class UNetConfig:
    """The shape of a `PConvUNet`; the defaults are the paper's at 512².

    Args:
        levels: Encoder layers, each of stride 2, and as many decoder layers. At least 2.
        width: Channels of the first layer; each further layer doubles them.
        max_width: Where doubling stops; 8 * width by default.
        base: What the prediction is added to. "none": the network predicts the image itself. "lowpass": it predicts the
            residual, that is the input minus its masked low-pass, in units of the root mean square of the residual.
            "pullpush": as "lowpass", and a fourth channel is the share of an interpolation from the rim of the hole,
            for each pixel. "membrane": as "pullpush", and the error of the prediction on known pixels is interpolated
            into the holes and added, so that fills match their rims.
        layer: "partial"; "conv" for the paper's baseline: the same network of ordinary convolutions, which sees a
            placeholder in the holes and no mask; "padding", likewise, but the border of the image counts as hole (Liu
            et al., arXiv 1811.11718); or "gated" (Yu et al. 2019): the mask is a fourth channel of the image, and each
            layer but the last has gates of its own, which doubles its parameters.
        placeholder: What "conv" and "padding" see in holes: the "mean" colour of ImageNet, "zero" (black), or "gray"
            (127.5 of 255, as in the paper's figure 2).
        mean: Mean of red, green and blue. The network computes with (image - mean) / std, and its output is prediction
            * std + mean. Holes are set to zero after this normalisation.
        std: Divisor of red, green and blue, positive; see `mean`.
        head: Function after the last layer, in normalised units: "none"; "tanh"; or "leaky_conv_sigmoid": a leaky ReLU
            of slope 0.2, a 1x1 convolution of the three colours and a sigmoid.
        norm: "batch" for batch normalisation; "region" for region normalisation (Yu et al. 2020): by the mask in the
            encoder, by regions that it finds itself in the decoder. Such a network cannot be exported.

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
    mean: Colour = (0.0, 0.0, 0.0)
    std: Colour = (1.0, 1.0, 1.0)
    head: Head = "none"
    norm: Norm = "batch"

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            # Lists come from JSON; equal shapes have to compare as equal.
            object.__setattr__(self, name, tuple(float(value) for value in getattr(self, name)))
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
        if self.layer not in get_args(Layer):
            raise ValueError(f"layer must be one of {', '.join(get_args(Layer))}, not {self.layer!r}")
        if self.placeholder not in get_args(Placeholder):
            raise ValueError(f"placeholder must be one of {', '.join(get_args(Placeholder))}, not {self.placeholder!r}")
        if self.base != "none" and self.layer != "partial":
            raise ValueError(
                f"base={self.base!r} is made of partial convolutions and does not go with layer={self.layer!r}"
            )
        if len(self.mean) != 3 or not all(math.isfinite(value) for value in self.mean):
            raise ValueError(f"mean must be three finite numbers, not {list(self.mean)}")
        if len(self.std) != 3 or not all(math.isfinite(value) and value > 0 for value in self.std):
            raise ValueError(f"std must be three positive numbers, not {list(self.std)}")
        if self.head not in get_args(Head):
            raise ValueError(f"head must be one of {', '.join(get_args(Head))}, not {self.head!r}")
        if self.norm not in get_args(Norm):
            raise ValueError(f"norm must be one of {', '.join(get_args(Norm))}, not {self.norm!r}")
        if self.base != "none" and (self.normalizes or self.head != "none"):
            raise ValueError(f"base={self.base!r} has units of its own and does not go with mean, std or head")

    @property
    def channels(self) -> tuple[int, ...]:
        """Output channels of each encoder layer."""
        limit = self.max_width or 8 * self.width
        return tuple(min(self.width * 2**level, limit) for level in range(self.levels))

    @property
    def inputs(self) -> int:
        """Channels that encoder and decoder see of the image: the colours, and the mask where layers do not know it."""
        return 4 if self.layer == "gated" else 3

    @property
    def fills_holes(self) -> bool:
        """Whether the network sees a placeholder in the holes, and no mask."""
        return self.layer in ("conv", "padding")

    @property
    def outputs(self) -> int:
        """Channels of the last layer: three colours, and the logit of the interpolation's share, if any."""
        return 4 if self.interpolates else 3

    @property
    def interpolates(self) -> bool:
        """Whether the prediction is blended with an interpolation from the rims of the holes."""
        return self.base in ("pullpush", "membrane")

    @property
    def normalizes(self) -> bool:
        """Whether the image is normalised by `mean` and `std`."""
        return self.mean != (0.0, 0.0, 0.0) or self.std != (1.0, 1.0, 1.0)

    @property
    def multiple(self) -> int:
        """Height and width are padded to a multiple of this."""
        return int(2**self.levels)
