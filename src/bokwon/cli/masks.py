"""`bokwon masks`: make, sort and measure sets of hole masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bokwon.cli.console import progress_bars
from bokwon.cli.options import Jobs, parse_size, workers
from bokwon.errors import ArgumentError

if TYPE_CHECKING:
    from bokwon.synthesis.masks.polarity import Polarity
    from bokwon.synthesis.masks.statistics import Sample

__all__ = ["app"]

app = typer.Typer(help="Make, sort and measure sets of hole masks (white = hole).", no_args_is_help=True)


_Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no summary.")]
_Polarity = Annotated[
    Literal["auto", "white", "black"],
    typer.Option("--holes", help="Which colour means hole; auto finds it from the folder as a whole."),
]


@app.command()
def make(
    out: Annotated[Path, typer.Argument(help="Folder of the set; an interrupted set is continued.")],
    count: Annotated[int | None, typer.Option(help="Number of masks, divided evenly among the cells. [1200]")] = None,
    size: Annotated[str, typer.Option(help="Side of the masks, or WIDTHxHEIGHT, in pixels.")] = "512",
    kind: Annotated[
        str, typer.Option(help="occlusion (the paper's), strokes, blobs, mixed, document, square or grid.")
    ] = "occlusion",
    bins: Annotated[
        str | None, typer.Option(help="Hole-ratio bins, such as 1,3 or 2-4: 1 is (0.01, 0.1], 6 is (0.5, 0.6]. [1-6]")
    ] = None,
    border: Annotated[
        Literal["both", "touching", "inner"] | None,
        typer.Option(help="Holes that touch the 50 px border, that do not, or both.", show_default="both"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the set: the same seed gives the same files.")] = 0,
    preset: Annotated[
        str | None, typer.Option(help="paper-train (55,116 masks), paper-test (24,866) or paper-bench (12 x 1,000).")
    ] = None,
    jobs: Jobs = None,
    quiet: _Quiet = False,
) -> None:
    """Make a set of masks, sorted into cells by hole ratio and border.

    Writes OUT/<01-10|...|50-60>/<border|inner>/NNNNN.png and OUT/manifest.jsonl. The files depend on the options and
    the seed only, not on the number of workers.
    """
    from bokwon.synthesis.masks.bins import BINS, parse_bins, select_cells
    from bokwon.synthesis.masks.dataset import PRESETS, MaskSet, make_set

    stream = 0
    if preset is not None:
        if preset not in PRESETS:
            raise ArgumentError(f"unknown preset {preset!r}", f"choose one of {', '.join(PRESETS)}")
        if not (count is None and bins is None and border is None):
            raise ArgumentError(
                f"preset {preset} says how many masks each cell gets", "leave out --count, --bins and --border"
            )
        count, stream = PRESETS[preset].count, PRESETS[preset].stream
    plan = MaskSet(
        count=1200 if count is None else count,
        size=parse_size(size),
        kind=kind,
        cells=select_cells(parse_bins(bins) if bins is not None else BINS, border or "both"),
        seed=seed,
        stream=stream,
    )
    with progress_bars(quiet) as add:
        report = add("masks")
        made, found = make_set(out, plan, workers(jobs), lambda done: report(done, plan.count))
    if not quiet:
        before = f", {found:,} were there already" if found else ""
        _say(f"{made:,} masks written to {out}{before}")


@app.command()
def sort(
    folder: Annotated[Path, typer.Argument(help="Folder of masks, searched with all folders below it.")],
    out: Annotated[Path, typer.Argument(help="Folder of the sorted set.")],
    holes: _Polarity = "auto",
    jobs: Jobs = None,
    quiet: _Quiet = False,
) -> None:
    """Sort any folder of masks into cells by hole ratio and border, as 1-bit PNG with white = hole.

    Which colour means hole is found from the folder as a whole, never from one mask. Files that are not masks, or lie
    in no bin, are listed in OUT/unused.jsonl.
    """
    from bokwon.synthesis.masks.sorting import sort_masks

    with progress_bars(quiet) as add:
        result = sort_masks(folder, out, holes, workers(jobs), add("masks"))
    if quiet:
        return
    _say_polarity(folder, result.polarity)
    for cell, number in result.cells.items():
        _say(f"  {cell:<14}{number:>8,}")
    _say(f"{sum(result.cells.values()):,} masks sorted into {out}")
    if result.unused:
        _say(f"{len(result.unused):,} files not used (all of them in {out / 'unused.jsonl'}):")
        for name, reason in list(result.unused.items())[:10]:
            _say(f"  {name}: {reason}")


@app.command()
def stats(
    folder: Annotated[Path, typer.Argument(help="Folder of masks.")],
    other: Annotated[Path | None, typer.Argument(help="A second folder to compare with.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the distributions into this PNG file.")] = None,
    limit: Annotated[int | None, typer.Option(help="Measure about this many masks of each set.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    holes: _Polarity = "auto",
    jobs: Jobs = None,
    quiet: _Quiet = False,
) -> None:
    """Measure masks: hole ratio, number of holes, thickness, edge length, distance from the border.

    Lengths are in pixels of an image whose shorter side is 512. For two sets the last column says how far their
    distributions agree: 1 is equal, 0 has nothing in common (1 - Kolmogorov-Smirnov distance).
    """
    from bokwon.synthesis.masks.statistics import ALL, measure_folder

    if plot is not None and plot.suffix.lower() != ".png":
        raise ArgumentError(f"{plot} is not a PNG file", "name a file that ends in .png")
    if plot is not None:
        from bokwon.utilities.atomic import check_target

        check_target(plot)
    sets: dict[str, dict[str, Sample]] = {}
    for path in [folder] if other is None else [folder, other]:
        with progress_bars(quiet) as add:
            samples, polarity = measure_folder(path, holes, limit, workers(jobs), add(f"masks of {path.name}"))
        if not quiet:
            _say_polarity(path, polarity)
        sets[str(path)] = samples
    if as_json:
        typer.echo(json.dumps(_as_json(sets), indent=1))
    else:
        _print_tables(sets)
    if plot is not None:
        from bokwon.synthesis.masks.plots import plot_samples
        from bokwon.utilities.atomic import replacing

        names = [Path(name).name or name for name in sets]
        picture = plot_samples([samples[ALL] for samples in sets.values()], names, "Hole masks: " + " and ".join(names))
        with replacing(plot) as stream:
            picture.save(stream, format="PNG")


def _print_tables(sets: dict[str, dict[str, Sample]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from bokwon.synthesis.masks.statistics import ALL, FIGURES, overlap, quantiles

    console = Console()
    names = list(sets)
    cells = [cell for cell in sets[names[0]] if all(cell in samples for samples in sets.values())]
    # One line for every cell only if the sets lie in several; a single one would repeat the total.
    for cell in cells if len(cells) > 2 else [ALL]:
        table = Table(title=f"{cell} (10 % / median / 90 %; lengths in px at 512)", title_justify="left")
        table.add_column("figure", no_wrap=True)
        for name in names:
            table.add_column(f"{Path(name).name} ({len(sets[name][cell]['ratio']):,})", justify="right", no_wrap=True)
        if len(names) == 2:
            table.add_column("agree", justify="right", no_wrap=True)
        for key, label in FIGURES.items():
            row = [label.partition(" [")[0]]
            for name in names:
                values = quantiles(sets[name][cell])[key]
                row.append(" / ".join(f"{v:.2f}" if key == "ratio" else f"{v:.0f}" for v in values))
            if len(names) == 2:
                row.append(f"{overlap(sets[names[0]][cell][key], sets[names[1]][cell][key]):.2f}")
            table.add_row(*row)
        console.print(table)


def _as_json(sets: dict[str, dict[str, Sample]]) -> dict[str, object]:
    from bokwon.synthesis.masks.statistics import overlap, quantiles

    at = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
    result: dict[str, object] = {
        "quantiles_at": at,
        "sets": {
            name: {cell: {"masks": len(s["ratio"]), **quantiles(s, at)} for cell, s in samples.items()}
            for name, samples in sets.items()
        },
    }
    if len(sets) == 2:
        one, two = sets.values()
        result["agreement"] = {
            cell: {key: round(overlap(one[cell][key], two[cell][key]), 4) for key in one[cell]}
            for cell in one
            if cell in two
        }
    return result


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _say_polarity(folder: Path, polarity: Polarity) -> None:
    colour = "white" if polarity.white else "black"
    if not polarity.evidence:
        _say(f"{folder}: {colour} means hole, as told")
        return
    _say(f"{folder}: {colour} means hole (evidence {abs(polarity.evidence):.2f} of 3)")
    if polarity.doubtful:
        _say(f"  {len(polarity.doubtful):,} files look inverted beside the others, such as {polarity.doubtful[0]}")
