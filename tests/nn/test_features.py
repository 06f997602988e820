"""VGGFeatures against torchvision's own layers, with random weights made here; nothing is downloaded."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from bokwon.errors import ArgumentError, FileAccessError, InputFileError, MissingDependencyError
from bokwon.nn.features import IMAGENET_MEAN, IMAGENET_STD, VGGFeatures

POOLS = {"vgg16": (4, 9, 16, 23, 30), "vgg19": (4, 9, 18, 27, 36)}
HUB_FILES = {"vgg16": "vgg16-397923af.pth", "vgg19": "vgg19-dcbb9e9d.pth"}
REAL = Path(os.environ.get("DATA", ""), "vgg19", "vgg19_imagenet_blocks1-3.safetensors")


def torchvision_layers(arch: str, blocks: int = 3) -> nn.Sequential:
    """Return torchvision's layers up to the last pooling of a block, with random weights."""
    with torch.device("meta"):  # without the classifier's half gigabyte
        layers = getattr(torchvision.models, arch)(weights=None).features
    layers = layers[: POOLS[arch][blocks - 1] + 1].to_empty(device="cpu")
    generator = torch.Generator().manual_seed(7)
    for parameter in layers.parameters():
        if parameter.ndim == 4:
            nn.init.kaiming_normal_(parameter, generator=generator)
        else:
            nn.init.uniform_(parameter, -0.1, 0.1, generator=generator)
    return layers.requires_grad_(False)


def state_of(layers: nn.Sequential) -> dict[str, Tensor]:
    return {f"features.{key}": tensor for key, tensor in layers.state_dict().items()}


