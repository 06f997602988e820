"""Folders of rendered pages. They do not depend on the number of processes, and can be resumed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, OutputExistsError, accessing
from bokwon.synthesis.pages.composite import Page
from bokwon.synthesis.pages.fonts import SCRIPTS, Font, find_fonts
from bokwon.synthesis.pages.paper import list_textures
from bokwon.synthesis.pages.render import check_size, render_crop, render_page
from bokwon.synthesis.pages.styles import find_style
from bokwon.synthesis.pages.text import TextSource, read_text
from bokwon.utilities.atomic import write_file
from bokwon.utilities.checksums import sha256_of
from bokwon.utilities.processes import map_in_processes

__all__ = ["PageSet", "make_pages"]

_MARK = "INCOMPLETE"


@dataclass(frozen=True)
class PageSet:
    """Settings of a set of pages. The same settings, fonts and texts give the same files.

    Attributes:
        count: Number of pages, at least 1.
        size: Height and width in pixels.
        styles: Names of `STYLES` to draw from; empty for all that the fonts can write.
        fonts: Folder of fonts; None for those of the system.
        exclude_fonts: Words that the path and family of a font must not contain.
        texts: Text files; empty for the built-in lists.
        paper: Folder of photographs of paper; None for synthetic paper.
        seed: Page n depends only on (seed, n).
        crops: Whether to render windows with a given share of ink instead of whole pages. Height and width must be
            equal.
    """

    count: int
    size: tuple[int, int] = (768, 768)
    styles: tuple[str, ...] = ()
    fonts: str | None = None
    exclude_fonts: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    paper: str | None = None
    seed: int = 0
    crops: bool = False

    def __post_init__(self) -> None:
        """Check the settings before anything is rendered."""
        if self.count < 1:
            raise ArgumentError(f"cannot make {self.count} pages", "ask for at least 1")
        if self.seed < 0:
            raise ArgumentError(f"seed {self.seed} is negative", "use 0 or more")
        height, width = check_size(self.size)
        if self.crops and height != width:
            raise ArgumentError(f"crops are square, not {height} x {width}", "give a size like 256x256")
        for style in self.styles:
            find_style(style)


def make_pages(
    settings: PageSet, out: str | Path, jobs: int = 1, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Render a set of pages into a folder.

    Writes `NNNNNN.png` (the page), `NNNNNN.json` (style, text, boxes) and `ink/NNNNNN.png` (white = ink) for every
    page, then `manifest.jsonl`. `settings.json` holds the settings. Until the set is complete, the folder holds a file
    `INCOMPLETE`. The same call continues an interrupted set; a call with a larger count extends it.

    Args:
        settings: What to make.
        out: The folder.
        jobs: Number of processes, at least 1. They are spawned, so a script must have `if __name__ == "__main__"`.
        progress: Called with the number of finished pages and the number asked for.

    Returns:
        The manifest.

    Raises:
        ArgumentError: `jobs` is less than 1.
        FileAccessError: The folder cannot be written, or a text or paper file cannot be read.
        MissingDependencyError: No font has the characters that are needed.
        OutputExistsError: The folder holds another set, or other files.
    """
    if jobs < 1:
        raise ArgumentError(f"cannot run {jobs} processes", "use 1 or more")
    root = Path(out)
    worker = _Worker(settings)
    if settings.paper is not None:
        list_textures(settings.paper)
    # One tiny page fails early where fonts are missing, before a folder is made.
    for style in settings.styles or (None,):
        render_page(0, (32, 32), style=style, fonts=worker.fonts, text=worker.text)
    _open_folder(root, settings, worker)
    todo = [index for index in range(settings.count) if not _is_done(root, index)]
    done = settings.count - len(todo)
    report = progress or (lambda _done, _total: None)
    report(done, settings.count)
    with accessing(f"cannot write into {root}: {{error}}", "free space or choose another folder"):
        for _ in map_in_processes(partial(worker.make, root), todo, jobs):
            done += 1
            report(done, settings.count)
        records = [_record(root, index) for index in range(settings.count)]
        manifest = root / "manifest.jsonl"
        write_file(manifest, "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records))
        (root / _MARK).unlink(missing_ok=True)
    return manifest


class _Worker:
    """Renders the pages of a set, with loaded fonts and text."""

    def __init__(self, settings: PageSet) -> None:
        self.settings = settings
        self.fonts: tuple[Font, ...] = tuple(find_fonts(SCRIPTS, settings.exclude_fonts, settings.fonts))
        self.text: TextSource = read_text(settings.texts)

    def render(self, index: int) -> Page:
        """Render the page of this number."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, index])
        style = settings.styles[int(rng.integers(len(settings.styles)))] if settings.styles else None
        if settings.crops:
            return render_crop(rng, settings.size[0], style, self.fonts, self.text, settings.paper)
        return render_page(rng, settings.size, style, self.fonts, self.text, settings.paper)

    def make(self, root: Path, index: int) -> int:
        """Render and write the page of this number."""
        page = self.render(index)
        name = f"{index:06d}"
        write_file(root / "ink" / f"{name}.png", _encode(page.ink.astype(np.uint8) * 255, bilevel=True), sync=False)
        write_file(root / f"{name}.png", _encode(page.image[..., ::-1]), sync=False)
        record = {
            "style": page.style,
            "text": page.text,
            "ink": round(float(page.ink.mean()), 5),
            "characters": [{"text": c.text, "box": list(c.box)} for c in page.characters],
        }
        write_file(root / f"{name}.json", json.dumps(record, ensure_ascii=False), sync=False)
        return index


def _open_folder(root: Path, settings: PageSet, worker: _Worker) -> None:
    fonts = (f"{Path(font.path).name} {font.index} {Path(font.path).stat().st_size}\n" for font in worker.fonts)
    texts = (f"{script}\n{text}" for script, text in sorted(worker.text.texts.items()))
    sources = sha256_of("".join((*fonts, *texts)).encode())
    # Text and font folders are told by their content: they may lie elsewhere next time.
    wanted: dict[str, Any] = {**asdict(settings), "sources": sources}
    for place in ("fonts", "texts", "exclude_fonts"):
        del wanted[place]
    wanted = json.loads(json.dumps(wanted))
    with accessing(f"cannot write into {root}: {{error}}", "choose a folder you may write"):
        root.mkdir(parents=True, exist_ok=True)
        present = root / "settings.json"
        if present.exists():
            stored = json.loads(present.read_text(encoding="utf-8"))
            # Page n depends on seed and n alone, so a set may grow.
            if {**stored, "count": 0} != {**wanted, "count": 0} or stored["count"] > settings.count:
                raise OutputExistsError(f"{root} holds another set of pages", "choose another folder or remove it")
        elif any(root.iterdir()):
            raise OutputExistsError(f"{root} is not empty", "choose a new or empty folder")
        (root / _MARK).write_text("This set is being made, or was interrupted: run the same command again.\n")
        (root / "ink").mkdir(exist_ok=True)
        write_file(present, json.dumps(wanted, indent=1))


def _is_done(root: Path, index: int) -> bool:
    name = f"{index:06d}"
    return all((root / file).is_file() for file in (f"{name}.json", f"{name}.png", f"ink/{name}.png"))


def _record(root: Path, index: int) -> dict[str, Any]:
    stored = json.loads((root / f"{index:06d}.json").read_text(encoding="utf-8"))
    name = f"{index:06d}"
    return {
        "image": f"{name}.png",
        "ink_mask": f"ink/{name}.png",
        "text": f"{name}.json",
        "style": stored["style"],
        "ink": stored["ink"],
        "characters": len(stored["characters"]),
    }


def _encode(image: NDArray[np.uint8], bilevel: bool = False) -> bytes:
    flags = [cv2.IMWRITE_PNG_BILEVEL, 1] if bilevel else [cv2.IMWRITE_PNG_COMPRESSION, 1]
    return bytes(cv2.imencode(".png", image, flags)[1])
