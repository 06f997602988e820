"""The files of a folder, in an order that does not depend on the machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bokwon.errors import FileAccessError

__all__ = ["IMAGE_SUFFIXES", "Listing", "list_files", "list_folder"]

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Of the images that sets of images and masks are made of; `restore` reads more."""


@dataclass(frozen=True)
class Listing:
    """The files of a folder.

    Attributes:
        files: Paths of the wanted files relative to the folder, sorted by name.
        others: Paths of the other files, sorted by name.
        unlisted: Subfolders that cannot be listed, with the reason.
    """

    files: list[PurePosixPath]
    others: list[PurePosixPath]
    unlisted: dict[PurePosixPath, FileAccessError]


def list_folder(
    folder: Path,
    wanted: Callable[[Path], bool],
    *,
    enter: Callable[[Path], bool] = lambda path: True,
) -> Listing:
    """List files of a folder, sorted by name.

    Links to files are followed. Broken links are listed too, so that reading them gives an error. Links to folders are
    not followed, because they may form a loop. Pipes and devices are left out.

    Args:
        folder: Where to look.
        wanted: Whether a file is listed.
        enter: Whether to include a subfolder.

    Raises:
        FileAccessError: The folder itself cannot be listed.
    """
    found: list[PurePosixPath] = []
    unlisted: dict[PurePosixPath, FileAccessError] = {}
    others: list[PurePosixPath] = []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    path = Path(entry)
                    # `scandir` already knows the type of all entries but links. In large data sets this saves millions
                    # of disk accesses.
                    kind = path if entry.is_symlink() else entry
                    if kind.is_dir():
                        if not entry.is_symlink() and enter(path):
                            waiting.append(path)
                    else:
                        listed = wanted(path) and (kind.is_file() or not path.exists())
                        (found if listed else others).append(PurePosixPath(path.relative_to(folder).as_posix()))
        except OSError as error:
            failure = FileAccessError(f"{here} cannot be listed: {error.strerror}", "check the path and its rights")
            if here == folder:
                raise failure from error
            unlisted[PurePosixPath(here.relative_to(folder).as_posix())] = failure
    return Listing(sorted(found), sorted(others), unlisted)


def list_files(
    folder: Path, content: str, *, suffixes: Collection[str] = IMAGE_SUFFIXES, without: Collection[str] = ()
) -> list[Path]:
    """List the files of a folder and its subfolders with given extensions, sorted by name.

    Args:
        folder: The folder. Names that begin with a dot, and subfolders that cannot be listed, are left out.
        content: What the folder should hold, for error messages, such as "mask images".
        suffixes: Extensions in lower case, with the dot.
        without: Names of folders to leave out.

    Returns:
        Paths that begin with `folder`, at least one.

    Raises:
        FileAccessError: It is no folder, or holds no such file.
    """
    if not folder.is_dir():
        raise FileAccessError(f"{folder} is no folder", f"name a folder of {content}")

    def wanted(path: Path) -> bool:
        return path.suffix.lower() in suffixes and not path.name.startswith(".")

    files = list_folder(folder, wanted, enter=lambda path: path.name not in without).files
    if not files:
        known = ", ".join(sorted(suffixes)) if len(suffixes) < 10 else "PNG, JPEG, TIFF, WebP and others"
        raise FileAccessError(f"{folder} holds no {content}", f"it may hold {known}")
    return [folder / file for file in files]
