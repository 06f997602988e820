"""Model files: where they are, whether they are what their card says, what the card tells.

A model is an ONNX file NAME.onnx with a card NAME.json beside it. Shipped models lie in `bokwon/weights`, added ones in
a folder of the user's; both are found by name. Any other is named by its path, or by hf:OWNER/NAME.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from bokwon.errors import ArgumentError, FileAccessError, InputFileError, OutputExistsError, accessing
from bokwon.inpaint.model_sources import HUB, download, models_folder
from bokwon.inpaint.runtime_facts import RuntimeFacts, read_facts
from bokwon.settings import DETECTOR
from bokwon.utilities.checksums import sha256_of

__all__ = [
    "INT8_OF",
    "WEIGHTS",
    "Model",
    "add_model",
    "find_int8",
    "find_model",
    "int8_path",
    "is_installed",
    "list_models",
    "load_model",
]

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
"""Folder of the shipped models."""

INT8_OF = "int8_of"
"""Entry of an int8 model's card: the checksum of the float model that it belongs to."""

_REINSTALL = "install bokwon anew"
_FETCH_AGAIN = "copy the model file and its card again, both from the same export"


@dataclass(frozen=True)
class Model:
    """An existing model file and its card.

    Attributes:
        name: The card's name of the model, or the file's stem.
        path: The ONNX file.
        card: The model card; None for a file without one.
    """

    name: str
    path: Path
    card: Mapping[str, Any] | None

    @property
    def sha256(self) -> str | None:
        """The checksum in the card, lower-case hexadecimal; None without a card."""
        return None if self.card is None else str(self.card["sha256"]).lower()

    @property
    def precision(self) -> Literal["float32", "int8"]:
        """Its precision: `int8` if its card says so, else `float32`."""
        return "int8" if self.card is not None and self.card.get("storage") == "int8" else "float32"

    @property
    def facts(self) -> RuntimeFacts:
        """The facts that the runtime needs.

        Raises:
            InputFileError: The block `runtime` of the card has invalid values.
        """
        try:
            return read_facts(self.card)
        except (TypeError, ValueError, AttributeError) as error:
            raise InputFileError(
                f"the card of model {self.name} has a runtime block that makes no sense: {error}",
                "export the model anew, or leave the block out",
            ) from error


def list_models(folder: Path | None = None) -> tuple[Model, ...]:
    """Return the models of a folder, by name.

    Args:
        folder: Folder of the models; by default the shipped models, then those that the user added.

    Raises:
        InputFileError: A card is damaged.
    """
    return tuple(_with_card(path) for each in _folders(folder) for path in _files(each))


def find_model(model: str | Path, *, folder: Path | None = None) -> Model:
    """Find a model by name or path.

    Args:
        model: Name of a shipped or added model, path of an ONNX file, or hf:OWNER/NAME, which is downloaded. A string
            counts as a path if it contains a folder or ends in `.onnx`.
        folder: Folder of named models; by default the shipped models and those that the user added.

    Raises:
        ArgumentError: No model has that name.
        FileAccessError: No such file, or it cannot be downloaded.
        InputFileError: The card is damaged, or a named model has none.
        MissingDependencyError: huggingface_hub is not installed, for models of the hub.
    """
    if isinstance(model, str) and model.startswith(HUB):
        return _with_card(download(model))
    if isinstance(model, Path) or "/" in model or "\\" in model or model.endswith(".onnx"):
        path = Path(model)
        if path.is_dir():
            raise FileAccessError(f"model {path} is a folder", "name the .onnx file in it")
        if not path.exists():
            raise FileAccessError(f"model file {path} does not exist", "check the path, or name a shipped model")
        return _with_card(path)
    named = [path for each in _folders(folder) if (path := each / f"{model}.onnx").is_file()]
    if model == DETECTOR:
        named.reverse()
    if not named:
        shipped, *added = (", ".join(found.stem for found in _files(each)) for each in _folders(folder))
        fix = f"shipped models: {shipped or 'none'}; a model file is named by its path"
        if any(added):
            fix = f"added models: {added[0]}; {fix}"
        if Path(model).is_file():
            fix = f"for the file write ./{model}"
        raise ArgumentError(f"no model is named {model!r}", fix)
    found = _with_card(named[0])
    if found.card is None:
        fix = _REINSTALL if found.path.parent == WEIGHTS else f"delete {found.path} and add it again"
        raise InputFileError(f"model {model} has lost its card", fix)
    return found


def is_installed(name: str) -> bool:
    """Return whether a model of a name is there, shipped or added. Its card is not read."""
    return any((folder / f"{name}.onnx").is_file() for folder in _folders(None))


