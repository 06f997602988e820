"""Writing the record of an intervention, page by page, while an output is restored."""

from __future__ import annotations

import io
import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError
from bokwon.image_io.modes import bit_depth, missing_pixels
from bokwon.image_io.output_formats import png_of
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source
from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.evidence import encoder_of, evidence_levels
from bokwon.provenance.hole_list import Damage, describe_holes
from bokwon.provenance.overlay import draw_overlay
from bokwon.provenance.record import (
    FORMAT,
    RECORD_FILE,
    read_record,
    record_folder,
)
from bokwon.provenance.unfinished import install
from bokwon.types import Hole
from bokwon.utilities.atomic import part_beside, write_file
from bokwon.utilities.checksums import sha256_of, sha256_of_file
from bokwon.utilities.locks import lock_folder
from bokwon.version import __version__

__all__ = ["PageRecord", "Recorder"]


@dataclass(frozen=True)
class PageRecord:
    """What was done to one page.

    Attributes:
        page: Its number, from 1.
        size: Width and height.
        mode: Mode of its samples.
        depth: Bits of a sample.
        mask: Name of the mask.
        mask_origin: `given`, or `found` by bokwon's detector.
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
    mask_origin: Literal["given", "found"]
    hole_pixels: int
    evidence: tuple[int, ...]
    damage_from: str | None
    holes: tuple[dict[str, Any], ...]


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
        with source.open() as stream:
            self._input = {"file": source.name, "sha256": sha256_of(stream)}
        self._target = target
        self._over_itself = source.path is not None and target.exists() and target.samefile(source.path)
        self._folder = record_folder(target)
        self._output: str | None = None
        self._with_overlay = with_overlay
        self._pages: list[PageRecord] = []
        self._check_earlier()
        self._part = part_beside(self._folder / RECORD_FILE)
        try:
            self._folder.mkdir(exist_ok=True)
            self._part.mkdir()
            self._lock = lock_folder(self._part)
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
        finally:
            if self._lock is not None:
                os.close(self._lock)
        shutil.rmtree(self._part, ignore_errors=True)
        with suppress(OSError):
            # Only if nothing is in it.
            self._folder.rmdir()

    def before(
        self,
        number: int,
        page: Page,
        hole: Hole,
        mask: str,
        damage: Damage,
        *,
        origin: Literal["given", "found"] = "given",
    ) -> NDArray[np.uint8]:
        """Write down a page that is about to be filled, and return its evidence levels."""
        kernels = self._encoder.kernels
        missing = missing_pixels(page.pixels, page.mode, hole)
        levels = evidence_levels(missing, kernels, dense=self._encoder.dense)
        levels[~hole] = 0
        counts = np.bincount(levels.reshape(-1), minlength=len(kernels) + 2)[1:]
        self._pages.append(
            PageRecord(
                page=number,
                size=page.size,
                mode=page.mode,
                depth=bit_depth(page.pixels),
                mask=mask,
                mask_origin=origin,
                hole_pixels=int(np.count_nonzero(hole)),
                evidence=tuple(int(count) for count in counts),
                damage_from=damage.source,
                holes=describe_holes(hole, levels, damage),
            )
        )
        write_file(self._part / f"hole_p{number:03}.png", png_of(hole))
        write_file(self._part / f"evidence_p{number:03}.png", png_of(levels))
        buffer = io.BytesIO()
        np.savez_compressed(buffer, samples=page.pixels[hole])
        write_file(self._part / f"original_p{number:03}.npz", buffer.getvalue())
        return levels

    def after(self, number: int, page: Page, levels: NDArray[np.uint8]) -> None:
        """Draw the evidence over the filled page, if asked for."""
        if self._with_overlay:
            picture = draw_overlay(page, levels, len(self._encoder.kernels))
            write_file(self._part / f"overlay_p{number:03}.png", png_of(picture))

    def prepare(self, stream: BinaryIO, settings: dict[str, Any]) -> None:
        """Write the record's first file, before the output takes its place.

        Args:
            stream: The output, whole; seekable.
            settings: What the restoration was made with.
        """
        stream.seek(0)
        self._output = sha256_of(stream)
        restorer = self._restorer
        record = {
            "record": FORMAT,
            "bokwon": __version__,
            "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "input": self._input,
            "output": {"file": self._target.name, "sha256": self._output},
            "method": restorer.settings.method,
            "model": restorer.model.name if restorer.model else None,
            "model_sha256": restorer.sha256,
            "engine": restorer.engine.description,
            "settings": settings,
            "kernels": self._encoder.kernels,
            "kernels_from": self._encoder.source,
            "over_itself": self._over_itself,
            "pages": [asdict(page) for page in self._pages],
        }
        write_file(self._part / RECORD_FILE, json.dumps(record, indent=1, ensure_ascii=False))

    def finish(self) -> Path | None:
        """Put the record into its place, once the output is in its own.

        Returns:
            Where an earlier record of a file that was restored over itself is kept now; None where there was none.
        """
        try:
            return install(self._part, self._target, over_itself=self._over_itself)
        except OSError as error:
            raise self._cannot_be_made(error) from error

    def _is_placed(self) -> bool:
        return self._output is not None and sha256_of_file(self._target) == self._output

    def _check_earlier(self) -> None:
        try:
            earlier = read_record(self._folder)[1]
        except (FileAccessError, InputFileError):
            return
        before = earlier.get("input")
        was = before.get("sha256") if isinstance(before, dict) else None
        # What a restoration left as it was still is what it was: nothing can be lost.
        if earlier["output"]["sha256"] == self._input["sha256"] != was:
            raise ArgumentError(
                f"{self._input['file']} is what {self._folder.name} was written for: its original pixels would be lost",
                f"name another output, move {self._folder.name} away, or `bokwon undo` it first",
            )

    def _cannot_be_made(self, error: OSError) -> FileAccessError:
        fix = "check the space and the rights there; restore or undo the same file again to finish it"
        return FileAccessError(f"record {self._folder} cannot be made: {error.strerror}", fix)
