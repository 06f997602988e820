"""Names that layouts give to layers, against the checkpoints that the implementations write."""

from __future__ import annotations

from typing import Any

import pytest

from bokwon.export.convert.layouts import LAYOUTS


@pytest.mark.parametrize(
    ("layout", "encoder", "decoder"),
    [
        # The first and the deepest level of eight.
        ("naoto0804", ("enc_1", "enc_8"), ("dec_1", "dec_8")),
        ("mmagic", ("encoder.enc1", "encoder.enc8"), ("decoder.dec1", "decoder.dec8")),
        ("xyfJASON", ("encoder1", "encoder8"), ("decoder1.partial_conv", "decoder8.partial_conv")),
        # These count on from the encoder, the deepest first.
        ("ja3067", ("conv1", "conv8"), ("conv16", "conv9")),
        ("keras", ("p_conv2d_1", "p_conv2d_8"), ("p_conv2d_16", "p_conv2d_9")),
    ],
)
def test_layers_by_their_level(layout: str, encoder: tuple[str, str], decoder: tuple[str, str]) -> None:
    found = LAYOUTS[layout]
    assert (found.encoder_layer(1), found.encoder_layer(8)) == encoder
    assert (found.decoder_layer(1, 8), found.decoder_layer(8, 8)) == decoder


@pytest.mark.parametrize(("layout", "levels"), [("naoto0804", 7), ("mmagic", 7), ("xyfJASON", 8), ("ja3067", 8)])
def test_kernels_and_biases_are_where_the_layout_says(layout: str, levels: int, published: dict[str, Any]) -> None:
    found = LAYOUTS[layout]
    state = {name.removeprefix(found.prefix): value for name, value in published[layout].state.items()}
    encoder = [found.encoder_layer(level) for level in range(1, levels + 1)]
    decoder = [found.decoder_layer(level, levels) for level in range(1, levels + 1)]
    kernels = {name for name, value in state.items() if value.ndim == 4 and not name.endswith(found.ignored)}
    assert kernels == {layer + found.weight for layer in encoder + decoder}
    biased = {layer for layer in encoder + decoder if layer + found.bias in state}
    ends = {encoder[0], decoder[0]}
    assert biased == {"all": {*encoder, *decoder}, "ends": ends, "last": {decoder[0]}}[found.biases]
    normed = {layer for layer in encoder + decoder if f"{layer}{found.norm}.running_mean" in state}
    assert normed == {*encoder, *decoder} - ({decoder[0]} if found.first_norm else ends)