def add_model(model: Model, name: str) -> Path:
    """Copy a model file, its card and its int8 model, if it has one, to where models are found by name.

    Args:
        model: The model.
        name: What it shall be called.

    Returns:
        The ONNX file in the user's folder, which was there already if it is the same.

    Raises:
        ArgumentError: The name is a shipped model's other than `DETECTOR`, or none for a file.
        InputFileError: The model has no card, or is not the file its card describes.
        OutputExistsError: Another model was added under this name.
        FileAccessError: A file cannot be read or written.
    """
    if not re.fullmatch(r"\w[\w.-]*", name) or name.endswith("-int8"):
        fix = "use letters, digits, - and _; -int8 at the end is reserved"
        raise ArgumentError(f"{name!r} is no name for a model", fix)
    if name != DETECTOR and (WEIGHTS / f"{name}.onnx").exists():
        raise ArgumentError(f"{name} is a shipped model", "give another --name")
    if model.card is None:
        raise InputFileError(f"{model.path} has no card {model.path.stem}.json beside it", "copy it, too")
    parts = [(model, name)]
    if int8_path(model.path).is_file():
        parts.append((find_int8(model), f"{name}-int8"))
    target = models_folder() / f"{name}.onnx"
    if target.exists():
        if load_model(_with_card(target))[1] == model.sha256:
            return target
        raise OutputExistsError(f"another model named {name} is there already, {target}", "give another --name")
    with accessing(f"{target.parent} cannot be written: {{error}}", "set XDG_DATA_HOME"):
        target.parent.mkdir(parents=True, exist_ok=True)
        for part, called in parts:
            data, _ = load_model(part)
            card = json.dumps({**(part.card or {}), "name": called}, indent=2, ensure_ascii=False)
            # The card first: without it a model is broken, and a card alone is nothing.
            _write(target.with_name(f"{called}.json"), f"{card}\n".encode())
            _write(target.with_name(f"{called}.onnx"), data)
    return target


def int8_path(path: Path) -> Path:
    """Return where the int8 model of a model file lies: NAME-int8.onnx beside NAME.onnx."""
    return path.with_name(f"{path.stem}-int8.onnx")


def find_int8(model: Model) -> Model:
    """Find the model file that computes the same with 8-bit integers, faster where the processor has them.

    Raises:
        InputFileError: There is none, it is another model's, or its card is damaged.
    """
    path = int8_path(model.path)
    if not path.is_file():
        raise InputFileError(f"model {model.name} has no int8 model {path.name}", "make one with bokwon export --int8")
    int8 = _with_card(path)
    if int8.card is None or model.sha256 is None or int8.card.get(INT8_OF) != model.sha256:
        raise InputFileError(f"{path.name} is not the int8 model of this {model.path.name}", _FETCH_AGAIN)
    return int8


def load_model(model: Model) -> tuple[bytes, str]:
    """Read a model file and compare it with its card.

    The bytes that were checked are returned, so the file cannot change in between.

    Returns:
        The file's bytes and their sha256, lower-case hexadecimal.

    Raises:
        FileAccessError: The file cannot be read.
        InputFileError: The checksum is not that of the card.
    """
    try:
        data = model.path.read_bytes()
    except OSError as error:
        raise _unreadable(model.path, error) from error
    digest = sha256_of(data)
    if model.sha256 is not None and digest != model.sha256:
        raise InputFileError(
            f"model {model.path} is not the file its card describes (sha256 {digest[:12]}…, not {model.sha256[:12]}…)",
            _FETCH_AGAIN,
        )
    return data, digest


def _with_card(path: Path) -> Model:
    card_path = path.with_suffix(".json")
    try:
        text = card_path.read_bytes()
    except FileNotFoundError:
        return Model(path.stem, path, None)
    except OSError as error:
        raise _unreadable(card_path, error) from error
    try:
        card = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputFileError(f"model card {card_path} is not JSON: {error}", _FETCH_AGAIN) from error
    digest = card.get("sha256") if isinstance(card, dict) else None
    if not isinstance(digest, str) or len(digest) != 64:
        raise InputFileError(f"model card {card_path} lacks the model's sha256", _FETCH_AGAIN)
    return Model(str(card.get("name", path.stem)), path, MappingProxyType(card))


def _folders(folder: Path | None) -> tuple[Path, ...]:
    return (WEIGHTS, models_folder()) if folder is None else (folder,)


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def _files(folder: Path) -> list[Path]:
    # By the whole file name an int8 model would come before its model: a hyphen is less than a full stop.
    return sorted(folder.glob("*.onnx"), key=lambda path: path.stem)


def _unreadable(path: Path, error: OSError) -> FileAccessError:
    return FileAccessError(f"{path} cannot be read: {error.strerror or error}", "check the path and its permissions")