@pytest.fixture(scope="module")
def state() -> Mapping[str, Tensor]:
    return state_of(torchvision_layers("vgg16"))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty torch.hub cache on a machine without a network."""

    def refuse(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", refuse)
    return tmp_path / "hub" / "checkpoints"


def images(batch: int = 2, size: int = 32, seed: int = 0) -> Tensor:
    return torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("arch", ["vgg16", "vgg19"])
def test_equals_torchvision_on_normalised_images(arch: str) -> None:
    layers = torchvision_layers(arch, blocks=5)
    features = VGGFeatures(arch, state_of(layers), taps=("pool1", "pool2", "pool3", "pool4", "pool5"))
    batch = images(size=64)
    x = (batch - torch.tensor(IMAGENET_MEAN).view(3, 1, 1)) / torch.tensor(IMAGENET_STD).view(3, 1, 1)
    expected = []
    for index, layer in enumerate(layers):
        x = layer(x)
        if index in POOLS[arch]:
            expected.append(x.clone())
    for ours, theirs in zip(features(batch), expected, strict=True):
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_images_are_normalised_inside(state: Mapping[str, Tensor]) -> None:
    """The ImageNet mean colour is the zero of the network: with zero biases every feature vanishes."""
    unbiased = {key: torch.zeros_like(value) if key.endswith("bias") else value for key, value in state.items()}
    mean_colour = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    features = VGGFeatures(weights=unbiased)
    assert all(torch.equal(each, torch.zeros_like(each)) for each in features(mean_colour))
    assert all(each.abs().max() > 0 for each in features(images(1, 16)))


def test_gradient_equals_torchvisions(state: Mapping[str, Tensor]) -> None:
    """Pooling before the ReLU must not change the gradient either."""
    layers = torchvision_layers("vgg16").double()
    features = VGGFeatures(weights=state, taps=("pool3",)).double()
    ours, theirs = (images().double().requires_grad_() for _ in range(2))
    features(ours)[0].square().sum().backward()
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (IMAGENET_MEAN, IMAGENET_STD))
    layers((theirs - mean) / std).square().sum().backward()
    assert ours.grad is not None
    assert ours.grad.abs().max() > 0
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_is_frozen_and_stays_so(state: Mapping[str, Tensor]) -> None:
    network = nn.Sequential(VGGFeatures(weights=state))
    network.train()
    assert not network[0].training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    batch = images().requires_grad_()
    sum(each.sum() for each in network(batch)).backward()
    assert all(parameter.grad is None for parameter in network.parameters())
    assert batch.grad is not None


def test_keeps_no_state_between_calls(state: Mapping[str, Tensor]) -> None:
    features = VGGFeatures(weights=state)
    first = [each.clone() for each in features(images())]
    features(images(batch=1, size=48, seed=1))
    for before, after in zip(first, features(images()), strict=True):
        torch.testing.assert_close(before, after)


def test_state_dict_holds_the_convolutions_only(state: Mapping[str, Tensor]) -> None:
    saved = VGGFeatures(weights=state).state_dict()
    assert saved.keys() == state.keys()
    assert all(torch.equal(saved[key], state[key]) for key in state)


def test_construction_leaves_the_callers_random_state_and_weights_alone(state: Mapping[str, Tensor]) -> None:
    before = torch.get_rng_state()
    features = VGGFeatures(weights=state)
    assert torch.equal(torch.get_rng_state(), before)
    features.to(torch.bfloat16)
    assert all(not tensor.requires_grad and tensor.dtype == torch.float32 for tensor in state.values())
    assert features.features["0"].weight.data_ptr() != state["features.0.weight"].data_ptr()


def test_runs_channels_last_and_in_bfloat16(state: Mapping[str, Tensor]) -> None:
    exact = VGGFeatures(weights=state)(images())
    features = VGGFeatures(weights=state).to(torch.bfloat16)
    for batch in (images(), images().to(torch.bfloat16)):
        for map_, reference in zip(features(batch), exact, strict=True):
            assert map_.dtype == torch.bfloat16
            assert map_.is_contiguous(memory_format=torch.channels_last)
            assert (map_.float() - reference).norm() < 0.03 * reference.norm()
    with torch.autocast("cpu", torch.bfloat16):
        assert all(each.dtype == torch.bfloat16 for each in VGGFeatures(weights=state)(images()))


def test_fast_features_are_the_same_to_float32(state: Mapping[str, Tensor]) -> None:
    exact, fast = VGGFeatures(weights=state), VGGFeatures(weights=state, fast=True)
    first, second = images().requires_grad_(), images().requires_grad_()
    for ours, theirs in zip(fast(second), exact(first), strict=True):
        assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()
    assert not torch.equal(fast(second)[2], exact(first)[2])  # another way to the same numbers
    sum(each.sum() for each in exact(first)).backward()
    sum(each.sum() for each in fast(second)).backward()
    assert (first.grad - second.grad).norm() < 1e-3 * first.grad.norm()
    # Its kernels follow its weights: another type, other weights.
    for ours, theirs in zip(fast.double()(images().double()), exact.double()(images().double()), strict=True):
        assert torch.equal(ours, theirs)
    fast.float()(images())
    other = {name: 2 * weight for name, weight in state.items()}
    fast.load_state_dict(VGGFeatures(weights=other).state_dict())
    assert torch.equal(fast(images())[2], VGGFeatures(weights=other, fast=True)(images())[2])


def test_taps_come_in_the_order_asked_for_and_odd_sizes_round_down(state: Mapping[str, Tensor]) -> None:
    deep, shallow = VGGFeatures(weights=state, taps=("pool3", "pool1"))(images(1, 37))
    assert deep.shape == (1, 256, 4, 4)
    assert shallow.shape == (1, 64, 18, 18)


def test_a_shallow_tap_needs_shallow_weights(state: Mapping[str, Tensor]) -> None:
    block = {key: tensor for key, tensor in state.items() if key.split(".")[1] in ("0", "2")}
    assert VGGFeatures(weights=block, taps=("pool1",))(images())[0].shape == (2, 64, 16, 16)
    with pytest.raises(ArgumentError, match=r"lacks features\.5\.weight"):
        VGGFeatures(weights=block)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt"])
def test_reads_weights_files(state: Mapping[str, Tensor], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"vgg{suffix}"
    full = {**state, "classifier.0.weight": torch.zeros(2, 2)}
    if suffix == ".safetensors":
        save_file(full, path)
    else:
        torch.save(full, path)
    for given in (path, str(path)):
        for ours, theirs in zip(
            VGGFeatures(weights=given)(images()), VGGFeatures(weights=state)(images()), strict=True
        ):
            assert torch.equal(ours, theirs)


def test_half_precision_weights_become_float32(state: Mapping[str, Tensor], tmp_path: Path) -> None:
    save_file({key: tensor.half() for key, tensor in state.items()}, tmp_path / "half.safetensors")
    features = VGGFeatures(weights=tmp_path / "half.safetensors")
    assert {parameter.dtype for parameter in features.parameters()} == {torch.float32}


@pytest.mark.parametrize(("given", "asked"), [("vgg19", "vgg16"), ("vgg16", "vgg19")])
def test_weights_of_another_network_are_refused(given: str, asked: str, tmp_path: Path) -> None:
    """Their first layers have the same numbers and shapes, so a mix-up would load without a word."""
    path = tmp_path / "weights.safetensors"
    save_file(state_of(torchvision_layers(given)), path)
    with pytest.raises(InputFileError, match=r"features\.16.*" + asked):
        VGGFeatures(asked, path)


def test_misfitting_weights_are_refused(state: Mapping[str, Tensor]) -> None:
    with pytest.raises(ArgumentError, match=r"features\.2\.weight .* shape \(64, 3, 3, 3\)"):
        VGGFeatures(weights={**state, "features.2.weight": state["features.0.weight"]})
    with pytest.raises(ArgumentError, match=r"not of vgg16: it has features\.1\.running_mean"):
        VGGFeatures(weights={**state, "features.1.running_mean": torch.zeros(64)})
    with pytest.raises(ArgumentError, match=r"lacks features\.0\.weight, .*\.\.\."):
        VGGFeatures(weights={"state_dict": torch.zeros(1)})


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("content", [b"", b"no weights at all", bytes(4096)])
def test_damaged_files_are_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputFileError, match=f"{path.name} is damaged"):
        VGGFeatures(weights=path)


def test_truncated_file_is_refused(state: Mapping[str, Tensor], tmp_path: Path) -> None:
    for path, save in ((tmp_path / "vgg.safetensors", save_file), (tmp_path / "vgg.pth", torch.save)):
        save(dict(state), path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(InputFileError, match="damaged"):
            VGGFeatures(weights=path)


def test_pickled_code_is_not_run(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"features.0.weight": Payload()}, tmp_path / "evil.pth")
    with pytest.raises(InputFileError, match="damaged"):
        VGGFeatures(weights=tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


def test_wrong_paths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="does not exist"):
        VGGFeatures(weights=tmp_path / "none.pth")
    (tmp_path / "folder.pth").mkdir()
    with pytest.raises(FileAccessError, match="is not a file"):
        VGGFeatures(weights=tmp_path / "folder.pth")
    with pytest.raises(ArgumentError, match="suffix"):
        VGGFeatures(weights=tmp_path / "vgg.onnx")
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(InputFileError, match="no state dict"):
        VGGFeatures(weights=tmp_path / "list.pth")


@pytest.mark.parametrize("arch", ["vgg16", "vgg19"])
def test_offline_says_what_to_do(hub: Path, arch: str) -> None:
    with pytest.raises(FileAccessError, match=f"no route to host.*go online once.*{HUB_FILES[arch]}.*weights=FILE"):
        VGGFeatures(arch)
    assert list(hub.iterdir()) == []


@pytest.mark.parametrize("arch", ["vgg16", "vgg19"])
def test_default_weights_are_torchvisions_and_fetched_once(hub: Path, arch: str) -> None:
    """What lies in torch.hub's cache is used as it is: the network of this test refuses every connection."""
    hub.mkdir(parents=True)
    layers = torchvision_layers(arch)
    torch.save(state_of(layers), hub / HUB_FILES[arch])
    assert torch.equal(VGGFeatures(arch).features["0"].weight, layers[0].weight)


