"""What the loss consists of at which step, and the learning rate."""

import dataclasses
import math

import pytest
import torch

from bokwon.errors import ArgumentError, FileAccessError
from bokwon.nn.features import VGGFeatures
from bokwon.nn.losses.terms import feature_distance, make_composite
from bokwon.training.config import FinetuneConfig, LossConfig, TrainConfig
from bokwon.training.objective import (
    Objective,
    charbonnier_in_holes,
    loss_weights,
    psnr_in_holes,
    squared_in_holes,
    windows,
)

SIX = ["valid", "hole", "perceptual", "style_out", "style_comp", "tv"]


@pytest.fixture(scope="module")
def vgg_file(tmp_path_factory):
    """Weights of VGG16's first three blocks, random but of ordinary scale."""
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(0)
    blocks, channels, index, state = (2, 2, 3), 3, 0, {}
    for count, width in zip(blocks, (64, 128, 256), strict=True):
        for _ in range(count):
            scale = (2 / (9 * channels)) ** 0.5
            state[f"features.{index}.weight"] = torch.randn(width, channels, 3, 3, generator=generator) * scale
            state[f"features.{index}.bias"] = torch.zeros(width)
            channels, index = width, index + 2
        index += 1
    path = tmp_path_factory.mktemp("vgg") / "vgg16.safetensors"
    save_file(state, path)
    return str(path)


def test_the_square_is_a_mean_over_the_holes():
    output, truth, valid = _batch()
    off = truth.clone()
    off[:, :, 8:16, 8:24] += 0.5
    off[:, :, 20:, :] += 9.0
    assert squared_in_holes(off, truth, valid).item() == pytest.approx(0.25)
    assert squared_in_holes(output, truth, torch.ones_like(valid)).item() == 0
    config = LossConfig(average="region", features="none", valid=0.0, hole=1.0, square=4.0, tv=0.0)
    total, terms = Objective(TrainConfig(loss=config), torch.device("cpu"))(0, off, truth, valid)
    assert terms["square"].item() == pytest.approx(0.25)
    assert total.item() == pytest.approx(0.5 + 4 * 0.25)


def test_charbonnier_is_a_mean_over_the_holes():
    output, truth, valid = _batch()
    off = truth.clone()
    off[:, :, 8:16, 8:24] += 0.25
    off[:, :, 20:, :] += 9.0
    expected = (0.25**2 + 0.02**2) ** 0.25
    assert charbonnier_in_holes(off, truth, valid).item() == pytest.approx(expected)
    assert charbonnier_in_holes(output, truth, torch.ones_like(valid)).item() == 0
    config = LossConfig(average="region", features="none", valid=0.0, hole=1.0, charbonnier=2.0, tv=0.0)
    total, terms = Objective(TrainConfig(loss=config), torch.device("cpu"))(0, off, truth, valid)
    assert terms["charbonnier"].item() == pytest.approx(expected)
    assert total.item() == pytest.approx(0.25 + 2 * expected)


def test_charbonnier_settles_for_ink_or_paper_and_the_others_for_gray():
    # Of ten pages eight have paper, 0.9, at some pixel, and two ink, 0.1: the mean is 0.74.
    truth = torch.full((10, 3, 2, 2), 0.9)
    truth[:2] = 0.1
    valid = torch.zeros(10, 1, 2, 2)
    values = torch.linspace(0.0, 1.0, 101)

    def best(distance):
        losses = [distance(torch.full_like(truth, value), truth, valid).item() for value in values]
        return values[losses.index(min(losses))].item()

    assert best(squared_in_holes) == pytest.approx(0.74, abs=0.01)
    assert best(charbonnier_in_holes) == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize("paper", [0.9, 0.1])
def test_in_doubt_charbonnier_settles_for_paper(paper):
    ink = 1 - paper
    # Mostly paper; in the hole six pixels of ten were ink.
    truth = torch.full((1, 3, 10, 40), paper)
    truth[..., :6, 30:] = ink
    valid = torch.ones(1, 1, 10, 40)
    valid[..., 30:] = 0

    def best(doubt):
        candidates = torch.linspace(0, 1, 101)
        losses = [
            charbonnier_in_holes(torch.full_like(truth, float(value)), truth, valid, doubt) for value in candidates
        ]
        return float(candidates[torch.stack(losses).argmin()])

    assert best(1.0) == pytest.approx(ink, abs=0.011)
    assert best(2.0) == pytest.approx(paper, abs=0.011)


def test_charbonnier_has_finite_gradients_where_nothing_is_wrong():
    truth = torch.full((2, 3, 32, 32), 0.5)
    output = truth.clone().requires_grad_()
    charbonnier_in_holes(output, truth, torch.zeros(2, 1, 32, 32)).backward()
    assert output.grad is not None
    assert not output.grad.any()


