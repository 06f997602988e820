"""Sources of training images: folders, rendered pages, named data sets, Hugging Face.

A source gives image number k for a random generator: the same number and generator give the same image.
"""

from __future__ import annotations

import logging
from itertools import chain
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from bokwon.errors import FileAccessError, InputFileError
from bokwon.synthesis.pages.fonts import SCRIPTS, Font, find_fonts
from bokwon.synthesis.pages.render import render_crop
from bokwon.synthesis.pages.styles import find_style
from bokwon.synthesis.pages.text import TextSource, read_text
from bokwon.training.data.config import DataConfig, PagesConfig
from bokwon.training.data.hub import HubSource
from bokwon.training.data.named import NAMES, list_named
from bokwon.training.data.rgb import to_rgb
from bokwon.utilities.listing import list_files

__all__ = ["Files", "ImageSource", "Pages", "find_images", "open_source"]

_log = logging.getLogger(__name__)
_TRIES = 100

Pixels: TypeAlias = npt.NDArray[np.uint8]


class ImageSource(Protocol):
    """A source of images."""

    def draw(self, rng: np.random.Generator, number: int) -> Pixels:
        """Return an image.

        Args:
            rng: For random choices.
            number: Number of images that the run has drawn from this source before.

        Returns:
            uint8 (H, W, 3), RGB.
        """


def open_source(name: str, config: DataConfig, seed: int) -> ImageSource:
    """Open the source that an entry of `data.images` names.

    Args:
        name: A folder, "pages", a named data set or "hf:NAME".
        config: Options of the sources.
        seed: Of the order of a stream.

    Returns:
        The source.

    Raises:
        FileAccessError: If the folder or the data set is not there.
        MissingDependencyError: If a package or a font is missing.
    """
    if name == "pages":
        return Pages(config.pages, config.crop)
    if name.startswith("hf:"):
        return HubSource(name.removeprefix("hf:"), config.hub, seed)
    if name in NAMES:
        return Files(list_named(name, Path(config.root), config.split), config.cache)
    return Files(find_images(Path(name)), config.cache)


def find_images(folder: Path) -> list[Path]:
    """List the image files below a folder, in a fixed order.

    Args:
        folder: Where to look, at any depth. Folders named `ink` are left out: rendered pages have ink masks there.

    Returns:
        Paths, sorted.

    Raises:
        FileAccessError: If the folder is missing or holds no image.
    """
    if not folder.is_dir():
        raise FileAccessError(
            f"{folder} is not a folder",
            f"give a folder of images, or one of pages, {', '.join(NAMES)}, hf:NAME",
        )
    return list_files(folder, "images", suffixes=Image.registered_extensions(), without=("ink",))


class Files:
    """Image files. They are decoded when they are drawn, and kept in a cache.

    A file that cannot be read is reported once, and replaced by another.

    Args:
        paths: The files.
        cache: MiB of decoded images that are kept.
    """

    def __init__(self, paths: list[Path], cache: int) -> None:
        self.paths = paths
        self._room = cache * 2**20
        self._images: dict[int, Pixels] = {}
        self._bad: set[int] = set()

    def draw(self, rng: np.random.Generator, number: int) -> Pixels:
        """Return a random image."""
        del number
        picks = (int(rng.integers(len(self.paths))) for _ in range(_TRIES))
        for index in chain(picks, range(len(self.paths))):
            image = self._read(index)
            if image is not None:
                return image
        raise InputFileError(
            f"none of the {len(self.paths)} images beside {self.paths[0]} can be read", "give readable images"
        )

    def _read(self, index: int) -> Pixels | None:
        if index in self._images:
            return self._images[index]
        if index in self._bad:
            return None
        try:
            with Image.open(self.paths[index]) as file:
                image = to_rgb(file)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            self._bad.add(index)
            _log.warning("%s is left out: %s", self.paths[index], error)
            return None
        if image.nbytes <= self._room:
            self._room -= image.nbytes
            self._images[index] = image
        return image


class Pages:
    """Rendered pages: windows, as if cut from larger pages, rendered when they are drawn.

    Args:
        config: Styles, fonts, text and paper.
        size: Side of the windows, pixels.

    Raises:
        ArgumentError: If a style is unknown.
        FileAccessError: If a file or folder is missing.
        MissingDependencyError: If no font can write.
    """

    def __init__(self, config: PagesConfig, size: int) -> None:
        self.size = size
        self.styles: list[str | None] = [find_style(style).name for style in config.styles] or [None]
        self.fonts: list[Font] | None = None
        if config.fonts or config.exclude_fonts:
            self.fonts = find_fonts(SCRIPTS, config.exclude_fonts, config.fonts or None)
        self.text = read_text(config.text) if config.text else TextSource()
        self.paper = config.paper or None
        # Missing fonts are found now, not in a worker process in mid-run.
        self.draw(np.random.default_rng(0), 0)

    def draw(self, rng: np.random.Generator, number: int) -> Pixels:
        """Render a window."""
        del number
        style = self.styles[int(rng.integers(len(self.styles)))]
        return render_crop(rng, self.size, style, self.fonts, self.text, self.paper).image
