"""`bokwon evaluate` as a function: from folders to a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bokwon.errors import ArgumentError, importing
from bokwon.evaluation.data.pairs import Plan, load_pair, plan_pairs, without_folders
from bokwon.evaluation.measure.benchmark import JOURNAL, Folders, Task, measure_all
from bokwon.evaluation.measure.journal import Journal, open_new_folder, open_report, write_text
from bokwon.evaluation.measure.methods import TIMEOUT, erase, parse_methods
from bokwon.evaluation.measure.perceptual import BY_PAIR, BY_SET, NOT_ASKED, load_metrics, measure_perceptual
from bokwon.evaluation.reading.legibility import read_pairs
from bokwon.evaluation.reading.readers import Reader, make_readers
from bokwon.evaluation.reading.summary import summarise_reading
from bokwon.evaluation.report.blind import write_blind
from bokwon.evaluation.report.html import draw_cases, to_html
from bokwon.evaluation.report.markdown import to_markdown
from bokwon.evaluation.report.plots import plot_bins, plot_classes, plot_gains, to_png
from bokwon.evaluation.report.results import collect, to_csv, to_json
from bokwon.image_io.output_formats import png_of
from bokwon.synthesis.masks.bins import BINS, select_cells
from bokwon.utilities.atomic import write_file

if TYPE_CHECKING:
    from bokwon.evaluation.measure.feature_distance import FeatureNetwork

__all__ = ["Order", "evaluate", "write_pairs"]

Progress = Callable[[str], Callable[[int, int], None]]
"""Called with the name of a stage; returns a function that is called with how many are done, and of how many."""


@dataclass(frozen=True)
class Order:
    """What to measure.

    Attributes:
        folders: Images, masks and the report.
        methods: Names with commas, the one of interest first.
        per_cell: Pairs a cell; all masks when None.
        seed: Seed of the pairing.
        jobs: Number of processes, at least 1.
        bins: Hole-ratio bins, 1 to 6.
        readers: Names for `make_reader`, with commas; None reads nothing.
        by_line: Whether readers are told where the lines are (see `read_pairs`).
        features: VGG19 weights for the VGG distance; it is not measured when None.
        perceptual: Whether LPIPS is tried, for which weights may be downloaded, and the shift-tolerant LPIPS.
        distribution: Whether FID and Inception Score of all pairs are tried, likewise.
        timeout: Seconds that a command of others may take for a pair.
        blind: Folder of a blind comparison that is made besides; see `write_blind`.
    """

    folders: Folders
    methods: str
    per_cell: int | None = None
    seed: int = 0
    jobs: int = 1
    bins: tuple[int, ...] = tuple(BINS)
    readers: str | None = None
    by_line: bool = False
    features: Path | None = None
    perceptual: bool = False
    distribution: bool = False
    timeout: float = TIMEOUT
    blind: Path | None = None

    def __post_init__(self) -> None:
        """Check what can be checked before anything is read."""
        if self.jobs < 1:
            raise ArgumentError(f"cannot run {self.jobs} processes", "use 1 or more")
        if self.by_line and self.readers is None:
            raise ArgumentError("--read-lines without a reader", "name readers with --read")


def evaluate(order: Order, progress: Progress) -> dict[str, Any]:
    """Measure and write `results.json`, `pairs.csv`, `table.md` and `report.html` into the report's folder.

    Args:
        order: What to measure.
        progress: Called with the progress.

    Returns:
        The content of `results.json`.

    Raises:
        BokwonError: The folders, methods or masks cannot be used, or the report's folder holds other files.
    """
    folders = order.folders
    cells = select_cells(order.bins)
    methods = parse_methods(order.methods, order.timeout)
    readers = () if order.readers is None else make_readers(order.readers)
    network = None if order.features is None else _network(order.features)
    plan = plan_pairs(folders.images, folders.masks, per_cell=order.per_cell, seed=order.seed, cells=cells)
    for method in methods:
        method.check(plan.pairs)
    tasks = {(p.number, m.name): Task(p, m, folders) for m in methods for p in plan.pairs}
    with open_report(folders.report):
        journal = Journal(folders.report / JOURNAL)
        failures = measure_all(list(tasks.values()), journal, order.jobs, progress("restoring and measuring"))
        failures = {key: without_folders(error, folders.images, folders.masks) for key, error in failures.items()}
        # Pairs that one method failed on are left out of all averages.
        broken = {task.pair.number for task in tasks.values() if task.key not in journal.records}
        whole = [task for task in tasks.values() if task.pair.number not in broken]
        records, empty, extra = _perceptual(order, network, whole, journal.records, progress)
        settings = _settings(order, [method.name for method in methods])
        results = collect(plan, methods, tasks, records, failures, settings, empty, cells) | extra
        if readers:
            _read(order, readers, plan, whole, results, progress("reading"))
        write_text(folders.report / "results.json", to_json(results))
        write_text(folders.report / "pairs.csv", to_csv(results))
        write_text(folders.report / "table.md", [to_markdown(results)])
        _write_report(folders, results, tasks)
        if order.blind is not None:
            write_blind(order.blind, results, tasks, order.seed)
    return results


def write_pairs(order: Order, out: Path, progress: Callable[[int, int], None]) -> Plan:
    """Write the pairs for other programs: `OUT/images/NAME.png`, white in the hole, and `OUT/masks/NAME.png`.

    Args:
        order: Images, masks and the choice of pairs. Methods and the report are ignored.
        out: A new or an empty folder.
        progress: Called with the number of finished pairs and of all pairs.

    Returns:
        The pairs, and the problems with images and masks.

    Raises:
        BokwonError: Bad folders or masks, or `out` holds files or cannot be written.
    """
    folders, cells = order.folders, select_cells(order.bins)
    plan = plan_pairs(folders.images, folders.masks, per_cell=order.per_cell, seed=order.seed, cells=cells)
    for folder in (out, out / "images", out / "masks"):
        open_new_folder(folder)
    for number, pair in enumerate(plan.pairs, 1):
        truth, hole = load_pair(pair, folders.images, folders.masks)
        for name, pixels in (("images", erase(truth, hole)), ("masks", hole)):
            write_file(out / name / f"{pair.name}.png", png_of(pixels), sync=False)
        progress(number, len(plan.pairs))
    return plan


def _network(path: Path) -> FeatureNetwork:
    with importing("the VGG distance needs PyTorch: {error}", 'pip install "bokwon[perceptual]"'):
        from bokwon.evaluation.measure.feature_distance import open_network
    return open_network(path)


def _settings(order: Order, names: list[str]) -> dict[str, Any]:
    return {
        # The folder's name only: its path is private.
        "images": "/".join(order.folders.images.resolve().parts[-2:]),
        "masks": "/".join(order.folders.masks.resolve().parts[-2:]),
        "methods": names,
        "bins": list(order.bins),
        "per_cell": order.per_cell,
        "seed": order.seed,
        "jobs": order.jobs,
        "readers": order.readers or "none",
        "by_line": order.by_line,
        "features": "none" if order.features is None else order.features.name,
        "perceptual": order.perceptual,
        "distribution": order.distribution,
    }


def _perceptual(
    order: Order,
    network: FeatureNetwork | None,
    tasks: list[Task],
    records: dict[str, dict[str, Any]],
    progress: Progress,
) -> tuple[dict[str, dict[str, Any]], dict[str, str], dict[str, Any]]:
    """Return the records with the figures that were asked for, why columns are empty, and figures of whole sets."""
    folder, extra = order.folders.report, dict[str, Any]()
    empty = dict.fromkeys(BY_PAIR, NOT_ASKED)
    vgg: dict[str, float] = {}
    by_pair: dict[str, dict[str, float]] = {}
    if network is None:
        empty["VGG distance"] = "not asked for (--features FILE, VGG19 weights)"
    else:
        from bokwon.evaluation.measure.feature_distance import measure_features

        kept = Journal(folder / "features.jsonl")
        vgg = measure_features(tasks, network, kept, order.jobs, progress("VGG distance"))
        extra["features"] = network.description
    wanted = (tuple(BY_PAIR) if order.perceptual else ()) + (BY_SET if order.distribution else ())
    if wanted:
        metrics, reasons = load_metrics(wanted)
        empty = {**{name: reason for name, reason in empty.items() if name not in wanted}, **reasons}
        if metrics:
            kept = Journal(folder / "perceptual.jsonl")
            by_pair, extra["perceptual"] = measure_perceptual(tasks, metrics, kept, progress("perceptual figures"))
    added = {key: {**({"vgg": vgg[key]} if key in vgg else {}), **by_pair.get(key, {})} for key in records}
    return {key: {**record, **added[key]} for key, record in records.items()}, empty, extra


def _read(
    order: Order,
    readers: tuple[Reader, ...],
    plan: Plan,
    tasks: list[Task],
    results: dict[str, Any],
    progress: Callable[[int, int], None],
) -> None:
    """Read the pages, and add the readings to the results."""
    journal = Journal(order.folders.report / "read.jsonl")
    found = read_pairs(tasks, readers, journal, order.jobs, progress, order.by_line)
    names = [method["name"] for method in results["methods"]]
    results["reading"] = {**summarise_reading(found, results["pairs"], names), "by_line": order.by_line}
    results["pairs"] = [{**pair, "reading": found.get(pair["number"])} for pair in results["pairs"]]
    by_number = {pair.number: pair for pair in plan.pairs}
    results["problems"] += [
        f"{by_number[number].image} with {by_number[number].mask}: no reader reads the undamaged crop, its "
        f"reading is in no figure"
        for number, entry in found.items()
        if not entry["readable"]
    ]


def _write_report(folders: Folders, results: dict[str, Any], tasks: dict[tuple[int, str], Task]) -> None:
    plots: dict[str, tuple[bytes, str]] = {}
    if results["pairs"]:
        plots["by_bin"] = (
            to_png(plot_bins(results)),
            "Means by hole ratio and border class. The published figures of the paper's network are context only: they "
            "were measured elsewhere, on other images.",
        )
        if len(results["methods"]) > 1:
            plots["gain"] = (
                to_png(plot_gains(results)),
                "Mean difference in the hole to the best other method of the cell, with its 95 % confidence interval.",
            )
        plots["by_class"] = (
            to_png(plot_classes(results)),
            "When do neighbour methods fail? All hole pixels together, by the diameter of the largest disc in the hole "
            "that covers them (left) and by the contrast of the truth in 17 x 17 pixels around them (right).",
        )
    folder = folders.report / "plots"
    folder.mkdir(exist_ok=True)
    for name, (png, _) in plots.items():
        write_file(folder / f"{name}.png", png)
    write_text(folders.report / "report.html", [to_html(results, plots, draw_cases(results, tasks))])
