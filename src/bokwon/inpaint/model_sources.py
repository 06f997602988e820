"""Sources of models outside the package: the folder of the user, and the Hugging Face Hub."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from bokwon.errors import ArgumentError, FileAccessError, InputFileError, importing

__all__ = ["HUB", "download", "models_folder"]

HUB = "hf:"
"""What a model of the hub is named by, as in hf:OWNER/NAME."""

_IDENTIFIER = re.compile(r"hf:(?P<repository>[\w.-]+/[\w.-]+)(?:/(?P<file>[^@]+\.onnx))?(?:@(?P<revision>[^@\s]+))?")


def models_folder() -> Path:
    """Return the folder of the user's models, which `bokwon models add` copies into; it may not exist."""
    home = os.environ.get("XDG_DATA_HOME") or (os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None)
    # The standard calls relative paths invalid.
    root = Path(home) if home and Path(home).is_absolute() else Path.home() / ".local" / "share"
    return root / "bokwon" / "models"


def download(identifier: str) -> Path:
    """Get a model file and its card from the hub, or from the cache, where they stay.

    Args:
        identifier: hf:OWNER/NAME, hf:OWNER/NAME/FILE.onnx, each with or without @REVISION: a branch, tag or commit.

    Returns:
        The ONNX file; its card lies beside it if the repository has one.

    Raises:
        ArgumentError: The identifier has another form, or the repository has several models.
        MissingDependencyError: huggingface_hub is not installed.
        FileAccessError: There is no such repository or file, or it can neither be reached nor found in the cache.
        InputFileError: The repository has no model file.
    """
    match = _IDENTIFIER.fullmatch(identifier)
    if match is None:
        raise ArgumentError(f"{identifier} names no model of the hub", "write hf:OWNER/NAME or hf:OWNER/NAME/FILE.onnx")
    # Read when it is imported: the hub need not know who restores what.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    with importing(f"{identifier} is downloaded with huggingface_hub", "install it with: pip install 'bokwon[hub]'"):
        import huggingface_hub
    repository = match["repository"]
    try:
        files, revision = _list(huggingface_hub, repository, match["revision"])
        name = _choose(files, match["file"], identifier)
        card = str(PurePosixPath(name).with_suffix(".json"))
        found = [
            Path(huggingface_hub.hf_hub_download(repository, each, revision=revision))
            for each in (name, card)
            if each in files
        ]
    except (ArgumentError, FileAccessError, InputFileError, MemoryError):
        raise
    except Exception as error:
        # The HTTP library below has errors of its own, of other classes in every release.
        raise FileAccessError(
            f"{identifier} cannot be downloaded: {' '.join(str(error).split())[:300]}",
            "check the name and the connection, or name a model file by its path",
        ) from error
    return found[0]


def _list(hub: Any, repository: str, revision: str | None) -> tuple[set[str], str | None]:
    """Return the files of a repository, and the commit that has them; without a connection, what the cache has."""
    try:
        told = hub.HfApi().model_info(repository, revision=revision)
    except hub.errors.RepositoryNotFoundError as error:
        raise FileAccessError(
            f"there is no public repository {repository} on the Hugging Face Hub",
            "check the name; for a private one, run: hf auth login",
        ) from error
    except hub.errors.RevisionNotFoundError as error:
        raise FileAccessError(f"{repository} has no revision {revision}", "check it on the hub") from error
    except Exception:
        # Not reached, whatever the HTTP library calls that.
        try:
            folder = Path(hub.snapshot_download(repository, revision=revision, local_files_only=True))
        except hub.errors.LocalEntryNotFoundError:
            folder = None
        if folder is None:
            raise
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        return files, folder.name
    return {entry.rfilename for entry in told.siblings or ()}, told.sha


def _choose(files: Iterable[str], wanted: str | None, identifier: str) -> str:
    models = sorted(name for name in files if name.endswith(".onnx") and not name.endswith("-int8.onnx"))
    if wanted is not None:
        if wanted not in files:
            there = ", ".join(models) or "no model file"
            raise FileAccessError(f"{identifier} has no file {wanted}", f"it has {there}")
        return wanted
    if not models:
        raise InputFileError(
            f"{identifier} has no .onnx file",
            "load it with bokwon.nn.PConvUNet.from_pretrained, save_pretrained into a folder, and run bokwon export",
        )
    if len(models) > 1:
        raise ArgumentError(f"{identifier} has several models", f"add one of /{', /'.join(models)}")
    return models[0]
