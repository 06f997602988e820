"""What surrounds the network in its graph computes what `bokwon.nn.lowpass` computes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from bokwon.export import lowpass
from bokwon.export.nodes import Graph
from bokwon.export.session import open_session
from bokwon.nn.lowpass import dense_evidence, masked_lowpass, masked_rms, pull_push


def example(height: int = 64, width: int = 96) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    valid = (torch.rand(2, 1, height, width, generator=generator) > 0.2).float()
    valid[:, :, 10:50, 20:90] = 0
    # Alone in the hole.
    valid[:, :, 30:31, 50:51] = 1
    return torch.rand(2, 3, height, width, generator=generator) * valid, valid


def run(write: Callable[[Graph], str], image: torch.Tensor, valid: torch.Tensor, **more: np.ndarray) -> np.ndarray:
    graph = Graph(half=False)
    graph.op("Identity", write(graph), out="restored")
    session = open_session(graph.model().SerializeToString())
    return np.asarray(session.run(None, {"image": image.numpy(), "valid": valid.numpy(), **more})[0])


def test_lone_pixels_are_left_out() -> None:
    image, valid = example()
    found = run(lambda graph: lowpass.dense_evidence(graph, "valid"), image, valid)
    np.testing.assert_array_equal(found, dense_evidence(valid).numpy())
    assert not found[:, :, 30, 50].any()


@pytest.mark.parametrize("size", [(16, 16), (64, 96), (48, 1040)])
def test_the_low_pass_is_the_network_s(size: tuple[int, int]) -> None:
    image, valid = example(*size)
    found = run(lambda graph: lowpass.lowpass(graph, "image", "valid"), image, valid)
    np.testing.assert_allclose(found, masked_lowpass(image, valid).numpy(), atol=1e-5)


def test_the_interpolation_is_the_network_s() -> None:
    image, valid = example()
    found = run(lambda graph: lowpass.pull_push(graph, "image", "valid"), image, valid)
    np.testing.assert_allclose(found, pull_push(image, valid).numpy(), atol=1e-5)


def test_the_contrast_is_the_network_s_unless_another_is_given() -> None:
    image, valid = example()

    def write(graph: Graph) -> str:
        return lowpass.given_or(graph, lowpass.rms(graph, "image", "valid"))

    np.testing.assert_allclose(run(write, image, valid), masked_rms(image, valid).numpy(), rtol=1e-5)
    given = run(write, image, valid, scale=np.array([0.7], np.float32))
    np.testing.assert_allclose(given, np.full((2, 1, 1, 1), 0.7), rtol=1e-6)


def test_the_fourth_channel_says_how_far_the_interpolation_is_followed() -> None:
    def write(graph: Graph) -> str:
        share = graph.op("Mul", "valid", graph.number(40))
        logit = graph.op("Sub", share, graph.number(20))
        output = graph.op("Concat", "image", logit, axis=1)
        return lowpass.blend(graph, output, graph.op("Add", "image", graph.number(1)))

    image, valid = example()
    # A logit of 20 is all of it, one of -20 none of it.
    np.testing.assert_allclose(run(write, image, valid), (image + valid).numpy(), atol=1e-6)