def test_the_psnr_is_a_mean_over_images_and_more_is_better():
    truth = torch.full((3, 3, 32, 32), 0.5)
    valid = torch.ones(3, 1, 32, 32)
    valid[0, :, :4] = 0
    valid[1, :, :16] = 0
    off = truth.clone()
    off[0, :, :4] += 0.1  # 20 dB in a small hole
    off[1, :, :16] -= 0.01  # 40 dB in a large one
    off[2] += 0.3  # nothing is missing here
    floor = 1e-4
    expected = -10 * (math.log10(0.01 + floor) + math.log10(0.0001 + floor)) / 2
    assert psnr_in_holes(off, truth, valid).item() == pytest.approx(expected, abs=1e-3)
    assert psnr_in_holes(truth, truth, valid).item() == pytest.approx(40.0, abs=1e-3)
    assert psnr_in_holes(off, truth, torch.ones_like(valid)).item() == 0
    config = LossConfig(average="region", features="none", valid=0.0, hole=1.0, psnr=0.02, tv=0.0)
    total, terms = Objective(TrainConfig(loss=config), torch.device("cpu"))(0, off, truth, valid)
    absolute = (4 * 0.1 + 16 * 0.01) / 20
    assert total.item() == pytest.approx(absolute - 0.02 * expected, abs=1e-4)
    assert terms["psnr"].item() == pytest.approx(expected, abs=1e-3)


def test_the_psnr_has_finite_gradients_where_nothing_is_wrong():
    truth = torch.full((2, 3, 32, 32), 0.5)
    valid = torch.ones(2, 1, 32, 32)
    valid[0, :, :4] = 0
    output = truth.clone().requires_grad_()
    psnr_in_holes(output, truth, valid).backward()
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()


def _batch():
    torch.manual_seed(0)
    valid = torch.ones(2, 1, 32, 32)
    valid[:, :, 8:16, 8:24] = 0
    return torch.rand(2, 3, 32, 32, requires_grad=True), torch.rand(2, 3, 32, 32), valid


def _objective(loss, steps=10, finetune=0):
    config = TrainConfig(loss=loss, steps=steps, finetune=FinetuneConfig(steps=finetune))
    return Objective(config, torch.device("cpu"))


def test_six_terms_from_the_start(vgg_file):
    objective = _objective(LossConfig(features_file=vgg_file))
    output, truth, valid = _batch()
    total, terms = objective(0, output, truth, valid)
    assert list(terms) == SIX
    weights = dict(zip(SIX, (1, 6, 0.05, 120, 120, 0.1), strict=True))
    assert total.item() == pytest.approx(sum(weights[n] * terms[n].item() for n in SIX), rel=1e-5)
    total.backward()
    assert output.grad.abs().sum() > 0
    assert not any(term.requires_grad for term in terms.values())


def test_l1_first_and_all_terms_in_the_last_part(vgg_file):
    # 8 + 2 steps, all terms from 70 % on: steps 0 to 6 without.
    objective = _objective(LossConfig(features_file=vgg_file, features_from=0.7), 8, 2)
    output, truth, valid = _batch()
    assert [list(objective(step, output, truth, valid)[1]) for step in (0, 6)] == [["valid", "hole"]] * 2
    assert [list(objective(step, output, truth, valid)[1]) for step in (7, 9)] == [SIX] * 2


def test_windows_are_cut_at_the_same_places_of_every_batch_and_depend_on_the_step():
    places = torch.arange(3 * 20 * 30.0).view(3, 1, 20, 30)
    first, second = windows((places, places.expand(3, 2, 20, 30)), 16, step=5)
    assert first.shape == (3, 1, 16, 16)
    torch.testing.assert_close(second, first.expand(3, 2, 16, 16))
    for image, cut in zip(places, first, strict=True):
        top, left = divmod(int(cut[0, 0, 0] - image[0, 0, 0]), 30)
        torch.testing.assert_close(cut, image[:, top : top + 16, left : left + 16])
    assert torch.equal(windows((places,), 16, step=5)[0], first)
    assert not torch.equal(windows((places,), 16, step=6)[0], first)
    assert windows((places,), 0, step=5)[0] is places
    assert windows((places,), 20, step=5)[0] is places


def test_features_of_windows_leave_the_l1_terms_over_the_whole_image(vgg_file):
    output, truth, valid = _batch()
    whole, part = (_objective(LossConfig(features_file=vgg_file, features_crop=crop)) for crop in (0, 16))
    (_, all_of_it), (total, in_windows) = whole(3, output, truth, valid), part(3, output, truth, valid)
    assert list(in_windows) == list(all_of_it) == SIX
    for name in ("valid", "hole"):
        torch.testing.assert_close(in_windows[name], all_of_it[name])
    assert in_windows["perceptual"] != all_of_it["perceptual"]
    expected = sum(loss_weights(part.config)[name] * in_windows[name] for name in SIX)
    torch.testing.assert_close(total, expected)
    # A window that is the image is the image.
    same = _objective(LossConfig(features_file=vgg_file, features_crop=32))
    torch.testing.assert_close(same(3, output, truth, valid)[1], all_of_it)


