"""`bokwon models`: list models, show their cards, add models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bokwon.errors import ArgumentError
from bokwon.settings import DETECTOR, MODELS, RestoreSettings

__all__ = ["app"]

app = typer.Typer(help="Models that bokwon finds, and their cards.", no_args_is_help=True)


@app.command(name="list")
def list_command() -> None:
    """List the models that ship with bokwon and those that were added: name, size, date and licence."""
    from bokwon.inpaint.models import INT8_OF, WEIGHTS, list_models

    models = list_models()
    if not models:
        typer.echo("no models ship with this installation; a model file is named by its path (--model ./mine.onnx)")
        return
    width = max(len(model.path.stem) for model in models)
    for model in models:
        card = model.card or {}
        size = f"{model.path.stat().st_size / 1e6:.1f} MB"
        about = ", ".join(str(card[key]) for key in ("date", "licence") if key in card)
        mark = " (default)" if model.path.stem == MODELS["page"] else ""
        if INT8_OF in card:
            mark = f" ({model.path.stem.removesuffix('-int8')} in 8 bits, see restore --precision)"
        if model.path.parent != WEIGHTS:
            mark += " (added)"
        typer.echo(f"{model.path.stem:{width}}  {size:>9}  {about}{mark}")


@app.command()
def show(
    model: Annotated[
        str,
        typer.Argument(metavar="NAME|FILE|hf:ID", help="Shipped or added model, an .onnx file, or one of the hub."),
    ],
) -> None:
    """Check a model's file against its card, and print the card as JSON."""
    from bokwon.inpaint.models import find_model, load_model

    found = find_model(model)
    _, digest = load_model(found)
    card = dict(found.card or {})
    about = {"file": str(found.path), "bytes": found.path.stat().st_size, "sha256": digest, "has_card": bool(card)}
    typer.echo(json.dumps({**card, **about}, indent=1, ensure_ascii=False))


@app.command(epilog="Example: bokwon models add ./theirs.onnx --name theirs, then bokwon restore --model theirs")
def add(
    model: Annotated[
        str,
        typer.Argument(
            metavar="ID|FILE", help="An .onnx file with its card beside it; or OWNER/NAME of the Hugging Face Hub."
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the model. By default that of the file, or that of the repository for a file model.onnx."
        ),
    ] = None,
) -> None:
    """Copy a model to your own model folder, so that `restore --model NAME` or `detect` finds it.

    The folder is $XDG_DATA_HOME/bokwon/models, by default ~/.local/share/bokwon/models.
    """
    from bokwon.detection.network import DetectionNetwork
    from bokwon.inpaint.model_sources import HUB
    from bokwon.inpaint.models import add_model, find_model
    from bokwon.inpaint.restorer import Restorer

    is_file = model.endswith(".onnx") or Path(model).exists()
    from_hub = model.startswith(HUB) or not is_file
    source = f"{HUB}{model.removeprefix(HUB)}" if from_hub else model
    found = find_model(source if from_hub else Path(model))
    # A model that the runtime cannot run is refused now, not when a page is restored.
    finds_damage = "classes" in (found.card or {})
    if finds_damage:
        DetectionNetwork(found.path)
    else:
        Restorer(RestoreSettings(found.path, engine="onnx"))
    if name is None:
        repository = source.removeprefix(HUB).split("@")[0].split("/")[1] if from_hub else found.path.stem
        name = repository if found.path.stem == "model" else found.path.stem
    if name == DETECTOR and not finds_damage:
        raise ArgumentError(
            f"{name} is the name of the model that finds damage, and this model does not find damage",
            "give another --name",
        )
    typer.echo(f"{name}: {add_model(found, name)}")
