"""Sources of windows: rendered pages, scans and photographs; and images of film damage."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError, accessing
from bokwon.synthesis.pages.fonts import Font, find_fonts
from bokwon.synthesis.pages.render import render_crop, render_page

__all__ = ["Base", "Sources"]

Pixels = NDArray[np.uint8]

# Longest side of a page on which the detector runs, pixels.
_PAGE_SIDE = 1750
# How often each kind of picture is drawn: rendered windows, rendered pages, and files.
_SHARES = {"window": 0.22, "page": 0.1, "pages": 0.34, "crops": 0.2, "photos": 0.14}


@dataclass(frozen=True)
class Base:
    """A window without synthetic damage.

    Attributes:
        image: uint8 (S, S, 3), RGB.
        unit: Length of 1/512 of the page's width, pixels.
        kind: `rendered`, `scan` (a real page whose surroundings may show), `photo`.
        name: What it was cut from.
    """

    image: Pixels
    unit: float
    kind: str
    name: str


@dataclass
class Sources:
    """Folders of pictures, read as needed.

    Attributes:
        pages: Folders of scans of whole pages. If empty, other sources are used; so for the next two lists.
        crops: Folders of windows of scans.
        photos: Folders of photographs.
        films: Folder with a subfolder for each kind of film damage, gray = coverage. None: no film damage.
        papers: Folder of pictures of surfaces that lie around a sheet. None: they are synthetic.
        exclude_fonts: Words that the path of a font must not contain.
        exclude: Names of files not to use.
    """

    pages: tuple[str, ...] = ()
    crops: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    films: str = ""
    papers: str = ""
    exclude_fonts: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    textures: list[Pixels] = field(default_factory=list)

    def __post_init__(self) -> None:
        """List the files."""
        self._lists = {name: self._list(getattr(self, name)) for name in ("pages", "crops", "photos")}
        self._films = {kind.name: _files(kind) for kind in _files(Path(self.films))} if self.films else {}
        self._fonts: list[Font] = find_fonts(("hanja", "hangul", "latin", "kana"), self.exclude_fonts)
        self._page: tuple[Pixels, float, str] | None = None
        self._left = 0
        for path in _files(Path(self.papers)) if self.papers else []:
            picture = _read(path)
            self.textures.append(_resize(picture, max(1.0, 600 / min(picture.shape[:2]))))

    @property
    def has_films(self) -> bool:
        """Whether there are pictures of film damage."""
        return bool(self._films)

    def _list(self, folders: tuple[str, ...]) -> list[Path]:
        found = [path for folder in folders for path in _files(Path(folder))]
        return [p for p in found if p.suffix.lower() in (".jpg", ".png") and p.stem not in self.exclude]

    def film(self, rng: np.random.Generator, kinds: tuple[str, ...]) -> Pixels:
        """Draw a picture of film damage, uint8 (H, W), 255 = fully covered."""
        files = self._films[kinds[int(rng.integers(len(kinds)))]]
        return np.asarray(cv2.imread(str(files[int(rng.integers(len(files)))]), cv2.IMREAD_GRAYSCALE), np.uint8)

    def draw(self, rng: np.random.Generator, size: int) -> Base:
        """Draw a window of `size` pixels a side."""
        kind = self._choose(rng)
        if kind == "window":
            em = float(np.exp(rng.uniform(np.log(11), np.log(50))))
            page = render_crop(rng, size, fonts=self._fonts, text_size=em)
            return Base(page.image, float(np.exp(rng.normal(np.log(2.3), 0.3))), "rendered", page.style)
        if kind == "page":
            if self._left == 0:
                height = int(rng.uniform(1200, 1750))
                page = render_page(rng, (height, int(height * rng.uniform(0.65, 0.85))), fonts=self._fonts)
                self._page, self._left = (page.image, page.image.shape[1] / 512, page.style), 5
            self._left -= 1
            assert self._page is not None
            picture, unit, name = self._page
            return Base(_window(rng, picture, size), unit, "scan", name)
        if kind == "pages":
            path = self._pick(rng, "pages")
            picture = _read(path)
            scale = _PAGE_SIDE / max(picture.shape[:2]) * float(rng.uniform(0.7, 1.1))
            unit = min(picture.shape[:2]) * scale / 512
            return Base(_window(rng, picture, size, scale), unit, "scan", path.stem)
        if kind == "crops":
            path = self._pick(rng, "crops")
            scale = float(rng.uniform(0.7, 1.15))
            return Base(_window(rng, _read(path), size, scale), 2.3 * scale, "scan", path.stem)
        path = self._pick(rng, "photos")
        picture = _read(path)
        scale = size / min(picture.shape[:2]) * float(rng.uniform(1, 1.5))
        if min(picture.shape[:2]) > 2 * size:
            scale = _PAGE_SIDE / max(picture.shape[:2]) * float(rng.uniform(0.7, 1.0))
        return Base(_window(rng, picture, size, scale), float(rng.uniform(1.0, 3.0)), "photo", path.stem)

    def _choose(self, rng: np.random.Generator) -> str:
        """Source of the next window: a rendered window, a rendered page, or a key of the lists of files."""
        shares = {kind: share for kind, share in _SHARES.items() if self._lists.get(kind, True)}
        chances = np.array(list(shares.values()))
        return str(rng.choice(list(shares), p=chances / chances.sum()))

    def _pick(self, rng: np.random.Generator, kind: str) -> Path:
        files = self._lists[kind]
        return files[int(rng.integers(len(files)))]


def _files(folder: Path) -> list[Path]:
    with accessing(f"the folder {folder} cannot be read: {{error}}", "check its path"):
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _read(path: Path) -> Pixels:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise InputFileError(f"{path} is no image that can be read", "remove it, or save it anew")
    return np.asarray(image, np.uint8)


def _resize(image: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return image
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=how), np.uint8)


def _window(rng: np.random.Generator, picture: Pixels, size: int, scale: float = 1.0) -> Pixels:
    """Cut a window of `size` pixels a side out of a scaled picture."""
    need = min(int(np.ceil(size / scale)), min(picture.shape[:2]))
    y, x = (int(rng.integers(0, side - need + 1)) for side in picture.shape[:2])
    cut = picture[y : y + need, x : x + need]
    how = cv2.INTER_AREA if need > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(cut, (size, size), interpolation=how), np.uint8)
