"""Runs the detector on folders of pages and on synthetic scenes, and writes the results."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.detection.detector import Detector, as_gray
from bokwon.detection.kinds import KINDS
from bokwon.detection.overlay import draw_overlay
from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.evaluation.detection.calibration import fit_calibration
from bokwon.evaluation.detection.figures import (
    GROUPS,
    Counts,
    RegionVerdict,
    count_pixels,
    find_ink,
    judge_regions,
    polygon_mask,
)
from bokwon.evaluation.detection.restoring import RestoredScene, restore_scene
from bokwon.inpaint.restorer import Restorer
from bokwon.settings import CERTAIN, RestoreSettings
from bokwon.synthesis.scenes.classes import IGNORE
from bokwon.synthesis.scenes.scene import draw_scene
from bokwon.synthesis.scenes.sources import Sources
from bokwon.types import READABLE
from bokwon.utilities.atomic import make_folder, write_file
from bokwon.utilities.json_files import read_object

__all__ = ["DetectionOrder", "measure_detector"]

_READABLE = KINDS.index(READABLE) + 1
_PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")

Say = Callable[[str], None]


@dataclass(frozen=True)
class DetectionOrder:
    """The inputs and settings of a measurement.

    Attributes:
        out: Folder for results.json, table.md, regions.csv and, if wanted, overlays.
        sound: Folders of pages without damage.
        not_sound: CSV with the columns page (folder/name without suffix) and reason: pages to leave out.
        zones: Folder of pages with a file zones.json of polygons.
        labelled: Folder of pictures NAME.* with NAME_mask.png (white = damage) or NAME_labels.png (0 = sound).
        scenes: Sources of generated scenes; None makes none.
        count: Number of scenes.
        seed: Seed of the scenes.
        part: `all`, or every second page by name: `even` starts with the first, `odd` with the second.
        restore: Also restore the scenes, with the true masks and with those that are found.
        overlays: Write a picture of what was found on each page.
        calibration: File for the curves from score to confidence, which the card of a model without them needs.
    """

    out: Path
    sound: tuple[Path, ...] = ()
    not_sound: Path | None = None
    zones: Path | None = None
    labelled: Path | None = None
    scenes: Sources | None = None
    count: int = 200
    seed: int = 1
    part: str = "all"
    restore: bool = False
    overlays: bool = False
    calibration: Path | None = None


@dataclass
class _Results:
    sound: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)
    zones: list[dict[str, Any]] = field(default_factory=list)
    labelled: list[dict[str, Any]] = field(default_factory=list)
    scenes: dict[str, Any] = field(default_factory=dict)


def measure_detector(detector: Detector, order: DetectionOrder, say: Say) -> dict[str, Any]:
    """Measure a detector.

    Args:
        detector: The detector, with the threshold and kinds it is to be used with.
        order: The inputs and settings of a measurement.
        say: Called for each page.

    Returns:
        All figures, as results.json holds them.

    Raises:
        ArgumentError: There is nothing to measure, or curves should be fitted but the model already has them.
        FileAccessError: A folder is missing.
    """
    if not (order.sound or order.zones or order.labelled or order.scenes):
        raise ArgumentError("nothing is to be measured", "name --sound, --zones, --labelled or --pages")
    if order.calibration is not None and (order.scenes is None or detector.network.card.get("calibration")):
        raise ArgumentError(
            "confidence is calibrated on scenes, with a model whose card has no calibration",
            "name --pages, and a model exported without it",
        )
    make_folder(order.out)
    results = _Results()
    reasons = _reasons(order.not_sound)
    for folder in order.sound:
        for path in _pages(folder, order.part):
            name = f"{folder.name}/{path.stem}"
            if name in reasons:
                results.left_out.append({"page": name, "reason": reasons[name]})
                continue
            results.sound.append(_sound(detector, path, name, order))
            say(f"{name}: {results.sound[-1]['marked']:.3%} marked")
    if order.zones is not None:
        zones = read_object(order.zones / "zones.json", 'write {page: {"damage": [polygon, ...]}, ...}')
        wanted = {path.name for path in _pages(order.zones, order.part, "zone_*")}
        for name, told in sorted(zones.items()):
            if name in wanted:
                results.zones.append(_zone(detector, order.zones / name, told["damage"], order))
                say(f"{name}: {results.zones[-1]['zones']}")
    if order.labelled is not None:
        results.labelled = [_labelled(detector, path, truth, order) for path, truth in _truths(order.labelled)]
    verdicts: list[RegionVerdict] = []
    if order.scenes is not None:
        results.scenes, verdicts = _scenes(detector, order.scenes, order, say)
    if order.calibration is not None:
        curves = fit_calibration(verdicts)
        write_file(order.calibration, json.dumps({"calibration": curves}, indent=1) + "\n")
    told = {
        "model": detector.network.name,
        "sha256": detector.network.sha256,
        "threshold": detector.threshold,
        "kinds": list(detector.kinds),
        "grow": detector.grow,
        "part": order.part,
        **asdict(results),
    }
    write_file(order.out / "results.json", json.dumps(told, indent=1) + "\n")
    rows = io.StringIO(newline="")
    table = csv.writer(rows)
    table.writerow(["kind", "confidence", "right", "area"])
    table.writerows([v.kind, f"{v.confidence:.4f}", int(v.right), v.area] for v in verdicts)
    write_file(order.out / "regions.csv", rows.getvalue())
    write_file(order.out / "table.md", "\n".join(_table(told)) + "\n")
    return told


def _reasons(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return {row["page"]: row["reason"] for row in csv.DictReader(stream)}
    except OSError as error:
        raise FileAccessError(f"{path} cannot be read: {error.strerror}", "check its path") from error
    except KeyError as error:
        raise InputFileError(f"{path} lacks the column {error}", "write columns page,reason") from error


def _pages(folder: Path, part: str, pattern: str = "*") -> list[Path]:
    if not folder.is_dir():
        raise FileAccessError(f"{folder} is no folder", "check its path")
    found = sorted(path for path in folder.glob(pattern) if path.suffix.lower() in _PICTURES)
    return found if part == "all" else found[0 if part == "even" else 1 :: 2]


def _read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise InputFileError(f"{path} is no image that can be read", "remove it, or save it anew")
    return np.asarray(image, np.uint8)


def _show(picture: NDArray[np.uint8], name: str, order: DetectionOrder) -> None:
    if order.overlays:
        folder = order.out / "overlays"
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{name.replace('/', '_')}.png"), picture[..., ::-1])


def _sound(detector: Detector, path: Path, name: str, order: DetectionOrder) -> dict[str, Any]:
    image = _read(path)
    damage = detector.find(image, "RGB")
    gray = as_gray(image, "RGB")
    ink = find_ink(gray)
    _show(draw_overlay(gray, damage), name, order)
    return {
        "page": name,
        "marked": float(damage.hole.mean()),
        "marked_surely": _sure(damage.confidence, damage.kinds),
        "ink_marked": float((damage.hole & ink).sum() / max(int(ink.sum()), 1)),
        "readable_stain": float((damage.kinds == _READABLE).mean()),
    }


def _sure(confidence: NDArray[np.float32], kinds: NDArray[np.uint8]) -> float:
    """Share of the page that is marked with the confidence that `restore` asks for, before growing."""
    return float(((confidence >= CERTAIN) & (kinds > 0) & (kinds != _READABLE)).mean())


def _zone(detector: Detector, path: Path, polygons: Sequence[Any], order: DetectionOrder) -> dict[str, Any]:
    image = _read(path)
    damage = detector.find(image, "RGB")
    gray = as_gray(image, "RGB")
    picture = draw_overlay(gray, damage)
    for polygon in polygons:
        cv2.polylines(picture, [np.round(np.asarray(polygon, float)).astype(np.int32)], True, (0, 200, 0), 3)
    _show(picture, path.stem, order)
    inside = polygon_mask(gray.shape, polygons)
    shares = [float(damage.hole[polygon_mask(gray.shape, [polygon])].mean()) for polygon in polygons]
    return {"page": path.stem, "zones": shares, "outside": float(damage.hole[~inside].mean())}


def _truths(folder: Path) -> list[tuple[Path, Path]]:
    pairs = []
    for path in _pages(folder, "all"):
        for suffix in ("_mask.png", "_labels.png"):
            truth = path.with_name(path.stem + suffix)
            if truth.is_file():
                pairs.append((path, truth))
    return pairs


def _labelled(detector: Detector, path: Path, truth: Path, order: DetectionOrder) -> dict[str, Any]:
    image = _read(path)
    damage = detector.find(image, "RGB")
    values = cv2.imread(str(truth), cv2.IMREAD_UNCHANGED)
    assert values is not None
    wanted = (values if values.ndim == 2 else values[..., :3].max(2)) > (127 if "_mask" in truth.name else 0)
    if wanted.shape != damage.hole.shape:
        wanted = cv2.resize(wanted.astype(np.uint8), damage.hole.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    _show(draw_overlay(as_gray(image, "RGB"), damage), path.stem, order)
    hit = int((damage.hole & wanted).sum())
    return {
        "page": path.stem,
        "damaged": float(wanted.mean()),
        "found": hit / max(int(wanted.sum()), 1),
        "right": hit / max(int(damage.hole.sum()), 1),
        "iou": hit / max(int((damage.hole | wanted).sum()), 1),
    }


def _scenes(
    detector: Detector, sources: Sources, order: DetectionOrder, say: Say
) -> tuple[dict[str, Any], list[RegionVerdict]]:
    counts = {group: Counts() for group in GROUPS}
    verdicts: list[RegionVerdict] = []
    restorer = Restorer(RestoreSettings(material="page")) if order.restore else None
    restored: list[RestoredScene] = []
    for number in range(order.count):
        scene = draw_scene(np.random.default_rng((order.seed, number)), sources)
        damage = detector.find(scene.image, "RGB")
        for group, kinds in GROUPS.items():
            one = count_pixels(damage, scene.labels, kinds, detector.threshold)
            counts[group].add(one)
        verdicts += judge_regions(damage, scene.labels)
        if restorer is not None and (one_restored := restore_scene(scene, damage, restorer)) is not None:
            restored.append(one_restored)
        if order.overlays and number < 40:
            beside = [scene.image, draw_overlay(as_gray(scene.image, "RGB"), damage)]
            truth = np.where((scene.labels > 1) & (scene.labels < IGNORE - 1), 255, 0).astype(np.uint8)
            _show(np.concatenate([*beside, np.repeat(truth[..., None], 3, 2)], 1), f"scene_{number:03d}", order)
        if number % 20 == 19:
            say(f"{number + 1} of {order.count} scenes")
    sure = [verdict.right for verdict in verdicts if verdict.confidence >= CERTAIN]
    figures = {group: {"f1": one.f1, "precision": one.precision, "recall": one.recall} for group, one in counts.items()}
    bins = []
    for low in np.arange(0.3, 1.0, 0.1):
        here = [v.right for v in verdicts if low <= v.confidence < low + 0.1 + 1e-9]
        bins.append({"from": round(float(low), 1), "regions": len(here), "right": float(np.mean(here)) if here else 0})
    told = {
        "count": order.count,
        "groups": figures,
        "sure_regions": len(sure),
        "sure_right": float(np.mean(sure)) if sure else 0.0,
        "calibration": bins,
        "restored": [asdict(one) for one in restored],
    }
    return told, verdicts


def _table(told: dict[str, Any]) -> list[str]:
    """The figures as Markdown."""
    lines = ["| what | figure |", "|---|---|"]
    if told["sound"]:
        marked = np.array([page["marked"] for page in told["sound"]])
        ink = np.array([page["ink_marked"] for page in told["sound"]])
        lines += [
            f"| sound pages: number | {len(marked)} |",
            f"| marked area: median / worst | {np.median(marked):.3%} / {marked.max():.2%} |",
            f"| ink marked: median / mean / worst | {np.median(ink):.3%} / {ink.mean():.3%} / {ink.max():.2%} |",
            f"| pages with nothing marked | {int((marked == 0).sum())} |",
        ]
    for page in told["zones"]:
        shares = ", ".join(f"{share:.1%}" for share in page["zones"])
        lines.append(f"| {page['page']}: marked in zones / outside | {shares} / {page['outside']:.2%} |")
    if told["zones"]:
        outside = np.median([page["outside"] for page in told["zones"]])
        lines.append(f"| marked outside of zones: median | {outside:.2%} |")
    for page in told["labelled"]:
        lines.append(
            f"| {page['page']}: found / right / IoU | {page['found']:.0%} / {page['right']:.0%} / {page['iou']:.0%} |"
        )
    if told["scenes"]:
        for group, one in told["scenes"]["groups"].items():
            figures = f"{one['f1']:.2f} / {one['precision']:.2f} / {one['recall']:.2f}"
            lines.append(f"| {group}: F1 / precision / recall | {figures} |")
        right, regions = told["scenes"]["sure_right"], told["scenes"]["sure_regions"]
        lines.append(f"| regions of confidence >= {CERTAIN} that are right | {right:.1%} of {regions} |")
        if restored := told["scenes"]["restored"]:
            true, found, damaged = (np.mean([one[key] for one in restored]) for key in ("true", "found", "damaged"))
            lines.append(
                f"| restored, PSNR in the damage: true masks / found masks / unrestored, {len(restored)} scenes "
                f"| {true:.2f} / {found:.2f} / {damaged:.2f} dB |"
            )
    return lines
