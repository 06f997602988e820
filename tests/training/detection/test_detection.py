"""Training the damage detector: scenes on disk, crops, a run that is interrupted and resumed, export."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is in bokwon[train]")

from bokwon.detection.detector import Detector  # noqa: E402
from bokwon.errors import ArgumentError, InputFileError, OutputExistsError  # noqa: E402
from bokwon.export.detector import export_detector_checkpoint  # noqa: E402
from bokwon.nn.segmentation import SegmentationConfig  # noqa: E402
from bokwon.nn.unet import PConvUNet  # noqa: E402
from bokwon.training import checkpoint  # noqa: E402
from bokwon.training.detection.config import DetectionConfig, ScenesConfig  # noqa: E402
from bokwon.training.detection.loop import train  # noqa: E402
from bokwon.training.detection.scene_files import SceneCrops, augment, make_scenes  # noqa: E402
from bokwon.training.load_config import load, override, preset  # noqa: E402

SCENES = ScenesConfig(count=3, size=96)
TINY = DetectionConfig(
    network=SegmentationConfig(widths=(4, 6, 8), decoder=(4, 4, 6), frozen=False),
    scenes=SCENES,
    steps=3,
    batch=2,
    crop=64,
    precision="fp32",
    workers=0,
    save_every=2,
)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_scenes(SCENES, tmp_path_factory.mktemp("scenes"))


def test_scenes_are_made_once(scenes: list[Path]) -> None:
    folder = scenes[0].parent
    made = scenes[0].stat().st_mtime_ns
    assert make_scenes(SCENES, folder) == scenes
    assert scenes[0].stat().st_mtime_ns == made
    with pytest.raises(ArgumentError, match="other settings"):
        make_scenes(ScenesConfig(count=3, size=128), folder)


def test_crops_depend_on_seed_and_number_alone(scenes: list[Path]) -> None:
    crops = SceneCrops(scenes, 10, 64, 0)
    image, labels = crops[7]
    again, same = SceneCrops(scenes, 20, 64, 0)[7]
    assert image.shape == (3, 64, 64)
    assert labels.shape == (64, 64)
    assert 0 <= float(image.min()) <= float(image.max()) <= 1
    assert torch.equal(image, again)
    assert torch.equal(labels, same)
    assert not torch.equal(image, crops[8][0])


def test_labels_move_with_the_image() -> None:
    image = np.zeros((96, 96, 3), np.uint8)
    image[20:50, 30:70] = 255
    labels = np.where(image[..., 0] > 0, 2, 0).astype(np.uint8)
    agreeing = []
    for number in range(30):
        pixels, classes = augment(np.random.default_rng(number), image, labels, 64)
        bright = pixels.mean(-1) > 127
        agreeing.append((bright == (classes == 2)).mean())
    # A negative now and then disagrees everywhere.
    assert np.median(agreeing) > 0.98


def test_a_run_is_saved_resumed_and_exported(scenes: list[Path], tmp_path: Path) -> None:
    told = override(TINY, [f"scenes.folder={json.dumps(str(scenes[0].parent))}"])
    seen: list[int] = []
    last = train(told, tmp_path / "run", progress=lambda step, figures: seen.append(step))
    assert seen == [1, 2, 3]
    assert last.name == "step_000003"
    assert checkpoint.is_detector(tmp_path / "run")
    with pytest.raises(OutputExistsError):
        train(told, tmp_path / "run")
    longer = override(told, ["steps=5"])
    assert train(longer, tmp_path / "run", resume=True).name == "step_000005"
    with pytest.raises(InputFileError, match="of another run"):
        train(override(longer, ["network.decoder=[4, 6, 6]"]), tmp_path / "run", resume=True)

    model = tmp_path / "tiny.onnx"
    assert export_detector_checkpoint(tmp_path / "run", model) < 1e-3
    card = json.loads(model.with_suffix(".json").read_text())
    assert card["task"] == "detect"
    assert card["trained"]["step"] == 5
    damage = Detector(model).detect(np.full((70, 50, 3), 200, np.uint8))
    assert damage.hole.shape == (70, 50)


def test_the_encoder_of_a_network_that_fills_is_taken_over(scenes: list[Path], tmp_path: Path) -> None:
    filler = PConvUNet(levels=4, width=4)
    for module in filler.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
    filler.eval()
    checkpoint.save(tmp_path / "filler", filler, {})
    shape = SegmentationConfig(widths=(4, 8, 16, 32), decoder=(4, 4, 6, 6))
    told = replace(
        TINY,
        network=shape,
        init=str(tmp_path / "filler"),
        steps=1,
        scenes=replace(SCENES, folder=str(scenes[0].parent)),
    )
    network, _ = checkpoint.load_detector(train(told, tmp_path / "run"))
    # In the middle, where no border is, a partial convolution of a whole image is a convolution.
    image, valid = torch.rand(1, 3, 128, 128), torch.ones(1, 1, 128, 128)
    ours = image
    with torch.no_grad():
        for layer, block in zip(network.encoder, filler.encoder, strict=True):
            ours = torch.relu(layer(ours))
            image, valid = block(image, valid)
    assert torch.allclose(ours[..., 3:5, 3:5], image[..., 3:5, 3:5], atol=1e-4)
    with pytest.raises(InputFileError, match="other layers"):
        train(replace(told, network=SegmentationConfig(widths=(4, 6, 8), decoder=(4, 4, 6))), tmp_path / "other")


def test_the_preset_and_what_is_refused(tmp_path: Path) -> None:
    chosen = preset("detect")
    assert isinstance(chosen, DetectionConfig)
    assert chosen.network.classes == 10
    (tmp_path / "mine.toml").write_text('kind = "detection"\nsteps = 7\n')
    mine = load(tmp_path / "mine.toml")
    assert isinstance(mine, DetectionConfig)
    assert (mine.steps, mine.crop) == (7, chosen.crop)
    for wrong in ("crop=100", "crop=480", "steps=0", "ema=1.0", "line_weight=0.0", "learning_rate=0.0"):
        with pytest.raises(ArgumentError):
            override(chosen, [wrong])
