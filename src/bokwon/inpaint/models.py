"""Model files: where they are, whether they are what their card says, what the card tells.

A model is an ONNX file NAME.onnx with a card NAME.json beside it. Shipped models lie in `bokwon/weights` and are found
by name; any other is named by its path.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.utilities.checksums import sha256_of

__all__ = [
    "DEFAULT_MODEL",
    "INT8_OF",
    "WEIGHTS",
    "Model",
    "find_int8",
    "find_model",
    "int8_path",
    "list_models",
    "load_model",
]

DEFAULT_MODEL = "document"
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
"""Folder of the shipped models."""

INT8_OF = "int8_of"
"""Entry of an int8 model's card: the checksum of the float model that it belongs to."""

_FOR_PAGES = ("lowpass", "pullpush")
"""Bases of networks for pages."""

_REINSTALL = "install bokwon anew"
_FETCH_AGAIN = "copy the model file and its card again, both from the same export"


@dataclass(frozen=True)
class Model:
    """A model file that exists, and what its card says.

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
        """The checksum the card promises, lower-case hexadecimal; None without a card."""
        return None if self.card is None else str(self.card["sha256"]).lower()

    @property
    def precision(self) -> str:
        """What it computes with: `int8` if its card says so, else `float32`."""
        return "int8" if self.card is not None and self.card.get("storage") == "int8" else "float32"

    @property
    def for_pages(self) -> bool:
        """Whether it is for pages of ink on paper, by what its network builds on.

        Such a model fills no lighter than what is known around, and its fills may become ink or paper. A membrane, for
        photographs, carries the light of the rim itself into a hole, which may be more than the mean of a spot; a
        network without a base is measured as it is.
        """
        network = {} if self.card is None else self.card.get("network", {})
        return isinstance(network, dict) and network.get("base") in _FOR_PAGES


def list_models(folder: Path | None = None) -> tuple[Model, ...]:
    """Return the models of a folder, by name.

    Args:
        folder: Where to look; the shipped models by default.

    Raises:
        InputFileError: A card is damaged.
    """
    folder = WEIGHTS if folder is None else folder
    return tuple(_with_card(path) for path in _files(folder))


def find_model(model: str | Path, *, folder: Path | None = None) -> Model:
    """Find a model by name or path.

    Args:
        model: Name of a shipped model, or path of an ONNX file. A string is a path if it has a folder in it or ends in
            `.onnx`.
        folder: Where named models lie; the shipped ones by default.

    Raises:
        ArgumentError: No model has that name.
        FileAccessError: No such file.
        InputFileError: The card is damaged, or a shipped model has none.
    """
    if isinstance(model, Path) or "/" in model or "\\" in model or model.endswith(".onnx"):
        path = Path(model)
        if path.is_dir():
            raise FileAccessError(f"model {path} is a folder", "name the .onnx file in it")
        if not path.exists():
            raise FileAccessError(f"model file {path} does not exist", "check the path, or name a shipped model")
        return _with_card(path)
    folder = WEIGHTS if folder is None else folder
    path = folder / f"{model}.onnx"
    if not path.is_file():
        names = ", ".join(found.stem for found in _files(folder)) or "none"
        fix = f"shipped models: {names}; a model file is named by its path"
        if Path(model).is_file():
            fix = f"for the file write ./{model}"
        raise ArgumentError(f"no model is named {model!r}", fix)
    found = _with_card(path)
    if found.card is None:
        raise InputFileError(f"shipped model {model} has lost its card", _REINSTALL)
    return found


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
    """Read a model file whole and hold it against its card.

    What is checked is what is returned, so that nothing can change in between.

    Returns:
        The file's bytes and their sha256, lower-case hexadecimal.

    Raises:
        FileAccessError: The file cannot be read.
        InputFileError: It is not the file the card belongs to.
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


def _files(folder: Path) -> list[Path]:
    # By the whole file name an int8 model would come before its model: a hyphen is less than a full stop.
    return sorted(folder.glob("*.onnx"), key=lambda path: path.stem)


def _unreadable(path: Path, error: OSError) -> FileAccessError:
    return FileAccessError(f"{path} cannot be read: {error.strerror or error}", "check the path and its permissions")
