"""How other implementations of the paper name, order and scale the weights of the same network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bokwon.nn.features import IMAGENET_MEAN, IMAGENET_STD
from bokwon.nn.unet_config import Colour, Head

__all__ = ["LAYOUTS", "Layout"]

Biases = Literal["all", "ends", "last"]
Ratio = Literal["window", "plane", "none"]
_HALF = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Layout:
    """The layout of another implementation's checkpoints.

    The name of a tensor is a pattern with the level of the layer, followed by a suffix that is the same in all layers.
    Levels count from 1 at the size of the image.

    Attributes:
        repository: Where it is published.
        encoder: Pattern of an encoder layer's name, with `{n}` for its level.
        decoder: Pattern of a decoder layer's name, likewise. `{m}` continues the numbers of the encoder, the deepest
            layer first.
        weight: Suffix of the kernel (outs, ins, K, K).
        bias: Suffix of the bias.
        norm: Suffix of batch normalisation, followed by `.weight` and so on.
        biases: Which layers have a bias: "all", only the "last", or both "ends" (the first and the last).
        first_norm: Whether batch normalisation follows the first layer too, not only the layers between the first and
            the last.
        prefix: A prefix that all names may have. If they have it, tensors without it belong to another network.
        ignored: Suffixes of tensors that hold no weights.
        levels: Number of encoder layers; None if checkpoints differ.
        ratio: Factor of the sum over a window, where sum(M) is over the C channels of the mask and K x K taps: "window"
            is C K K / sum(M), as in the paper; "plane" is K K / sum(M); "none" is 1 / sum(M).
        skip_first: Whether the input of a decoder layer is first the skip connection, then the upsampled features.
        epsilon: Added to the variance in batch normalisation.
        mean: Input and output of the network are in units of (image - mean) / std.
        std: See `mean`.
        head: Head after the last layer.
    """

    repository: str
    encoder: str
    decoder: str
    weight: str
    bias: str
    norm: str
    biases: Biases
    first_norm: bool = False
    prefix: str = "module."
    ignored: tuple[str, ...] = ()
    levels: int | None = None
    ratio: Ratio = "window"
    skip_first: bool = False
    epsilon: float = 1e-5
    mean: Colour = (0.0, 0.0, 0.0)
    std: Colour = (1.0, 1.0, 1.0)
    head: Head = "none"

    def encoder_layer(self, level: int) -> str:
        """Return the name of an encoder layer; levels count from 1 at the image's size."""
        return self.encoder.format(n=level)

    def decoder_layer(self, level: int, levels: int) -> str:
        """Return the name of a decoder layer; its output has the size of the encoder layer's input of that level."""
        return self.decoder.format(n=level, m=2 * levels + 1 - level)


LAYOUTS = {
    "naoto0804": Layout(
        "https://github.com/naoto0804/pytorch-inpainting-with-partial-conv",
        encoder="enc_{n}",
        decoder="dec_{n}",
        weight=".conv.input_conv.weight",
        bias=".conv.input_conv.bias",
        norm=".bn",
        biases="last",
        ignored=(".conv.mask_conv.weight",),
        ratio="none",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
    ),
    "mmagic": Layout(
        "https://github.com/open-mmlab/mmagic",
        encoder="encoder.enc{n}",
        decoder="decoder.dec{n}",
        weight=".conv.weight",
        bias=".conv.bias",
        norm=".bn",
        biases="ends",
        prefix="generator.",
        ignored=(".conv.weight_mask_updater",),
        mean=_HALF,
        std=_HALF,
    ),
    "xyfJASON": Layout(
        "https://github.com/xyfJASON/PartialConv-Inpainting-pytorch",
        encoder="encoder{n}",
        decoder="decoder{n}.partial_conv",
        weight=".conv.weight",
        bias=".bias",
        norm=".norm",
        biases="all",
        ignored=(".mask_conv_weight",),
        mean=_HALF,
        std=_HALF,
    ),
    "ja3067": Layout(
        "https://github.com/ja3067/pytorch-inpainting-partial-conv",
        encoder="conv{n}",
        decoder="conv{m}",
        weight=".conv.weight",
        bias=".conv.bias",
        norm=".bn",
        biases="last",
        first_norm=True,
        levels=8,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        head="tanh",
    ),
    # The names are those that `bokwon.export.convert.keras` gives: the file's own carry the numbers of a session.
    "keras": Layout(
        "https://github.com/MathiasGruber/PConv-Keras",
        encoder="p_conv2d_{n}",
        decoder="p_conv2d_{m}",
        weight="/img_kernel",
        bias="/bias",
        norm="/norm",
        biases="all",
        levels=8,
        ratio="plane",
        skip_first=True,
        epsilon=1e-3,
        head="leaky_conv_sigmoid",
    ),
}