def test_missing_torchvision_is_named(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(MissingDependencyError, match=r"torchvision.*pip install"):
        VGGFeatures()


def test_missing_safetensors_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vgg.safetensors").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(MissingDependencyError, match=r"safetensors.*pip install"):
        VGGFeatures(weights=tmp_path / "vgg.safetensors")


def test_arguments_are_checked(state: Mapping[str, Tensor]) -> None:
    with pytest.raises(ArgumentError, match="vgg11"):
        VGGFeatures("vgg11", state)  # type: ignore[arg-type]
    for taps in ((), ("pool9",), ("pool1", "pool1"), "pool1"):
        with pytest.raises(ArgumentError, match="taps"):
            VGGFeatures(weights=state, taps=taps)
    features = VGGFeatures(weights=state)
    for wrong in (torch.zeros(1, 1, 32, 32), torch.zeros(3, 32, 32), torch.zeros(1, 3, 7, 32)):
        with pytest.raises(ArgumentError, match="shape"):
            features(wrong)
    with pytest.raises(ArgumentError, match=r"uint8.*\[0, 1\]"):
        features(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))


@pytest.mark.skipif(not REAL.is_file(), reason="needs $DATA/vgg19/vgg19_imagenet_blocks1-3.safetensors")
def test_the_real_vgg19_file() -> None:
    features = VGGFeatures("vgg19", REAL)
    picture = images(1, 64)
    blurred = torch.nn.functional.avg_pool2d(picture, 5, stride=1, padding=2, count_include_pad=False)
    for sharp, soft in zip(features(picture), features(blurred), strict=True):
        # The file's layers are scaled so that a ReLU averages 1 on photographs; noise differs, but not by decades.
        assert 0.1 < float(sharp.mean()) < 10
        assert (sharp - soft).abs().mean() > 0.1 * sharp.abs().mean()
    with pytest.raises(InputFileError, match="not of vgg16"):
        VGGFeatures("vgg16", REAL)
