"""`bokwon evaluate`: measure methods on images and masks, or compare two measurements."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bokwon.cli.console import progress_bars
from bokwon.cli.options import Jobs, workers
from bokwon.errors import ArgumentError

__all__ = ["evaluate"]

_METHODS = "document,telea,ns,biharmonic,patchmatch"
_SOME_FAILED = 4
_SHOWN = 10


def evaluate(
    images: Annotated[
        Path | None, typer.Option("--images", metavar="DIR", help="Folder of undamaged images, with all folders below.")
    ] = None,
    masks: Annotated[
        Path | None, typer.Option("--masks", metavar="DIR", help="Masks, white = hole, of any order or sorted by cell.")
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            metavar="NAME,...",
            help="Models (name or .onnx file), telea, ns, biharmonic, patchmatch, identity; the one of interest first; "
            "NAME=METHOD renames one; MODEL:finish=standard, :ink=patches, :grain=match, :letters=leave, "
            ":ensemble=4 set options of restore; mine=folder:DIR, "
            "other=command:'PROGRAM {image} {mask} {out}' and onnx:FILE?CONTRACT are methods of others, see "
            f"docs/research/evaluate.md. [{_METHODS}]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="REPORT", help="Folder of the report, new or to continue."),
    ] = None,
    per_cell: Annotated[
        int | None, typer.Option("--per-cell", help="Pairs in each of the twelve cells; every mask by default.", min=1)
    ] = None,
    bins: Annotated[
        str | None, typer.Option(help="Hole-ratio bins, such as 1,3 or 2-4: 1 is (0.01, 0.1], 6 is (0.5, 0.6]. [1-6]")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the pairing.")] = 0,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--compare",
            metavar="A.json B.json",
            help="Measure nothing; tell whether B is better than A, or with --methods ONE,TWO whether TWO of B is "
            "better than ONE of A.",
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option("--by", help="Figure for --compare: hole_psnr, hole_l1, l1, psnr, ssim, vgg, lpips or st_lpips."),
    ] = "hole_psnr",
    read: Annotated[
        str | None,
        typer.Option(
            "--read",
            metavar="READER,...",
            help="Also read the pages: rapidocr, tesseract or tesseract:LANG (kor, eng, ...).",
        ),
    ] = None,
    read_lines: Annotated[
        bool,
        typer.Option(
            "--read-lines",
            help="With --read: tell the readers where the lines are, on rendered pages, whose text is known.",
        ),
    ] = False,
    features: Annotated[
        Path | None, typer.Option("--features", metavar="FILE", help="VGG19 weights, to measure the VGG distance.")
    ] = None,
    perceptual: Annotated[
        bool,
        typer.Option("--perceptual", help="Also LPIPS, which may download weights, and the shift-tolerant LPIPS."),
    ] = False,
    distribution: Annotated[
        bool,
        typer.Option(
            "--distribution", help="Also FID and Inception Score, for thousands of pairs; may download weights."
        ),
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Time limit of an external command for a pair, seconds.")
    ] = 600.0,
    write_pairs: Annotated[
        Path | None,
        typer.Option("--write-pairs", metavar="DIR", help="Write the pairs as PNG files, and measure nothing."),
    ] = None,
    blind: Annotated[
        Path | None,
        typer.Option(
            "--blind", metavar="DIR", help="Also write a sheet on which people compare results without knowing whose."
        ),
    ] = None,
    tally: Annotated[
        list[Path] | None,
        typer.Option(
            "--tally",
            metavar="FILE",
            help="Count the answers to a blind sheet: key.json, then each file of answers; repeat the option for each.",
        ),
    ] = None,
    jobs: Jobs = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print only errors.")] = False,
) -> None:
    """Make holes in undamaged images, fill them with each method, and measure the error by hole ratio and border.

    Writes report.html, results.json, pairs.csv and table.md into REPORT. Exit code 4: some pairs failed.
    """
    if compare is not None:
        if images or masks or out:
            raise ArgumentError("--compare measures nothing", "leave out --images, --masks and --out")
        _compare(*compare, by, methods)
        return
    if tally:
        _tally(tally)
        return
    # Where pairs are written, there is no report.
    out = out or write_pairs
    if images is None or masks is None or out is None:
        missing = [n for n, v in (("--images", images), ("--masks", masks), ("--out", out)) if v is None]
        raise ArgumentError(f"{' and '.join(missing)} not given", "see `bokwon evaluate --help`")
    # One thread for each process, read by the libraries when a worker starts. So times can be compared.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

    from bokwon.evaluation import job
    from bokwon.evaluation.measure.benchmark import Folders
    from bokwon.synthesis.masks.bins import BINS, parse_bins

    order = job.Order(
        Folders(images, masks, out),
        methods or _METHODS,
        per_cell=per_cell,
        seed=seed,
        jobs=workers(jobs),
        bins=tuple(BINS) if bins is None else parse_bins(bins),
        readers=read,
        by_line=read_lines,
        features=features,
        perceptual=perceptual,
        distribution=distribution,
        timeout=timeout,
        blind=blind,
    )
    with progress_bars(quiet) as progress:
        if write_pairs is not None:
            plan = job.write_pairs(order, write_pairs, progress("writing pairs"))
            _tell_losses({"problems": plan.problems, "failures": []}, quiet)
            return
        results = job.evaluate(order, progress)
    _tell_losses(results, quiet)
    if not quiet:
        typer.echo(f"{len(results['pairs'])} pairs, report in {out}", err=True)
    if results["failures"]:
        raise typer.Exit(_SOME_FAILED)


def _compare(first: Path, second: Path, by: str, methods: str | None) -> None:
    from bokwon.evaluation.report.compare import compare, format_comparison
    from bokwon.evaluation.report.results import read_results

    names = None if methods is None else tuple(name.strip() for name in methods.split(","))
    if names is not None and len(names) != 2:
        raise ArgumentError("--compare compares two methods", "name one of A and one of B: --methods ONE,TWO")
    typer.echo(format_comparison(compare(read_results(first), read_results(second), by, names)), nl=False)


def _tally(files: list[Path]) -> None:
    from bokwon.evaluation.report.blind import format_tally, tally

    key, *answers = files
    if not answers:
        raise ArgumentError("there are no answers to count", "write --tally key.json --tally answers.json")
    typer.echo(format_tally(tally(key, answers)), nl=False)


def _tell_losses(results: dict[str, Any], quiet: bool) -> None:
    """Name the pairs that are not in the averages; failures even when quiet."""
    problems = [] if quiet else [f"warning: {problem}" for problem in results["problems"]]
    failures = [f"error: {f['method']} on {f['image']} with {f['mask']}: {f['error']}" for f in results["failures"]]
    for lines in (problems, failures):
        for line in lines[:_SHOWN]:
            print(f"bokwon: {' '.join(line.split())}", file=sys.stderr)
        if len(lines) > _SHOWN:
            print(f"bokwon: and {len(lines) - _SHOWN} more of the kind, see the report", file=sys.stderr)
