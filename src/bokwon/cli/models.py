"""`bokwon models`: which models there are, and what their cards say."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from bokwon.settings import RestoreSettings

__all__ = ["app"]

app = typer.Typer(help="Models that bokwon finds, and their cards.", no_args_is_help=True)


@app.command(name="list")
def list_command() -> None:
    """List the models that ship with bokwon: name, size, date and licence."""
    from bokwon.inpaint.models import INT8_OF, list_models

    models = list_models()
    if not models:
        typer.echo("no models ship with this installation; a model file is named by its path (--model ./mine.onnx)")
        return
    width = max(len(model.path.stem) for model in models)
    for model in models:
        card = model.card or {}
        size = f"{model.path.stat().st_size / 1e6:.1f} MB"
        about = ", ".join(str(card[key]) for key in ("date", "licence") if key in card)
        mark = " (default)" if model.path.stem == RestoreSettings.model else ""
        if INT8_OF in card:
            mark = f" ({model.path.stem.removesuffix('-int8')} in 8 bits, see restore --precision)"
        typer.echo(f"{model.path.stem:{width}}  {size:>9}  {about}{mark}")


@app.command()
def show(
    model: Annotated[str, typer.Argument(metavar="NAME|FILE", help="Shipped model, or an .onnx file.")],
) -> None:
    """Check a model's file against its card, and print the card as JSON."""
    from bokwon.inpaint.models import find_model, load_model

    found = find_model(model)
    _, digest = load_model(found)
    card = dict(found.card or {})
    about = {"file": str(found.path), "bytes": found.path.stat().st_size, "sha256": digest, "has_card": bool(card)}
    typer.echo(json.dumps({**card, **about}, indent=1, ensure_ascii=False))
