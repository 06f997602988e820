"""Models of the user's own folder and of the hub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import errors
from PIL import Image

from bokwon.cli.main import main
from bokwon.errors import ArgumentError, FileAccessError, InputFileError, MissingDependencyError, OutputExistsError
from bokwon.inpaint.model_sources import download, models_folder
from bokwon.inpaint.models import add_model, find_model, list_models, load_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own, empty."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


class Hub:
    """Stands in for the HTTP boundary: repositories as folders, and a count of what was asked for."""

    def __init__(self, root: Path) -> None:
        self.root, self.asked, self.online = root, [], True

    def model_info(self, _: Any, repository: str, revision: str | None = None) -> SimpleNamespace:
        self.asked.append((repository, revision))
        if not self.online:
            raise ConnectionError("no route to the hub")
        folder = self.root / repository
        if not folder.is_dir():
            raise errors.RepositoryNotFoundError("401", response=_response())
        if revision not in (None, "main", COMMIT):
            raise errors.RevisionNotFoundError("404", response=_response())
        siblings = [SimpleNamespace(rfilename=path.relative_to(folder).as_posix()) for path in folder.rglob("*")]
        return SimpleNamespace(siblings=siblings, sha=COMMIT)

    def hf_hub_download(self, repository: str, name: str, *, revision: str) -> str:
        assert revision == COMMIT
        return str(self.root / repository / name)

    def snapshot_download(self, repository: str, *, revision: str | None, local_files_only: bool) -> str:
        assert local_files_only
        if repository != "someone/cached":
            raise errors.LocalEntryNotFoundError("not in the cache")
        target = self.root / "cache" / COMMIT
        shutil.copytree(self.root / repository, target, dirs_exist_ok=True)
        return str(target)


def _response() -> Any:
    return SimpleNamespace(headers={}, request=None, status_code=404)


@pytest.fixture
def hub(tmp_path: Path, mean_model: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub(tmp_path / "hub")
    for repository, names in (
        ("someone/maps", ("model",)),
        ("someone/two", ("one", "two")),
        ("someone/cached", ("old",)),
    ):
        (made.root / repository).mkdir(parents=True)
        for name in names:
            for suffix in (".onnx", ".json"):
                shutil.copy(mean_model.with_suffix(suffix), made.root / repository / f"{name}{suffix}")
    (made.root / "someone/torch").mkdir()
    (made.root / "someone/torch/model.safetensors").touch()
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda api, *a, **k: made.model_info(api, *a, **k))
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", made.hf_hub_download)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", made.snapshot_download)
    return made


def test_the_folder_is_where_the_standard_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert models_folder() == tmp_path / "data" / "bokwon" / "models"
    for unset in ("", "relative/path"):
        monkeypatch.setenv("XDG_DATA_HOME", unset)
        assert models_folder() == Path.home() / ".local" / "share" / "bokwon" / "models"


def test_an_added_model_is_found_by_name_and_listed(mean_model: Path) -> None:
    before = [model.path.stem for model in list_models()]
    target = add_model(find_model(mean_model), "mine")
    found = find_model("mine")
    assert (found.path, found.name) == (target, "mine")
    assert load_model(found) == load_model(find_model(mean_model))
    assert [model.path.stem for model in list_models()] == [*before, "mine"]
    assert add_model(find_model(mean_model), "mine") == target
    assert sorted(path.name for path in target.parent.iterdir()) == ["mine.json", "mine.onnx"]
    with pytest.raises(ArgumentError, match=r"'other'; added models: mine; shipped models: detect, document"):
        find_model("other")


def test_an_int8_model_comes_along(mean_model: Path, tmp_path: Path) -> None:
    for name in ("m", "m-int8"):
        shutil.copy(mean_model, tmp_path / f"{name}.onnx")
        card = json.loads(mean_model.with_suffix(".json").read_text())
        extra = {"storage": "int8", "int8_of": card["sha256"]} if name == "m-int8" else {}
        (tmp_path / f"{name}.json").write_text(json.dumps({**card, **extra, "name": name}))
    target = add_model(find_model(tmp_path / "m.onnx"), "mine")
    assert find_model("mine-int8").name == "mine-int8"
    assert json.loads((target.parent / "mine-int8.json").read_text())["int8_of"] == find_model("mine").sha256


def test_what_cannot_be_added_is_refused(
    mean_model: Path, tmp_path: Path, write_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = find_model(mean_model)
    with pytest.raises(ArgumentError, match="document is a shipped model"):
        add_model(model, "document")
    for name in ("../up", "a/b", "", "x-int8"):
        with pytest.raises(ArgumentError, match="no name for a model"):
            add_model(model, name)
    add_model(model, "mine")
    with pytest.raises(OutputExistsError, match="mine is there already"):
        add_model(find_model(write_model(tmp_path / "other.onnx", stored=1.0)), "mine")
    bare = tmp_path / "bare.onnx"
    shutil.copy(mean_model, bare)
    with pytest.raises(InputFileError, match=r"bare\.json"):
        add_model(find_model(bare), "bare")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(FileAccessError, match="cannot be written"):
        add_model(model, "mine")


def test_an_added_model_without_its_card_says_so(mean_model: Path) -> None:
    target = add_model(find_model(mean_model), "mine")
    target.with_suffix(".json").unlink()
    with pytest.raises(InputFileError, match=r"mine has lost its card; delete .*mine\.onnx and add it again"):
        find_model("mine")


def test_a_model_of_the_hub_comes_with_its_card(hub: Hub) -> None:
    model = find_model("hf:someone/maps")
    assert model.card is not None
    assert load_model(model)[1] == model.sha256
    assert find_model("hf:someone/two/two.onnx@main").path.name == "two.onnx"
    assert hub.asked == [("someone/maps", None), ("someone/two", "main")]


@pytest.mark.parametrize(
    ("identifier", "error", "says"),
    [
        ("hf:maps", ArgumentError, "write hf:OWNER/NAME"),
        ("hf:someone/two", ArgumentError, r"several models; add one of /one\.onnx, /two\.onnx"),
        ("hf:someone/none", FileAccessError, "no public repository someone/none"),
        ("hf:someone/maps@v9", FileAccessError, "no revision v9"),
        ("hf:someone/maps/other.onnx", FileAccessError, r"no file other\.onnx; it has model\.onnx"),
        ("hf:someone/torch", InputFileError, "from_pretrained"),
    ],
)
def test_what_the_hub_does_not_have_is_said(hub: Hub, identifier: str, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        download(identifier)


def test_without_a_connection_the_cache_serves(hub: Hub) -> None:
    hub.online = False
    assert download("hf:someone/cached").name == "old.onnx"
    with pytest.raises(FileAccessError, match="hf:someone/maps cannot be downloaded: no route to the hub"):
        download("hf:someone/maps")


def test_without_huggingface_hub_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'bokwon\[hub\]'"):
        download("hf:someone/maps")


def test_the_real_client_without_a_connection_is_exit_code_5(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.eye(64, dtype=np.uint8) * 255).save(tmp_path / "m.png")
    command = ["restore", "a.png", "b.png", "--mask", "m.png", "--model", "hf:someone/maps"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run(
        [sys.executable, "-m", "bokwon", *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (5, 1), done.stderr
    assert "hf:someone/maps cannot be downloaded" in done.stderr
    assert not (tmp_path / "b.png").exists()


def _command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0)


def test_models_add_and_list_and_restore_as_typed(
    hub: Hub, mean_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _command("models", "add", mean_model, "--name", "mine") == 0
    # A file called model.onnx says nothing: the repository's name is taken.
    assert _command("models", "add", "someone/maps") == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("maps: ")
    assert _command("models", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.endswith("(added)")] == ["maps", "mine"]
    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save("a.png")
    Image.fromarray(np.eye(64, dtype=np.uint8) * 255).save("m.png")
    assert _command("restore", "a.png", "b.png", "--mask", "m.png", "--model", "mine", "-q") == 0
    assert np.asarray(Image.open("b.png")).shape == (64, 64, 3)
    (tmp_path / "noise.onnx").write_bytes(b"nothing")
    assert _command("models", "add", "noise.onnx") == 2
    assert _command("models", "add", "nowhere.onnx") == 5
    assert not (models_folder() / "noise.onnx").exists()
