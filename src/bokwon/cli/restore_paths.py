"""What the paths on the command line of `bokwon restore` mean."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from bokwon.cli.options import STANDARD
from bokwon.errors import ArgumentError, FileAccessError, accessing

__all__ = ["MASK_WORDS", "expand_wildcards", "is_iiif", "place_in_folder"]

MASK_WORDS = ("beside", "auto")
"""Values of --mask that are no file. A file of such a name is given as ./auto."""
_URLS = ("http://", "https://")
_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))


def expand_wildcards(inputs: Sequence[str]) -> list[str]:
    """Replace names with * ? [ by the files that they match, for shells that do not.

    Files whose own names hold these characters stay. Masks among the matches are told from images later.

    Args:
        inputs: As the command line gives them.

    Raises:
        ArgumentError: A wildcard matches nothing, or several inputs are more than files.
    """
    found: dict[str, None] = {}
    for name in inputs:
        if name == STANDARD or name.lower().startswith(_URLS) or os.path.lexists(name) or not glob.has_magic(name):
            found[name] = None
            continue
        # `Path.glob` takes no absolute pattern.
        matches = sorted(match for match in glob.glob(name) if Path(match).is_file())  # noqa: PTH207
        if not matches:
            raise FileAccessError(f"no file matches {name}", "check the path")
        found |= dict.fromkeys(matches)
    names = list(found)
    if len(names) > 1:
        if STANDARD in names:
            raise ArgumentError("standard input is one image", "name it alone, or name files only")
        if folders := [name for name in names if Path(name).is_dir()]:
            raise ArgumentError(f"{folders[0]} is a folder among several inputs", "name one folder, or files only")
        if manifests := [name for name in names if is_iiif(name)]:
            raise ArgumentError(f"{manifests[0]} is a manifest among several inputs", "name one manifest at a time")
    return names


def is_iiif(name: str) -> bool:
    """Return whether an input is a URL, or a file that may be a IIIF manifest."""
    return name.lower().startswith(_URLS) or (name.lower().endswith(".json") and not Path(name).is_dir())


def place_in_folder(image: str, output: str, *, wildcard: bool) -> str:
    """Return the output of one image: where a folder is named, a file of the same name in it.

    Args:
        image: The image.
        output: What the command line names as output: a folder if it ends in a slash.
        wildcard: Whether a wildcard was given, which could have matched several images: then an existing folder counts
            too.

    Raises:
        ArgumentError: Standard input has no name.
        FileAccessError: The folder cannot be made.
    """
    if not (output.endswith(_SEPARATORS) or (wildcard and Path(output).is_dir())):
        return output
    if image == STANDARD:
        raise ArgumentError("standard input has no file name for a folder", "name an output file")
    if not Path(image).exists():
        raise FileAccessError(f"{image} does not exist", "check the path")
    with accessing(f"folder {output} cannot be made: {{error}}", "check the path"):
        Path(output).mkdir(parents=True, exist_ok=True)
    return str(Path(output) / Path(image).name)
