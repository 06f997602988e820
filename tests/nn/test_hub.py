"""Networks in folders and repositories of the hub; what would go over the network is looked at before it does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch

from bokwon.errors import FileAccessError, InputFileError, MissingDependencyError
from bokwon.nn import PConvUNet
from bokwon.training.checkpoint import load_network

OPTIONS = {"levels": 4, "width": 4, "max_width": 16, "mean": (0.5, 0.4, 0.3), "std": (0.5, 0.5, 0.25), "head": "tanh"}


@pytest.fixture
def network() -> PConvUNet:
    torch.manual_seed(0)
    return PConvUNet(**OPTIONS).eval()


def _same(one: PConvUNet, other: PConvUNet) -> None:
    assert type(one) is type(other) is PConvUNet
    assert one.config == other.config
    image, valid = torch.rand(1, 3, 40, 40), (torch.rand(1, 1, 40, 40) > 0.3).float()
    with torch.no_grad():
        assert torch.equal(one(image, valid), other(image, valid))


def test_a_folder_gives_back_what_was_saved(network: PConvUNet, tmp_path: Path) -> None:
    network.save_pretrained(tmp_path / "x", licence="CC-BY-4.0", about="Trained on *old maps*.")
    loaded = PConvUNet.from_pretrained(tmp_path / "x")
    assert not loaded.training
    _same(loaded, network)
    card = (tmp_path / "x" / "README.md").read_text()
    for line in ("license: cc-by-4.0", "library_name: bokwon", "Trained on *old maps*.", "| `head` | `tanh` |"):
        assert line in card
    assert "Licence of the weights: CC-BY-4.0." in card


def test_training_and_export_take_such_a_folder(network: PConvUNet, tmp_path: Path) -> None:
    network.save_pretrained(tmp_path / "x")
    _same(load_network(tmp_path / "x")[0], network)


def test_a_folder_that_is_not_whole_is_refused(network: PConvUNet, tmp_path: Path) -> None:
    network.save_pretrained(tmp_path / "x")
    settings = json.loads((tmp_path / "x" / "config.json").read_text())
    (tmp_path / "x" / "config.json").write_text(json.dumps({**settings, "head": "leaky_conv_sigmoid"}))
    with pytest.raises(InputFileError, match=r"head\.weight"):
        PConvUNet.from_pretrained(tmp_path / "x")
    (tmp_path / "x" / "config.json").write_text(json.dumps({**settings, "levels": 40}))
    with pytest.raises(InputFileError, match="levels must be from 2 to 10"):
        PConvUNet.from_pretrained(tmp_path / "x")
    (tmp_path / "x" / "config.json").write_text(json.dumps(settings))
    (tmp_path / "x" / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputFileError, match="no network of bokwon"):
        PConvUNet.from_pretrained(tmp_path / "x")
    (tmp_path / "x" / "model.safetensors").unlink()
    with pytest.raises(FileAccessError, match=r"model\.safetensors"):
        PConvUNet.from_pretrained(tmp_path / "x")
    with pytest.raises(FileAccessError, match="neither a folder"):
        PConvUNet.from_pretrained(tmp_path / "y")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileAccessError, match="cannot be written"):
        network.save_pretrained(tmp_path / "file")


def test_an_upload_has_weights_settings_and_card(
    network: PConvUNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: dict[str, Any] = {}

    def create(self: Any, repo_id: str, **options: Any) -> Any:
        sent.update(options, repo=repo_id)
        return huggingface_hub.RepoUrl(f"https://huggingface.co/{repo_id}")

    def upload(self: Any, *, folder_path: Path, **options: Any) -> str:
        _same(PConvUNet.from_pretrained(folder_path), network)
        sent["files"] = {path.name: path.read_bytes() for path in Path(folder_path).iterdir()}
        return "https://huggingface.co/someone/maps/commit/1"

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", create)
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload)
    assert network.push_to_hub("someone/maps", licence="MIT", private=True).endswith("/commit/1")
    assert (sent["repo"], sent["private"]) == ("someone/maps", True)
    assert set(sent["files"]) == {"config.json", "model.safetensors", "README.md"}
    assert b'PConvUNet.from_pretrained("someone/maps")' in sent["files"]["README.md"]
    assert b"license: mit" in sent["files"]["README.md"]

    def fail(self: Any, repo_id: str, **options: Any) -> Any:
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", fail)
    with pytest.raises(FileAccessError, match="someone/maps cannot be uploaded: no route"):
        network.push_to_hub("someone/maps")


def test_a_repository_that_cannot_be_reached_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(FileAccessError, match="someone/maps cannot be loaded"):
        PConvUNet.from_pretrained("someone/maps")


def test_networks_work_without_the_hub_and_say_what_to_install(network: PConvUNet, tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['huggingface_hub'] = None\n"
        "import torch\nfrom bokwon.errors import MissingDependencyError\nfrom bokwon.nn import PConvUNet\n"
        "network = PConvUNet(levels=2, width=2)\nnetwork(torch.rand(1, 3, 8, 8))\n"
        "try: network.save_pretrained('x')\nexcept MissingDependencyError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "pip install 'bokwon[train,hub]'" in done.stdout


def test_cards_need_jinja2(network: PConvUNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingDependencyError, match="jinja2"):
        network.save_pretrained(tmp_path / "x")
