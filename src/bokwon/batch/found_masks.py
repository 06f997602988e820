"""Pages without a mask: bokwon finds their damage, fills what it is sure of, and shows what it left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bokwon.batch.page_holes import PageHole, Tell
from bokwon.errors import ArgumentError, MissingDependencyError, accessing
from bokwon.image_io.output_formats import png_of
from bokwon.image_io.page import Page
from bokwon.inpaint.models import find_model, is_installed
from bokwon.provenance.hole_list import Damage
from bokwon.settings import DETECTOR
from bokwon.types import DETECTOR_CLASSES, READABLE, Hole, Pixels
from bokwon.utilities.atomic import check_target, write_file
from bokwon.utilities.checksums import sha256_of_file

__all__ = [
    "DETECTED",
    "FOUND_MASK",
    "MOST_DAMAGED",
    "UNCERTAIN",
    "FindDamage",
    "FoundDamage",
    "FoundMasks",
    "FoundRegion",
    "check_detector",
    "counted",
    "detector_is_installed",
    "load_detector",
    "picture_path",
]

DETECTED, UNCERTAIN = "detected", "uncertain"
"""Pictures beside an output: OUT.detected.png shows what was found and filled, OUT.uncertain.png what was left."""

FOUND_MASK = "found damage"
"""The name of a mask in a record where bokwon found the damage itself."""

MOST_DAMAGED = 0.5
"""Share of a page; where more than this looks damaged, the detector is probably wrong."""
_READABLE = DETECTOR_CLASSES.index(READABLE) + 1
_FIX = "name the mask: --mask FILE, or call it NAME-mask.png"


class FoundRegion(Protocol):
    """A connected piece of damage."""

    @property
    def kind(self) -> str:
        """One of `bokwon.types.DETECTOR_CLASSES`."""

    @property
    def filled(self) -> bool:
        """Whether it is part of the hole."""


class FoundDamage(Protocol):
    """The damage of a page, as `bokwon.detect` returns it."""

    @property
    def hole(self) -> Hole:
        """(H, W), what is sure enough to be filled."""

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """(H, W), 0 where nothing was found, else the place of the kind in `DETECTOR_CLASSES`, from 1."""

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(H, W) in [0, 1]."""

    @property
    def regions(self) -> Sequence[FoundRegion]:
        """What was found, filled or not."""


class FindDamage(Protocol):
    """Finds the damage of a page."""

    def __call__(self, pixels: Pixels, mode: str, /) -> FoundDamage:
        """Find the damage of samples (H, W) or (H, W, C) of a mode of `bokwon.image_io.modes.MODES`."""


def detector_is_installed() -> bool:
    """Return whether damage can be found: a model for it is there."""
    # Only tests whether the file exists. Loading reports a damaged card.
    return is_installed(DETECTOR)


def check_detector() -> None:
    """Make sure that damage can be found.

    Raises:
        MissingDependencyError: No detector model is installed.
    """
    if not detector_is_installed():
        raise MissingDependencyError(
            "no detector model is installed, so bokwon cannot find the damage by itself (--mask auto)", _FIX
        )


@lru_cache(maxsize=1)
def load_detector(certain: float) -> FindDamage:
    """Load the detector.

    Args:
        certain: Least confidence of a region that is filled, in (0, 1].

    Raises:
        MissingDependencyError: No detector model is installed.
    """
    check_detector()
    # Loaded on demand: most runs have masks.
    from bokwon.detection.detector import Detector

    return Detector(find_model(DETECTOR).path, threshold=certain).find


def detector_sha256() -> str | None:
    """Return the checksum of the installed detector model; None where there is none."""
    return sha256_of_file(find_model(DETECTOR).path) if is_installed(DETECTOR) else None


def picture_path(target: Path, kind: str, number: int, pages: int) -> Path:
    """Return where the picture of what was found of a page lies: beside the output.

    Args:
        target: The output.
        kind: `DETECTED` or `UNCERTAIN`.
        number: Number of the page.
        pages: How many the file has.
    """
    page = f"_p{number:03}" if pages > 1 else ""
    return target.with_name(f"{target.name}.{kind}{page}.png")


