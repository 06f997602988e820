from __future__ import annotations

import numpy as np
import pytest

from bokwon.inpaint.finish.paper import gray_of, paper_of


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_strokes_are_gone_and_shade_stays(channels: tuple[int, ...]) -> None:
    light = np.full((200, 241, *channels), 0.8, np.float32)
    light[:, 120:] = 0.5
    paper = light.copy()
    light[40:50] = light[:, 20:28] = 0.1
    found = paper_of(light)
    assert found.shape == light.shape
    far = np.abs(np.arange(241) - 120) > 60
    np.testing.assert_allclose(found[:, far], paper[:, far], atol=1e-3)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_gray_is_the_mean_of_the_channels(channels: int) -> None:
    light = np.random.default_rng(0).random((30, 41, channels)).astype(np.float32)
    np.testing.assert_allclose(gray_of(light), light.mean(axis=2), atol=1e-6)
