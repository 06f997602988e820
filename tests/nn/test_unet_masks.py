"""The forms in which the network takes images and masks, and what it refuses."""

import pytest
import torch

from bokwon.nn.unet import PConvUNet


def _inputs():
    torch.manual_seed(1)
    image, valid = torch.rand(2, 3, 64, 64), torch.ones(2, 1, 64, 64)
    valid[:, :, 10:30, 20:50] = 0
    return image, valid


@pytest.mark.parametrize("options", [{}, {"base": "membrane"}, {"layer": "conv"}])
def test_masks_may_have_other_forms(options):
    network = PConvUNet(levels=4, width=4, **options).eval()
    image, valid = _inputs()
    expected = network(image, valid)
    for form in (valid.expand(-1, 3, -1, -1), valid[:1], valid[:1].repeat(1, 3, 1, 1), valid.bool(), valid.byte()):
        assert torch.equal(network(image, form), expected)
    for form in (valid[0], valid[0].repeat(3, 1, 1)):
        torch.testing.assert_close(network(image[0], form), expected[0], atol=1e-5, rtol=1e-5)
    assert torch.equal(network(image), network(image, torch.ones_like(valid)))
    torch.testing.assert_close(network(image[0]), network(image)[0], atol=1e-5, rtol=1e-5)


def test_masks_with_other_values_are_refused():
    network = PConvUNet(levels=2, width=2)
    image, valid = _inputs()
    with pytest.raises(ValueError, match=r"the mask has the value 0\.5"):
        network(image, valid * 0.5)
    unlike = valid.repeat(1, 3, 1, 1)
    unlike[:, 1] = 1
    with pytest.raises(ValueError, match="the channels of valid differ"):
        network(image, unlike)
    with pytest.raises(ValueError, match=r"torch\.uint8 .*divide integers by 255"):
        network((image * 255).byte(), valid)


@pytest.mark.parametrize("options", [{}, {"base": "membrane"}, {"layer": "conv"}])
def test_where_a_mask_cannot_be_refused_the_output_is_nan(options, monkeypatch):
    monkeypatch.setattr("bokwon.nn.masks.can_read", lambda tensor: False)
    network = PConvUNet(levels=4, width=2, **options).eval()
    image, valid = _inputs()
    assert network(image, valid).isfinite().all()
    assert network(image, valid * 0.5).isnan().any()
    unlike = valid.repeat(1, 3, 1, 1)
    unlike[:, 1] = 1
    assert network(image, unlike).isnan().any()


@pytest.mark.parametrize(
    ("image", "valid"),
    [
        ((2, 1, 8, 8), (2, 1, 8, 8)),
        ((2, 3, 8, 8), (2, 4, 8, 8)),
        ((2, 3, 8, 8), (3, 1, 8, 8)),
        ((2, 3, 8, 8), (1, 8, 8)),
        ((2, 3, 8, 8), (2, 1, 8, 9)),
        ((3, 8, 8), (2, 1, 8, 8)),
        ((8, 8), (8, 8)),
    ],
)
def test_other_shapes_are_refused(image, valid):
    with pytest.raises(ValueError, match="shape"):
        PConvUNet(levels=2, width=2)(torch.rand(image), torch.ones(valid))