class FoundMasks:
    """The damage that bokwon finds on a file's pages; see `bokwon.batch.page_holes.HoleSource`.

    Args:
        find: Finds the damage of one page.
        pages: How many pages the file has.
        wanted: Which of them are to be restored.
        tell: Told what was found.

    Attributes:
        filled: Kind of damage to number of regions that are filled, on all pages.
        left: Kind to number of regions that are left, as they are not sure enough, or readable.
    """

    def __init__(self, find: FindDamage, pages: int, wanted: frozenset[int], tell: Tell) -> None:
        self._find = find
        self._pages = pages
        self._wanted = wanted
        self._tell = tell
        self._pictures: dict[tuple[str, int], bytes] = {}
        self.filled: Counter[str] = Counter()
        self.left: Counter[str] = Counter()

    def has(self, number: int) -> bool:
        """Return whether a page is looked at; see `HoleSource.has`."""
        return number in self._wanted

    def check_size(self, number: int, size: tuple[int, int] | None) -> None:
        """Take every page; see `HoleSource.check_size`."""

    def of(self, page: Page, number: int, name: str) -> PageHole | None:
        """Return the damage of a page; see `HoleSource.of`."""
        # Upright, like the pages that the detector was trained on.
        damage = self._find(page.upright.apply(page.pixels), page.mode)
        share = np.count_nonzero(damage.hole) / damage.hole.size
        if share > MOST_DAMAGED:
            raise ArgumentError(
                f"{share:.0%} of {name} looks damaged: more than half is probably a mistake of the detector", _FIX
            )
        filled = Counter(region.kind for region in damage.regions if region.filled)
        left = Counter(region.kind for region in damage.regions if not region.filled)
        self.filled += filled
        self.left += left
        uncertain = (damage.kinds > 0) & (damage.kinds != _READABLE) & ~damage.hole
        for kind, shown in ((DETECTED, damage.hole), (UNCERTAIN, uncertain)):
            if shown.any():
                self._pictures[kind, number] = png_of(shown)
        rest = f", {counted(left)} left" if left else ""
        if not damage.hole.any():
            state = "no damage found with enough confidence" if left.keys() - {READABLE} else "undamaged"
            self._tell("detail", f"{name}: {state}{rest}")
            return None
        said = f"{counted(filled)} found{rest}"
        self._tell("detail", f"{name}: {said}, {share:.2%} of it will be filled")
        back = page.upright.inverse
        # In percent: the record and the report keep it while the page is filled, and a byte is a quarter of a float.
        percent = np.rint(damage.confidence * 100).astype(np.uint8)
        hole = np.ascontiguousarray(back.apply(damage.hole))
        kinds, sure = (np.ascontiguousarray(back.apply(one)) for one in (damage.kinds, percent))
        told = Damage("bokwon's detector", classes=kinds, names=DETECTOR_CLASSES, confidence=sure)
        return PageHole(hole, FOUND_MASK, said, "found", lambda: told)

    def check_pictures(self, target: Path, source: Path | None, *, overwrite: bool = True) -> None:
        """Make sure that no picture would take the place of the input, or of a file that must stay.

        Raises:
            ArgumentError: One would take the place of the input.
            FileAccessError: One cannot be written.
            OutputExistsError: One is there and may not be overwritten.
        """
        for kind in (DETECTED, UNCERTAIN):
            for number in range(1, self._pages + 1):
                path = picture_path(target, kind, number, self._pages)
                if source is not None and path.exists() and path.samefile(source):
                    raise ArgumentError(f"the picture of found damage would overwrite {source}", "name another output")
                check_target(path, overwrite=overwrite)

    def write_pictures(self, target: Path) -> None:
        """Write what was found and what was left, as viewers show the page; remove what an earlier run found.

        Raises:
            FileAccessError: A picture cannot be written.
        """
        for kind in (DETECTED, UNCERTAIN):
            for number in range(1, self._pages + 1):
                path = picture_path(target, kind, number, self._pages)
                picture = self._pictures.get((kind, number))
                if picture is None:
                    with accessing(f"{path} cannot be removed: {{error}}", "remove it, or name another output"):
                        path.unlink(missing_ok=True)
                else:
                    write_file(path, picture)


def counted(kinds: Mapping[str, int]) -> str:
    """Return the number of regions of each kind in words, the most frequent first."""
    return ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items(), key=lambda item: (-item[1], item[0])))
