"""Writing the record of an intervention, page by page, while an output is restored."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from operator import itemgetter
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError, accessing
from bokwon.image_io.modes import bit_depth, missing_pixels
from bokwon.image_io.output_formats import png_of
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source
from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.evidence import encoder_of, evidence_levels
from bokwon.provenance.hole_list import Damage, describe_holes
from bokwon.provenance.origin import origin_of
from bokwon.provenance.overlay import draw_overlay
from bokwon.provenance.record import (
    FORMAT,
    INPUT,
    OF_A_PAGE,
    RECORD_FILE,
    page_file,
    read_record,
    record_folder,
)
from bokwon.provenance.unfinished import install
from bokwon.settings import Material
from bokwon.types import Hole
from bokwon.utilities.atomic import part_beside, replacing, write_file
from bokwon.utilities.checksums import sha256_of, sha256_of_file
from bokwon.utilities.locks import lock_folder
from bokwon.version import __version__

__all__ = ["PageRecord", "Recorder", "describe_restorer"]


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
            `damage`, None where it is not told, the `confidence` of a detector, None where somebody gave the mask, and
            the `derived_shape`, which is that of the outline alone.
        filled_by: What filled parts of the page, where that was not what the record names for all: `box` (left, top,
            width, height; None for all of the page), `method`, `model`, `model_sha256`, `engine` and `settings`. Of
            parts that overlap the later one counts.
        material: What the page was filled as: `page`, `photo` or `rubbing`; None for a classical method.
        material_reason: Why.
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
    filled_by: tuple[Mapping[str, Any], ...] = ()
    material: Material | None = None
    material_reason: str = ""

    def facts(self) -> dict[str, Any]:
        """Return what is written of it."""
        facts = asdict(self)
        if not self.filled_by:
            del facts["filled_by"]
        if self.material is None:
            del facts["material"], facts["material_reason"]
        return facts


def describe_restorer(restorer: Restorer) -> dict[str, Any]:
    """Return what a record says of what filled the holes."""
    return {
        "method": restorer.settings.method,
        "model": restorer.model.name if restorer.model else None,
        "model_sha256": restorer.sha256,
        "engine": restorer.engine.description,
    }


class Recorder:
    """Writes the record of one output, page by page. It is a context manager.

    Until `finish`, an earlier record of the same output stays untouched, and it is kept if this run fails. If the run
    is interrupted after the output was moved into place, the record is still completed.

    Args:
        source: The input. It must not have been replaced by the output yet.
        target: The output.
        restorer: What fills the holes of the first page.
        with_overlay: Whether to draw the evidence too.
        keep: Pages that the target keeps as they are; what its record says of them is kept, too.

    Attributes:
        restorer: The same.

    Raises:
        ArgumentError: The input is itself a restored file, and its original pixels are in the record that would be
            replaced.
        FileAccessError: The record's folder cannot be made.
        InputFileError: The model's card has invalid values.
    """

    def __init__(
        self,
        source: Source,
        target: Path,
        restorer: Restorer,
        *,
        with_overlay: bool,
        keep: frozenset[int] = frozenset(),
    ) -> None:
        self.restorer = restorer
        self._encoder = encoder_of(restorer.model)
        self._source = source
        self._encoded_anew = False
        with source.open() as stream:
            self._input = {"file": source.name, "sha256": sha256_of(stream)}
        self._origin = origin_of(source.path, self._input["sha256"]) if source.path is not None else None
        self._target = target
        self._over_itself = source.path is not None and target.exists() and target.samefile(source.path)
        self._folder = record_folder(target)
        self._output: str | None = None
        self._with_overlay = with_overlay
        self._pages: list[PageRecord] = []
        self._keep = keep
        self._earlier: dict[str, Any] = read_record(self._folder)[1] if keep else {}
        self._check_earlier()
        self._part = part_beside(self._folder / RECORD_FILE)
        with self._making():
            self._folder.mkdir(exist_ok=True)
            self._part.mkdir()
            self._lock = lock_folder(self._part)
        if self._earlier.get("encoded_anew"):
            # Pages of the earlier run stay in the output, and JPEG changed them too.
            self.note_encoded_anew()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None and self._is_placed():
                self.finish()
        except (BokwonError, OSError):
            # Not removed: if the output replaced the input, only the record has the original pixels.
            return
        finally:
            if self._lock is not None:
                os.close(self._lock)
        try:
            shutil.rmtree(self._part, ignore_errors=True)
        finally:
            # Once more where a signal has come in between: nothing would ever remove the rest.
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
        filled_by: tuple[Mapping[str, Any], ...] = (),
        material: tuple[Material | None, str] = (None, ""),
    ) -> NDArray[np.uint8]:
        """Record a page before it is filled, and return its evidence levels."""
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
                filled_by=filled_by,
                material=material[0],
                material_reason=material[1],
            )
        )
        write_file(self._part / page_file("hole", number), png_of(hole))
        write_file(self._part / page_file("evidence", number), png_of(levels))
        buffer = io.BytesIO()
        np.savez_compressed(buffer, samples=page.pixels[hole])
        write_file(self.originals(number), buffer.getvalue())
        return levels

    def other_than_first(self, restorer: Restorer) -> tuple[Mapping[str, Any], ...]:
        """Return what `filled_by` says of a page that another model fills than the record names for all."""
        told = describe_restorer(restorer)
        same_material = restorer.settings.material == self.restorer.settings.material
        if same_material and told == describe_restorer(self.restorer):
            return ()
        return ({"box": None, **told, "settings": restorer.settings.of_pixels()},)

    def originals(self, number: int) -> Path:
        """Return where the original samples of a page lie until `finish`."""
        return self._part / page_file("original", number)

    def after(self, number: int, page: Page, levels: NDArray[np.uint8], ink: NDArray[np.uint8]) -> None:
        """Record a page after it is filled, and draw the evidence over it if `with_overlay` is set.

        Args:
            number: Its number, from 1.
            page: The page.
            levels: What `before` returned.
            ink: (H, W), where ink was made or left out, see `bokwon.inpaint.ink`.
        """
        write_file(self._part / page_file("ink", number), png_of(ink))
        if self._with_overlay:
            picture = draw_overlay(page, levels, len(self._encoder.kernels), ink)
            write_file(self._part / page_file("overlay", number), png_of(picture))

    def note_encoded_anew(self) -> None:
        """Note that JPEG changes pixels outside the holes too, so the stored samples alone cannot undo the output.

        If the output replaces the input, the record gets a copy of the input. Otherwise it tells where the input lies.

        Raises:
            FileAccessError: The input cannot be copied.
        """
        if self._encoded_anew:
            return
        if self._over_itself:
            with replacing(self._part / INPUT) as stream:
                self._source.copy_to(stream)
        elif (path := self._source.path) is not None and path.name == PurePath(self._source.name).name:
            # A file sent to a server lies in a temporary place. Between two drives there is no relative path.
            with suppress(ValueError):
                self._input["path"] = os.path.relpath(path.resolve(), self._target.parent.resolve())
        self._encoded_anew = True

    def prepare(self, stream: BinaryIO, settings: dict[str, Any]) -> None:
        """Write the record's first file, before the output is moved into place.

        Args:
            stream: The complete output, seekable.
            settings: Settings of the restoration.
        """
        stream.seek(0)
        self._output = sha256_of(stream)
        made_by = {**describe_restorer(self.restorer), "settings": settings}
        record = {
            "record": FORMAT,
            "bokwon": __version__,
            "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "input": self._input,
            **({"origin": self._origin} if self._origin else {}),
            "output": {"file": self._target.name, "sha256": self._output},
            **made_by,
            "kernels": self._encoder.kernels,
            "kernels_from": self._encoder.source,
            "over_itself": self._over_itself,
            "encoded_anew": self._encoded_anew,
            "pages": sorted(
                [*self._keep_pages(made_by), *(page.facts() for page in self._pages)], key=itemgetter("page")
            ),
        }
        write_file(self._part / RECORD_FILE, json.dumps(record, indent=1, ensure_ascii=False))

    def _keep_pages(self, made_by: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Copy what the earlier record holds of the pages that stay, and return what it says of them."""
        pages = [page for number, page in self._earlier.get("pages", {}).items() if number in self._keep]
        before = {name: self._earlier.get(name) for name in made_by}
        for page in pages:
            for path in self._folder.glob(f"*_p{page['page']:03}.*"):
                if OF_A_PAGE.fullmatch(path.name):
                    shutil.copy2(path, self._part / path.name)
            if any(before[name] != told for name, told in made_by.items() if name != "settings"):
                page.setdefault("filled_by", [{"box": None, **before}])
        return pages

    def finish(self) -> Path | None:
        """Move the record into place, after the output.

        Returns:
            The new path of an earlier record, if the file was restored over itself; else None.
        """
        with self._making():
            return install(self._part, self._target, over_itself=self._over_itself)

    def _is_placed(self) -> bool:
        return self._output is not None and sha256_of_file(self._target) == self._output

    def _check_earlier(self) -> None:
        try:
            earlier = read_record(self._folder)[1]
        except (FileAccessError, InputFileError):
            return
        before = earlier.get("input")
        was = before.get("sha256") if isinstance(before, dict) else None
        # Unchanged pixels are still the originals, so nothing can be lost.
        if earlier["output"]["sha256"] == self._input["sha256"] != was:
            raise ArgumentError(
                f"{self._input['file']} is what {self._folder.name} was written for: its original pixels would be lost",
                f"name another output, move {self._folder.name} away, or `bokwon undo` it first",
            )

    def _making(self) -> AbstractContextManager[None]:
        fix = "check the space and the rights there; restore or undo the same file again to finish it"
        return accessing(f"record {self._folder} cannot be made: {{error}}", fix)
