"""`bokwon evaluate-detect`: measure the damage detector."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bokwon.errors import ArgumentError
from bokwon.settings import DETECTION_THRESHOLD, DETECTOR

__all__ = ["evaluate_detect"]


def evaluate_detect(
    out: Annotated[Path, typer.Option("--out", metavar="REPORT", help="Folder for results.json and table.md.")],
    sound: Annotated[
        list[Path] | None, typer.Option("--sound", metavar="DIR", help="Pages without damage; may be repeated.")
    ] = None,
    not_sound: Annotated[
        Path | None,
        typer.Option("--not-sound", metavar="CSV", help="Pages of --sound to leave out: columns page,reason."),
    ] = None,
    zones: Annotated[
        Path | None, typer.Option("--zones", metavar="DIR", help="Pages with zones.json: polygons around damage.")
    ] = None,
    labelled: Annotated[
        Path | None,
        typer.Option("--labelled", metavar="DIR", help="Pictures with NAME_mask.png or NAME_labels.png beside them."),
    ] = None,
    pages: Annotated[
        list[Path] | None,
        typer.Option("--pages", metavar="DIR", help="Scans of sound pages for the scenes; may be repeated."),
    ] = None,
    photos: Annotated[
        list[Path] | None, typer.Option("--photos", metavar="DIR", help="Photographs for the scenes; may be repeated.")
    ] = None,
    crops: Annotated[
        list[Path] | None,
        typer.Option("--crops", metavar="DIR", help="Windows of scans for the scenes; may be repeated."),
    ] = None,
    films: Annotated[
        Path | None, typer.Option("--films", metavar="DIR", help="Pictures of film damage for the scenes.")
    ] = None,
    exclude_fonts: Annotated[
        list[str] | None,
        typer.Option("--exclude-font", metavar="WORD", help="Leave out fonts with this word in their path."),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="Scenes to make.")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the scenes.")] = 1,
    part: Annotated[
        str,
        typer.Option(
            "--part", help="all pages, or every second page: even starts with the first, odd with the second."
        ),
    ] = "all",
    restore: Annotated[
        bool, typer.Option("--restore", help="Also restore the scenes with the true and with the found masks.")
    ] = False,
    overlays: Annotated[bool, typer.Option("--overlays", help="Write pictures of what was found.")] = False,
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration", metavar="FILE", help="Write how often regions of each score are right, for export --card."
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option("--model", metavar="NAME|FILE", help="Shipped model, or an .onnx file.", show_default=DETECTOR),
    ] = DETECTOR,
    threshold: Annotated[float, typer.Option("--threshold", help="As for `bokwon detect`.")] = DETECTION_THRESHOLD,
    outline: Annotated[bool, typer.Option("--outline", help="As for `bokwon detect`.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but warnings and errors.")] = False,
) -> None:
    """Measure the damage detector: what it marks on sound pages, and what it finds of known damage.

    Writes results.json, table.md and regions.csv into REPORT, and prints the table.
    """
    if part not in ("all", "even", "odd"):
        raise ArgumentError(f"there is no part {part!r}", "choose all, even or odd")

    from bokwon.cli.console import Console
    from bokwon.detection.detector import Detector
    from bokwon.evaluation.detection.job import DetectionOrder, measure_detector
    from bokwon.synthesis.scenes.sources import Sources

    console = Console(quiet=quiet, verbose=False)
    sources = None
    if pages:
        sources = Sources(
            pages=tuple(str(folder) for folder in pages),
            crops=tuple(str(folder) for folder in crops or ()),
            photos=tuple(str(folder) for folder in photos or ()),
            films=str(films) if films else "",
            exclude_fonts=tuple(exclude_fonts or ()),
        )
    order = DetectionOrder(
        out=out,
        sound=tuple(sound or ()),
        not_sound=not_sound,
        zones=zones,
        labelled=labelled,
        scenes=sources,
        count=count,
        seed=seed,
        part=part,
        restore=restore,
        overlays=overlays,
        calibration=calibration,
    )
    measure_detector(
        Detector(model, threshold=threshold, outline=outline),
        order,
        lambda text: console.tell("summary", text),
    )
    typer.echo((out / "table.md").read_text(encoding="utf-8"), nl=False)
