"""The record of an intervention: what was changed, by what, on what evidence, and what was there before.

A record is a folder `OUTPUT.record` beside the output: `record.json`, and for each restored page its hole, its evidence
map, the samples that were replaced and, if asked for, a picture of the evidence.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import bokwon
from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError
from bokwon.imaging.book import Book
from bokwon.imaging.color import samples_to_light
from bokwon.imaging.decode import Page
from bokwon.imaging.files import Source
from bokwon.imaging.holes import Hole
from bokwon.imaging.output import part_beside, replacing
from bokwon.imaging.pixels import missing_pixels
from bokwon.restore.evidence import encoder_of, evidence_levels
from bokwon.restore.holes_found import Damage, describe_holes
from bokwon.restore.masks import RECORD
from bokwon.restore.restorer import Restorer

__all__ = [
    "Page",
    "PageRecord",
    "Read",
    "Recorder",
    "check_record",
    "has_record",
    "note_undone",
    "overlay",
    "read_record",
    "record_folder",
    "set_aside",
    "sha256_of",
    "undo",
    "undone_sha256",
]

Read = Callable[[], Page]
"""Reads a page."""

_JSON = "record.json"
_UNDONE = "undone.json"
"""Says what an output became when its restoration was taken back."""
_FORMAT = 2
_READABLE = (1, 2)
_OF_A_PAGE = re.compile(r"(hole|evidence|original|overlay)_p\d{3,}\.(png|npz)|undone\.json")
# From green, where evidence is near, over yellow to red, where it is far: readable by most colour-blind eyes too.
_COLOURS = np.array(
    [
        (26, 152, 80),
        (102, 189, 99),
        (166, 217, 106),
        (254, 224, 139),
        (253, 174, 97),
        (244, 109, 67),
        (215, 48, 39),
    ],
    np.float32,
)
_NO_EVIDENCE = (120, 0, 80)


@dataclass(frozen=True)
class PageRecord:
    """What was done to one page.

    Attributes:
        page: Its number, from 1.
        size: Width and height.
        mode: Mode of its samples.
        depth: Bits of a sample.
        mask: Name of the mask.
        hole_pixels: How many pixels were filled.
        evidence: Pixels by the level that first reached them, from 1; the last ones were reached by none.
        damage_from: Who tells the kinds of damage; None if nobody does.
        holes: Connected holes: `box` (left, top, width, height), `area`, the farthest `evidence` level, the kind of
            `damage`, None where it is not told, and the `derived_shape`, which is that of the outline alone.
    """

    page: int
    size: tuple[int, int]
    mode: str
    depth: int
    mask: str
    hole_pixels: int
    evidence: tuple[int, ...]
    damage_from: str | None
    holes: tuple[dict[str, Any], ...]


def record_folder(target: Path) -> Path:
    """Return where the record of an output lies."""
    return target.with_name(target.name + RECORD)


def has_record(target: Path) -> bool:
    """Return whether a record lies beside an output."""
    try:
        return (record_folder(target) / _JSON).is_file()
    except OSError:
        # Where its name would be too long, for one.
        return False


def check_record(target: Path) -> None:
    """Make sure that a record may lie beside an output, before any work is done for it.

    Raises:
        FileAccessError: Its name is too long, or it cannot be looked up.
    """
    folder = record_folder(target)
    try:
        folder.exists()
    except OSError as error:
        fix = "shorten the output's name, or leave out --record"
        raise FileAccessError(f"record {folder.name} cannot lie beside the output: {error.strerror}", fix) from error


def note_undone(folder: Path, target: Path) -> None:
    """Note in a record what its output is now that the restoration was taken back.

    Raises:
        FileAccessError: It cannot be written.
    """
    content = {"output": {"file": target.name, "sha256": sha256_of(Source.of(target))}}
    with replacing(folder / _UNDONE) as stream:
        stream.write(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogateescape"))


def undone_sha256(target: Path) -> str | None:
    """Return the checksum an output had when its restoration was taken back; None where that was never done."""
    try:
        content = json.loads((record_folder(target) / _UNDONE).read_text(encoding="utf-8", errors="surrogateescape"))
        return str(content["output"]["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def set_aside(target: Path) -> Path | None:
    """Give the record beside an output another name, if it is that of another output than the one that is there now.

    Returns:
        Its new place; None if it stays, or there is none.

    Raises:
        FileAccessError: It cannot be moved.
    """
    if not has_record(target):
        return None
    folder = record_folder(target)
    try:
        if read_record(folder)[1]["output"]["sha256"] == sha256_of(Source.of(target)):
            return None
    except InputFileError:
        # Of what it is the record nobody can tell any more.
        return None
    free = _free_folder(target)
    try:
        folder.replace(free)
    except OSError as error:
        raise FileAccessError(f"record {folder} cannot be moved: {error.strerror}", "check its rights") from error
    return free


def _free_folder(target: Path) -> Path:
    names = (f"{target.name}.{number}{RECORD}" for number in count(1))
    return next(path for path in map(target.with_name, names) if not path.exists())


class Recorder:
    """Writes the record of one output, page by page: a context manager.

    Until `finish` everything is kept apart from an earlier record of the same output, which stays if this run fails. If
    the run is interrupted once the output is in its place, the record still gets into its own.

    Args:
        source: The input, before the output may have taken its place.
        target: The output.
        restorer: What fills the holes.
        with_overlay: Whether to draw the evidence too.

    Raises:
        ArgumentError: The input is an output itself, whose original pixels are in the record that would be replaced.
        FileAccessError: The record's folder cannot be made.
        InputFileError: The model's card makes no sense.
    """

    def __init__(self, source: Source, target: Path, restorer: Restorer, *, with_overlay: bool) -> None:
        self._restorer = restorer
        self._encoder = encoder_of(restorer.model)
        self._input = {"file": source.name, "sha256": sha256_of(source)}
        self._target = target
        self._over_itself = source.path is not None and target.exists() and target.samefile(source.path)
        self._folder = record_folder(target)
        self._output: str | None = None
        self._names: frozenset[str] = frozenset()
        self._kept: Path | None = None
        self._with_overlay = with_overlay
        self._pages: list[PageRecord] = []
        self._check_earlier()
        self._part = part_beside(self._folder / _JSON)
        try:
            self._folder.mkdir(exist_ok=True)
            self._part.mkdir()
        except OSError as error:
            raise self._cannot_be_made(error) from error

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None and self._is_placed():
                self.finish()
        except (BokwonError, OSError):
            # Not tidied up: nothing else has the original pixels, if the output is where the input was.
            return
        shutil.rmtree(self._part, ignore_errors=True)
        with suppress(OSError):
            # Only if nothing is in it.
            self._folder.rmdir()

    def before(self, number: int, page: Page, hole: Hole, mask: str, damage: Damage) -> NDArray[np.uint8]:
        """Write down a page that is about to be filled, and return its evidence levels."""
        kernels = self._encoder.kernels
        missing = missing_pixels(page.pixels, page.mode, hole)
        levels = evidence_levels(missing, kernels, dense=self._encoder.dense)
        levels[~hole] = 0
        depth = 1 if page.mode == "1" else page.pixels.dtype.itemsize * 8
        counts = np.bincount(levels.reshape(-1), minlength=len(kernels) + 2)[1:]
        self._pages.append(
            PageRecord(
                page=number,
                size=page.size,
                mode=page.mode,
                depth=depth,
                mask=mask,
                hole_pixels=int(np.count_nonzero(hole)),
                evidence=tuple(int(count) for count in counts),
                damage_from=damage.source,
                holes=describe_holes(hole, levels, damage),
            )
        )
        self._save_picture(f"hole_p{number:03}.png", Image.fromarray(hole))
        self._save_picture(f"evidence_p{number:03}.png", Image.fromarray(levels))
        buffer = io.BytesIO()
        np.savez_compressed(buffer, samples=page.pixels[hole])
        self._save(f"original_p{number:03}.npz", buffer.getvalue())
        return levels

    def after(self, number: int, page: Page, levels: NDArray[np.uint8]) -> None:
        """Draw the evidence over the filled page, if asked for."""
        if self._with_overlay:
            self._save_picture(
                f"overlay_p{number:03}.png", Image.fromarray(overlay(page, levels, len(self._encoder.kernels)))
            )

    def prepare(self, stream: BinaryIO, settings: dict[str, Any]) -> None:
        """Write the record's first file, before the output takes its place.

        Args:
            stream: The output, whole; seekable.
            settings: What the restoration was made with.
        """
        stream.seek(0)
        self._output = _sha256(stream)
        restorer = self._restorer
        record = {
            "record": _FORMAT,
            "bokwon": bokwon.__version__,
            "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "input": self._input,
            "output": {"file": self._target.name, "sha256": self._output},
            "method": restorer.method,
            "model": restorer.model.name if restorer.model else None,
            "model_sha256": restorer.sha256,
            "engine": restorer.engine.description,
            "settings": settings,
            "kernels": self._encoder.kernels,
            "kernels_from": self._encoder.source,
            "pages": [asdict(page) for page in self._pages],
        }
        self._save(_JSON, json.dumps(record, indent=1, ensure_ascii=False).encode("utf-8", "surrogateescape"))
        self._names = frozenset(path.name for path in self._part.iterdir())

    def finish(self) -> Path | None:
        """Put the record into its place, once the output is in its own.

        Returns:
            Where an earlier record of a file that was restored over itself is kept now; None where there was none.
        """
        try:
            waiting = {path.name for path in self._part.iterdir()}
            # Notes of others stay, and so does what is there already, if this is the second try.
            earlier = [
                path
                for path in self._folder.iterdir()
                if (path.name == _JSON or _OF_A_PAGE.fullmatch(path.name)) and path.name not in self._names - waiting
            ]
            # A record without its first file is none: that goes first and comes last.
            earlier.sort(key=lambda path: path.name != _JSON)
            if self._over_itself and self._kept is None and earlier and earlier[0].name == _JSON:
                self._kept = _free_folder(self._target)
                self._kept.mkdir()
            for old in earlier:
                if self._kept is None:
                    old.unlink()
                else:
                    old.replace(self._kept / old.name)
            for new in sorted(self._part.iterdir(), key=lambda path: path.name == _JSON):
                new.replace(self._folder / new.name)
        except OSError as error:
            raise self._cannot_be_made(error) from error
        return self._kept

    def _is_placed(self) -> bool:
        return self._output is not None and sha256_of(Source.of(self._target)) == self._output

    def _check_earlier(self) -> None:
        try:
            earlier = read_record(self._folder)[1]["output"]["sha256"]
        except (FileAccessError, InputFileError):
            return
        if earlier == self._input["sha256"]:
            raise ArgumentError(
                f"{self._input['file']} is what {self._folder.name} was written for: its original pixels would be lost",
                f"name another output, move {self._folder.name} away, or `bokwon undo` it first",
            )

    def _cannot_be_made(self, error: OSError) -> FileAccessError:
        return FileAccessError(f"record {self._folder} cannot be made: {error.strerror}", "check its rights")

    def _save_picture(self, name: str, picture: Image.Image) -> None:
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        self._save(name, buffer.getvalue())

    def _save(self, name: str, data: bytes) -> None:
        with replacing(self._part / name) as stream:
            stream.write(data)


def overlay(page: Page, levels: NDArray[np.uint8], layers: int) -> NDArray[np.uint8]:
    """Return the page in gray with its holes coloured by how far their evidence lies, (H, W, 3).

    Args:
        page: The page.
        levels: (H, W), 0 where known, 1 to `layers` where reached, one more where no layer reaches.
        layers: How many layers the network has.
    """
    light = samples_to_light(page.pixels, page.mode)
    gray = (light if light.dtype == np.uint8 else light >> 8).mean(axis=-1, dtype=np.float32)[..., None]
    colours = _colours(layers)[levels]
    inside = (levels > 0)[..., None]
    return np.asarray(np.where(inside, 0.35 * gray + 0.65 * colours, gray), np.uint8)


def _colours(layers: int) -> NDArray[np.float32]:
    """Return the colour of each level: of what is known, of each layer, and of what none reaches."""
    places = np.linspace(0, len(_COLOURS) - 1, layers)
    between = [np.interp(places, np.arange(len(_COLOURS)), _COLOURS[:, channel]) for channel in range(3)]
    return np.vstack([np.zeros(3), np.stack(between, axis=-1), _NO_EVIDENCE]).astype(np.float32)


def sha256_of(source: Source) -> str:
    """Return the checksum of a file, hexadecimal."""
    with source.open() as stream:
        return _sha256(stream)


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def read_record(path: Path) -> tuple[Path, dict[str, Any]]:
    """Read a record.

    Args:
        path: Its folder, or the `record.json` in it.

    Returns:
        Its folder and what `record.json` says.

    Raises:
        FileAccessError: It cannot be read.
        InputFileError: It is no record.
    """
    folder = path if path.is_dir() else path.parent
    try:
        record = json.loads((folder / _JSON if path.is_dir() else path).read_bytes())
        if record["record"] not in _READABLE or not isinstance(record["pages"], list):
            raise ValueError("it is of another kind")
        if not isinstance(record["output"]["sha256"], str):
            raise TypeError("it names no output")
        pages = {int(page["page"]): {**page, "size": _size(page["size"])} for page in record["pages"]}
        return folder, {**record, "pages": pages}
    except OSError as error:
        raise FileAccessError(
            f"record {path} cannot be read: {error.strerror}", "name an OUTPUT.record folder"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputFileError(f"{path} is no record of bokwon's: {error}", "name an OUTPUT.record folder") from error


def _size(told: Any) -> tuple[int, int]:
    width, height = (int(side) for side in told)
    if width < 1 or height < 1:
        raise ValueError("it tells of a page without pixels")
    return width, height


def undo(folder: Path, pages: dict[int, Any], book: Book, number: int, page: Page) -> Page | None:
    """Put the original samples of a page back.

    Args:
        folder: The record's folder.
        pages: Its pages by number.
        book: The output, for its number of pages.
        number: Number of the page.
        page: The page; it is changed.

    Returns:
        The page, or None if the record does not speak of it.

    Raises:
        InputFileError: The stored samples are damaged, or of another page.
    """
    if number not in pages:
        return None
    fix = "name the record that was made with this very output"
    try:
        with Image.open(folder / f"hole_p{number:03}.png") as picture:
            hole = np.array(picture.convert("1"))
        with np.load(folder / f"original_p{number:03}.npz", allow_pickle=False) as stored:
            samples = stored["samples"]
    # Zip, NumPy and Pillow each have their own exceptions for damage.
    except Exception as error:
        raise InputFileError(f"record {folder} lacks what page {number} was: {error}", fix) from error
    expected = (int(np.count_nonzero(hole)), *page.pixels.shape[2:])
    if hole.shape != page.pixels.shape[:2] or samples.dtype != page.pixels.dtype or samples.shape != expected:
        raise InputFileError(f"record {folder} is of another image than page {number} of {book.pages}", fix)
    page.pixels[hole] = samples
    return page
