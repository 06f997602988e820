"""The int8 model of a model file computes what the network computes, but for rounding."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, numpy_helper
from PIL import Image

from bokwon.export import calibrate
from bokwon.export.calibrate import quantize
from bokwon.export.onnx import export
from bokwon.export.quantized import build_observed, build_quantized
from bokwon.inpaint.models import find_int8, find_model
from bokwon.nn.folding import fold_batch_norm
from bokwon.nn.unet import PConvUNet
from bokwon.training.checkpoint import save
from tests.export.calibration import examples, network


def run(model: onnx.ModelProto, image: np.ndarray, valid: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["restored"], {"image": image, "valid": valid})[0])


@pytest.mark.parametrize("base", ["none", "lowpass", "pullpush", "membrane"])
@pytest.mark.parametrize("size", [(1, 128, 96), (2, 77, 50)])
def test_what_is_rounded_is_the_network_itself(base: str, size: tuple[int, int, int]) -> None:
    made = network(base)
    count, height, width = size
    generator = torch.Generator().manual_seed(1)
    image = torch.rand(count, 3, height, width, generator=generator)
    valid = (torch.rand(count, 1, height, width, generator=generator) > 0.3).float()
    valid[:, :, 5:45, 4:44] = 0
    image *= valid
    with torch.no_grad():
        expected = made(image, valid).numpy()
    model, observed = build_observed(fold_batch_norm(made))
    assert {"encoded_0", "encoder_3", "beside_0", "below_3", "decoded_2"} <= set(observed)
    np.testing.assert_allclose(run(model, image.numpy(), valid.numpy()), expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("head", ["none", "tanh", "leaky_conv_sigmoid"])
def test_units_and_heads_stay_in_float(monkeypatch: pytest.MonkeyPatch, head: str) -> None:
    monkeypatch.setattr(calibrate, "LARGEST_LOSS", 1)
    made = network("none", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), head=head)
    image, valid = (part[None] for part in examples()[3])
    with torch.no_grad():
        expected = made(torch.from_numpy(image), torch.from_numpy(valid)).numpy()
    observed, _ = build_observed(fold_batch_norm(made))
    np.testing.assert_allclose(run(observed, image, valid), expected, atol=2e-4 * np.abs(expected).max())
    model, loss = quantize(fold_batch_norm(made), examples())
    assert 0 < loss < 1
    hole = np.broadcast_to(valid == 0, expected.shape)
    assert np.abs(run(model, image, valid) - expected)[hole].mean() < 0.1 * expected[hole].std()


def test_rounding_changes_little_and_nothing_is_left_in_float(monkeypatch: pytest.MonkeyPatch) -> None:
    # Random weights amplify what trained ones do not.
    monkeypatch.setattr(calibrate, "LARGEST_LOSS", 1)
    made = network()
    model, loss = quantize(fold_batch_norm(made), examples())
    assert 0 < loss < 1
    image, valid = (part[None] for part in examples()[3])
    with torch.no_grad():
        exact = made(torch.from_numpy(image * valid), torch.from_numpy(valid)).numpy()
    rounded = run(model, image * valid, valid)
    spread = exact[np.broadcast_to(valid == 0, exact.shape)].std()
    assert np.abs(rounded - exact)[np.broadcast_to(valid == 0, exact.shape)].mean() < 0.1 * spread
    # The scale is still an input that may be left out.
    assert any(initializer.name == "scale" for initializer in model.graph.initializer)
    convolved = [node for node in model.graph.node if node.op_type == "Conv" and len(node.input) == 3]
    assert len(convolved) == 3 + 4 + 3  # encoder without the first, from below, beside without the last


# Random weights amplify what is rounded; small ones leave little to round but the mask's taps, which have to fit too.
@pytest.mark.parametrize(("weights", "allowed"), [(1.0, 0.1), (1e-3, 0.01), (0.0, 0.01)])
def test_all_of_the_bias_arrives_also_where_a_part_of_the_window_is_outside(weights: float, allowed: float) -> None:
    made = network("none")
    for block in [*made.encoder, *made.decoder]:
        block.conv.weight.data.mul_(weights)
    folded = fold_batch_norm(made)
    image, valid = np.full((1, 3, 64, 64), 0.5, np.float32), np.ones((1, 1, 64, 64), np.float32)
    ranges = ranges_of(folded, image, valid)
    expected = run(build_observed(folded)[0], image, valid)
    rounded = run(build_quantized(folded, ranges, everywhere=True), image, valid)
    np.testing.assert_allclose(rounded, expected, atol=allowed * np.abs(expected).max())


def ranges_of(folded: PConvUNet, image: np.ndarray, valid: np.ndarray) -> dict[str, tuple[float, float]]:
    observed, names = build_observed(folded)
    session = onnxruntime.InferenceSession(observed.SerializeToString(), providers=["CPUExecutionProvider"])
    values = session.run(list(names), {"image": image, "valid": valid})
    return {name: (float(value.min()), float(value.max())) for name, value in zip(names, values, strict=True)}


@pytest.mark.parametrize(("base", "levels"), [("none", 4), ("pullpush", 4), ("pullpush", 6), ("none", 2)])
@pytest.mark.parametrize("holes", ["thin", "wide", "at the border", "none", "all"])
def test_holes_get_what_they_would_get_if_every_pixel_was_computed(base: str, levels: int, holes: str) -> None:
    folded = fold_batch_norm(network(base, levels=levels))
    rng = np.random.default_rng(7)
    image, valid = rng.random((2, 3, 90, 71), np.float32), np.ones((2, 1, 90, 71), np.float32)
    valid[0, :, 30:33, 5:60] = 0
    if holes == "wide":
        valid[:, :, 20:75, 8:50] = 0
    elif holes == "at the border":
        valid[1, :, :3], valid[1, :, -1:], valid[0, :, :, :2], valid[0, :, 60:, -1] = 0, 0, 0, 0
    elif holes in ("none", "all"):
        valid[:] = float(holes == "none")
    image *= valid
    ranges = ranges_of(folded, image, valid)
    all_of_it = run(build_quantized(folded, ranges, everywhere=True), image, valid)
    some = run(build_quantized(folded, ranges), image, valid)
    hole = np.broadcast_to(valid == 0, image.shape)
    np.testing.assert_array_equal(some[hole], all_of_it[hole])
    np.testing.assert_array_equal(some[~hole], image[~hole])


def test_sums_of_two_products_fit_16_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    # Processors with AVX2 and without VNNI cut them off there, and the picture is wrong without a word.
    monkeypatch.setattr(calibrate, "LARGEST_LOSS", 1)
    rounded = [quantize(fold_batch_norm(network(width=width)), examples())[0] for width in (8, 5)]
    for model in (*rounded, onnx.load(find_int8(find_model("document")).path)):
        kernels = [numpy_helper.to_array(one) for one in model.graph.initializer if one.data_type == TensorProto.INT8]
        kernels = [np.abs(kernel.astype(int)) for kernel in kernels if kernel.ndim == 4]
        assert len(kernels) >= 10
        for kernel in kernels:
            # In the order in which they are multiplied: tap by tap, channel by channel.
            flat = kernel.transpose(0, 2, 3, 1).reshape(len(kernel), -1)
            flat = np.pad(flat, [(0, 0), (0, flat.shape[1] % 2)])
            together = flat[:, ::2] + flat[:, 1::2]
            assert 60 < together.max() <= 128
            assert 255 * together.max() < 2**15


def test_the_shipped_int8_model_fills_like_its_model() -> None:
    from bokwon.inpaint.engines.onnx import OnnxEngine
    from bokwon.inpaint.models import load_model

    root = Path(__file__).parents[2] / "examples"
    with Image.open(root / "hangul.png") as image, Image.open(root / "hangul-mask.png") as mask:
        light, missing = np.array(image.convert("RGB")), np.array(mask.convert("L")) > 127
    model = find_model("document")
    one, other = (
        OnnxEngine(*load_model(found)[:1], found.name).fill(light, missing) for found in (model, find_int8(model))
    )
    difference = np.abs(one - other)[missing] * 255
    assert np.median(difference) <= 2
    assert 0 < difference.mean() <= 4


def export_command(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bokwon", "export", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_writes_both_and_a_card_for_each(tmp_path: Path) -> None:
    torch.manual_seed(0)
    # As it comes from its first step: next to nothing is predicted, and rounding changes next to nothing.
    made = PConvUNet(levels=4, width=4, base="pullpush").eval()
    for parameter in made.decoder[-1].parameters():
        parameter.data.mul_(0.001)
    save(tmp_path / "run" / "step_000001", made, {"step": 1})
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(1)
    for number in range(3):
        picture = Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8)).resize((600, 600))
        picture.save(tmp_path / "images" / f"{number}.png")
    entries = tmp_path / "entries.json"
    entries.write_text('{"name": "tiny", "licence": "CC0-1.0"}')
    model, int8 = tmp_path / "tiny.onnx", tmp_path / "tiny-int8.onnx"
    done = export_command(tmp_path / "run", model, "--int8", "--images", tmp_path / "images", "--card", entries)
    assert done.returncode == 0, done.stderr
    assert "tiny-int8.onnx: rounding to 8 bits changes the fills by" in done.stderr
    card = json.loads(int8.with_suffix(".json").read_text())
    assert card["sha256"] == hashlib.sha256(int8.read_bytes()).hexdigest()
    assert card["int8_of"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert (card["name"], card["storage"], card["licence"]) == ("tiny-int8", "int8", "CC0-1.0")
    assert card["kernels"] == [7, 5, 5, 3]
    Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).save(tmp_path / "page.png")
    hole = np.zeros((60, 80), np.uint8)
    hole[10:30, 10:50] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    command = [sys.executable, "-m", "bokwon", "restore", "page.png", "out.png", "--mask", "mask.png", "-v"]
    said = subprocess.run(
        [*command, "--model", "./tiny.onnx", "--precision", "int8"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "model tiny-int8, sha256" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--int8"], "add --images"), (["--images", "somewhere"], "add --int8"), (["--masks", "somewhere"], "add --int8")],
)
def test_examples_and_8_bits_belong_together(tmp_path: Path, arguments: list[str], says: str) -> None:
    done = export_command(tmp_path / "run", tmp_path / "tiny.onnx", *arguments)
    assert done.returncode == 1
    assert says in done.stderr


def test_images_that_are_missing_are_told_before_anything_is_written(tmp_path: Path) -> None:
    save(tmp_path / "run" / "step_000001", PConvUNet(levels=3, width=4).eval(), {"step": 1})
    done = export_command(tmp_path / "run", tmp_path / "tiny.onnx", "--int8", "--images", tmp_path / "none")
    assert done.returncode == 5
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_float_model_exported_anew_disowns_the_old_int8_model(tmp_path: Path) -> None:
    from bokwon.errors import InputFileError
    from bokwon.export.onnx import write_card
    from bokwon.inpaint.models import INT8_OF, find_int8, find_model

    model, int8 = tmp_path / "tiny.onnx", tmp_path / "tiny-int8.onnx"
    export(network(), model)
    int8.write_bytes(b"int8")
    write_card(int8.with_suffix(".json"), int8, {INT8_OF: write_card(model.with_suffix(".json"), model, {})["sha256"]})
    assert find_int8(find_model(model)).path == int8
    export(network("lowpass"), model)
    write_card(model.with_suffix(".json"), model, {})
    with pytest.raises(InputFileError, match="not the int8 model"):
        find_int8(find_model(model))
