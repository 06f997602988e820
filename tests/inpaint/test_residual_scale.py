"""The page's contrast: the same measure as the network's own, taken once."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.inpaint.residual_scale import dense_evidence, page_contrast, residual
from bokwon.inpaint.runtime_facts import LowPass, read_facts

LOWPASS = LowPass()


def noise(shape: tuple[int, ...], dtype: type[np.generic] = np.uint8) -> np.ndarray:
    return np.random.default_rng(3).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(128, 128), (256, 640)])
def test_it_is_what_the_network_computes(size: tuple[int, int], dtype: type[np.generic]) -> None:
    torch = pytest.importorskip("torch")
    from dataclasses import asdict

    from bokwon.export.model import facts_of
    from bokwon.nn.lowpass import dense_evidence, masked_lowpass, masked_rms
    from bokwon.nn.unet import PConvUNet

    # As a card tells them of a network that is exported now.
    facts = read_facts({"runtime": asdict(facts_of(PConvUNet(levels=4, width=2, base="lowpass"), ["float32"]))})
    lowpass = facts.lowpass
    assert lowpass is not None
    light = noise((*size, 3), dtype)
    missing = np.random.default_rng(1).random(size) < 0.3
    missing[20:120, 10:125] = True
    # Alone in a hole: no evidence.
    missing[60, 60] = False
    valid = dense_evidence(torch.from_numpy(~missing).float()[None, None])
    image = torch.from_numpy(light.astype(np.float32) / np.iinfo(dtype).max).permute(2, 0, 1)[None] * valid
    expected = (image - masked_lowpass(image, valid)) * valid
    rest, known = residual(light, missing, lowpass)
    np.testing.assert_array_equal(known, valid[0, 0].numpy() > 0)
    assert not known[60, 60]
    np.testing.assert_allclose(rest, expected[0].permute(1, 2, 0).numpy(), atol=1e-5)
    if max(size) <= 512:
        contrast = float(masked_rms(expected, valid))
        assert page_contrast(light, "RGB", missing, lowpass) == pytest.approx((contrast,), rel=1e-4)


def test_gray_is_as_the_same_in_three_channels() -> None:
    gray = noise((200, 300))
    missing = np.zeros(gray.shape, bool)
    rgb = np.repeat(gray[..., None], 3, axis=2)
    (of_rgb,) = page_contrast(rgb, "RGB", missing, LOWPASS)
    assert page_contrast(gray, "L", missing, LOWPASS) == pytest.approx((of_rgb,), rel=1e-5)


def test_what_lies_in_the_hole_and_in_alpha_does_not_count() -> None:
    pixels = noise((300, 300, 4))
    missing = np.zeros((300, 300), bool)
    missing[100:200, 50:250] = True
    other = pixels.copy()
    other[missing] = 0
    other[..., 3] = 7
    assert page_contrast(pixels, "RGBA", missing, LOWPASS) == page_contrast(other, "RGBA", missing, LOWPASS)


def test_cmyk_has_one_for_its_colours_and_one_for_black() -> None:
    pixels = np.zeros((128, 128, 4), np.uint8)
    pixels[::2, :, :3] = 100
    colours, black = page_contrast(pixels, "CMYK", np.zeros((128, 128), bool), LOWPASS)
    assert colours == pytest.approx(50 / 255, rel=0.01)
    # A blank page's noise is not blown up.
    assert black == pytest.approx(0.02)


def test_a_large_page_is_sampled_evenly_and_where_nothing_is_known_it_is_zero() -> None:
    pixels = np.zeros((4000, 3000), np.uint8)
    pixels[:, 1::2] = 200
    missing = np.zeros(pixels.shape, bool)
    assert page_contrast(pixels, "L", missing, LOWPASS) == pytest.approx((100 / 255,), rel=0.01)
    missing[:] = True
    assert page_contrast(pixels, "L", missing, LOWPASS) == (0.0,)


def test_another_low_pass_measures_otherwise() -> None:
    rows = np.linspace(0, 255, 512)[:, None]
    slope = np.broadcast_to(rows, (512, 512)).round().astype(np.uint8)
    missing = np.zeros(slope.shape, bool)
    (usual,), (coarse,) = (page_contrast(slope, "L", missing, LowPass(cell=cell)) for cell in (16, 128))
    # A slope is nearly all low-pass in small cells, and less so in large ones.
    assert usual == pytest.approx(0.02)
    assert coarse > 0.03
    (least,) = page_contrast(slope, "L", missing, LowPass(minimum_rms=0.3))
    assert least == pytest.approx(0.3)


def test_what_counts_as_evidence_is_the_model_s_own() -> None:
    known = np.zeros((60, 60), bool)
    known[:, :20] = known[40, 40] = True
    assert not dense_evidence(known, LOWPASS)[40, 40]
    assert dense_evidence(known, LowPass(neighbourhood=3))[40, 40]
    assert dense_evidence(known, LowPass(sparse=0.0))[40, 40]
