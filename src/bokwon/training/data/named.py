"""Data sets by name, in the layouts they are published in, and their splits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bokwon.errors import FileAccessError
from bokwon.utilities.listing import list_folder

__all__ = ["CELEBA_HQ_TRAIN", "NAMES", "Named", "list_named"]

CELEBA_HQ_TRAIN = 27_000
"""Images of CelebA-HQ's 30,000 that are trained on; the paper's 27K/3K."""

_CELEBA_HQ = 30_000
_SUFFIXES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True)
class Named:
    """A published data set.

    Attributes:
        train: Possible folders of the training images, relative to that of the data set: one for each published layout.
            The first that exists is used.
        val: The same for the validation images.
        where: Where to get it.
    """

    train: tuple[str, ...]
    val: tuple[str, ...]
    where: str


_SETS = {
    "places2": Named(
        train=(
            "train",
            "data_large",
            "data_256",
            "places365_standard/train",
            "data_large_standard",
            "data_256_standard",
        ),
        val=("val", "val_large", "val_256", "places365_standard/val"),
        where="download Places365-Standard (train and validation images) from http://places2.csail.mit.edu/download.html",
    ),
    "imagenet": Named(
        train=("train", "Data/CLS-LOC/train", "ILSVRC/Data/CLS-LOC/train"),
        val=("val", "Data/CLS-LOC/val", "ILSVRC/Data/CLS-LOC/val"),
        where="register at https://image-net.org/download.php and download ILSVRC2012 (CLS-LOC)",
    ),
    "celeba-hq": Named(
        train=("CelebA-HQ-img", "CelebAMask-HQ/CelebA-HQ-img", "data1024x1024", "."),
        val=("CelebA-HQ-img", "CelebAMask-HQ/CelebA-HQ-img", "data1024x1024", "."),
        where="download CelebAMask-HQ from https://github.com/switchablenorms/CelebAMask-HQ",
    ),
}
NAMES = tuple(_SETS)


def list_named(name: str, root: Path, split: str) -> list[Path]:
    """List the images of a data set's split.

    CelebA-HQ is one folder of files, numbered from 0. The first 27,000 are for training, the last 3,000 for validation.
    The paper's split of the same size was random and is not published.

    Args:
        name: One of `NAMES`.
        root: Folder that holds the data set in a folder of its name.
        split: "train" or "val".

    Returns:
        Paths, in a fixed order.

    Raises:
        FileAccessError: If the data set is missing or incomplete. The message says where to get it.
    """
    known = _SETS[name]
    folder = root / name
    fix = f"{known.where}, unpack it as {folder}, or set data.root to the folder that holds {name}/"
    layouts = known.train if split == "train" else known.val
    found = next((folder / layout for layout in layouts if (folder / layout).is_dir()), None)
    if found is None:
        raise FileAccessError(f"the data set {name} ({split}) is not in {folder}", fix)
    paths = [found / file for file in list_folder(found, lambda path: path.suffix.lower() in _SUFFIXES).files]
    if name == "celeba-hq":
        return _split_celeba_hq(paths, found, split, fix)
    if not paths:
        raise FileAccessError(f"{found} holds no image", fix)
    return paths


def _split_celeba_hq(paths: list[Path], folder: Path, split: str, fix: str) -> list[Path]:
    number: Callable[[Path], int] = lambda path: int("".join(filter(str.isdigit, path.stem)) or -1)  # noqa: E731
    paths = sorted(paths, key=number)
    if len(paths) != _CELEBA_HQ:
        raise FileAccessError(f"{folder} holds {len(paths)} images and not CelebA-HQ's {_CELEBA_HQ:,}", fix)
    return paths[:CELEBA_HQ_TRAIN] if split == "train" else paths[CELEBA_HQ_TRAIN:]