def test_the_feature_distance_is_that_of_evaluation_and_of_the_composite(vgg_file):
    output, truth, valid = _batch()
    plain, weighted = (
        _objective(LossConfig(features_file=vgg_file, feature_distance=weight))(0, output, truth, valid)
        for weight in (0.0, 3.0)
    )
    assert list(weighted[1]) == [*SIX, "feature_distance"]
    assert list(plain[1]) == SIX
    network = VGGFeatures("vgg16", vgg_file)
    maps = [network(image) for image in (make_composite(output, truth, valid), truth)]
    expected = feature_distance(*maps).mean()
    assert expected > 0
    torch.testing.assert_close(weighted[1]["feature_distance"], expected)
    torch.testing.assert_close(weighted[0], plain[0] + 3 * expected)


def test_the_feature_distance_moves_the_hole_and_nothing_else(vgg_file):
    output, truth, valid = _batch()
    output.requires_grad_()
    config = LossConfig(features_file=vgg_file, feature_distance=1.0, valid=1e-9, hole=0, perceptual=0, tv=0)
    config = dataclasses.replace(config, style_out=0, style_comp=0)
    _objective(config)(0, output, truth, valid)[0].backward()
    moved = output.grad.abs().sum(1, keepdim=True)
    assert float((moved * (1 - valid)).mean()) > 1e3 * float((moved * valid).mean())


def test_a_feature_distance_needs_features():
    with pytest.raises(ArgumentError, match=r"loss\.feature_distance is 0\.5") as raised:
        LossConfig(features="none", feature_distance=0.5)
    assert "vgg19" in raised.value.fix
    with pytest.raises(ArgumentError, match="finite"):
        LossConfig(feature_distance=-1.0)


def test_the_seed_has_its_own_terms(vgg_file):
    objective = _objective(LossConfig(terms="reimplementation", features_file=vgg_file))
    _, terms = objective(0, *_batch())
    assert sorted(terms) == sorted(["valid", "hole", "tv", "perceptual", "style"])
    assert objective.weights["style"] == 240


def test_without_features_no_network_is_loaded():
    objective = _objective(LossConfig(features="none"))
    assert objective.features is None
    assert list(objective(0, *_batch())[1]) == ["valid", "hole", "tv"]


def test_the_region_s_mean_is_over_the_region():
    truth, valid = torch.zeros(1, 3, 32, 32), torch.ones(1, 1, 32, 32)
    valid[..., :4, :4] = 0
    output = torch.where(valid.bool(), 0.1, 0.5).expand(1, 3, -1, -1)
    image = _objective(LossConfig(features="none"))(0, output, truth, valid)[1]
    region = _objective(LossConfig(features="none", average="region"))(0, output, truth, valid)[1]
    assert image["hole"].item() == pytest.approx(0.5 * 16 / 1024)
    assert region["hole"].item() == pytest.approx(0.5)
    assert region["valid"].item() == pytest.approx(0.1)


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_an_empty_region_counts_nothing(fill):
    truth, valid = torch.zeros(1, 3, 32, 32), torch.full((1, 1, 32, 32), fill)
    _, terms = _objective(LossConfig(features="none", average="region"))(0, truth + 0.5, truth, valid)
    assert terms["hole" if fill else "valid"].item() == 0
    assert terms["valid" if fill else "hole"].item() == pytest.approx(0.5)


def test_weights_are_the_definition_s_unless_they_are_said():
    assert loss_weights(LossConfig(hole=2, style_out=3, style_comp=3)) == {
        "valid": 1,
        "hole": 2,
        "perceptual": 0.05,
        "style_out": 3,
        "style_comp": 3,
        "tv": 0.1,
    }


def test_features_that_are_not_there_are_missed_at_the_start(tmp_path):
    with pytest.raises(FileAccessError):
        _objective(LossConfig(features_file=str(tmp_path / "none.safetensors"), features_from=0.9))


def test_the_feature_network_s_type_is_the_run_s(vgg_file):
    config = TrainConfig(loss=LossConfig(features_file=vgg_file))
    objective = Objective(config, torch.device("cpu"), torch.bfloat16)
    assert isinstance(objective.features, VGGFeatures)
    total, _ = objective(0, *_batch())
    assert total.dtype == torch.float32
    assert total.isfinite()
