"""The segmentation network and its loss."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the network needs PyTorch, which is in bokwon[train]")

from bokwon.nn.segmentation import (  # noqa: E402
    SegmentationConfig,
    SegmentationNet,
    class_loss,
    scene_loss,
    standardise,
)

TINY = SegmentationConfig(classes=4, widths=(4, 6, 8), decoder=(4, 4, 6), context=(1, 2))


def test_every_pixel_gets_its_classes() -> None:
    network = SegmentationNet(TINY).eval()
    assert TINY.multiple == 16
    assert network(torch.rand(2, 3, 32, 48)).shape == (2, 4, 32, 48)


def test_the_encoder_sees_no_tone() -> None:
    image = torch.rand(1, 3, 32, 32) * 0.5
    assert torch.allclose(standardise(image), standardise(image + 0.3), atol=1e-4)


def test_what_is_found_does_not_depend_on_what_lies_far_off() -> None:
    torch.manual_seed(0)
    network = SegmentationNet(replace(TINY, context=())).eval()
    image = torch.rand(1, 3, 32, 256)
    other = image.clone()
    other[..., 192:] = torch.rand(1, 3, 32, 64)
    with torch.no_grad():
        assert torch.equal(network(image)[..., :64], network(other)[..., :64])


def test_context_sees_farther() -> None:
    torch.manual_seed(0)
    network = SegmentationNet(replace(TINY, context=(1, 2, 4))).eval()
    image = torch.rand(1, 3, 32, 256)
    other = image.clone()
    other[..., 192:] = torch.rand(1, 3, 32, 64)
    with torch.no_grad():
        assert not torch.equal(network(image)[..., :128], network(other)[..., :128])


def test_four_steps_see_all_pixels() -> None:
    torch.manual_seed(0)
    network = SegmentationNet(TINY)
    image, labels = torch.rand(1, 3, 32, 32), torch.randint(0, 4, (1, 32, 32))
    told = {"not_damage": 254, "ignore": 255}
    with torch.no_grad():
        quarters = torch.stack([scene_loss(network, image, labels, step, **told) for step in range(4)]).mean()
        _, coarse = network.features(image)
        whole = class_loss(network(image), labels, **told) + 0.5 * class_loss(coarse, labels[:, 4::8, 4::8], **told)
    assert float(quarters) == pytest.approx(float(whole), rel=1e-5)


def test_levels_of_encoder_and_decoder_are_the_same_number() -> None:
    with pytest.raises(ValueError, match="same number of levels"):
        SegmentationConfig(widths=(4, 6, 8), decoder=(4, 6))


def test_residual_blocks_start_as_the_identity() -> None:
    torch.manual_seed(0)
    plain = SegmentationNet(TINY).eval()
    deeper = SegmentationNet(replace(TINY, blocks=(0, 1, 2))).eval()
    deeper.load_state_dict(plain.state_dict(), strict=False)
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(plain(image), deeper(image))
        for parameter in deeper.blocks.parameters():
            parameter.normal_()
        assert not torch.equal(plain(image), deeper(image))


def test_residual_blocks_are_told_for_every_level() -> None:
    with pytest.raises(ValueError, match="blocks needs 3 numbers"):
        SegmentationConfig(widths=(4, 6, 8), decoder=(4, 4, 6), blocks=(1, 1))


def test_the_network_learns_which_pixels_are_red() -> None:
    torch.manual_seed(0)
    network = SegmentationNet(TINY)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    image = torch.rand(4, 3, 32, 32)
    labels = (image[:, 0] > 0.5).long() * 2
    losses = []
    for _ in range(60):
        loss = class_loss(network(image), labels, not_damage=254, ignore=255)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_the_loss_by_hand() -> None:
    # Four pixels, three classes, all equally likely: log 3 where the class is known, log 3/2 where two answers are as
    # good as each other, nothing where the pixel does not count.
    logits = torch.zeros(1, 3, 1, 4)
    labels = torch.tensor([[[2, 0, 254, 255]]])
    loss = class_loss(logits, labels, not_damage=254, ignore=255)
    assert float(loss) == pytest.approx((2 * math.log(3) + math.log(1.5)) / 4, rel=1e-5)
    # The one pixel of channel 0: half of log 3 and half of log 3/2.
    parted = class_loss(logits, labels, not_damage=254, ignore=255, parting=0.5)
    assert float(parted) == pytest.approx((1.5 * math.log(3) + 1.5 * math.log(1.5)) / 4, rel=1e-5)
    weighted = class_loss(logits, labels, not_damage=254, ignore=255, weights=(1, 1, 5))
    assert float(weighted) == pytest.approx((6 * math.log(3) + math.log(1.5)) / 4, rel=1e-5)


def test_surroundings_and_sheet_are_as_good_as_each_other_where_nobody_knows() -> None:
    logits = torch.zeros(1, 3, 1, 1)
    logits[0, 1] = 50
    label = torch.full((1, 1, 1), 254)
    assert float(class_loss(logits, label, not_damage=254, ignore=255)) < 1e-6
    logits[0, 1], logits[0, 2] = 0, 50
    assert float(class_loss(logits, label, not_damage=254, ignore=255)) > 40
