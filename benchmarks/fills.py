"""How much hidden ink a fill puts back, and how much ink it invents, on real pages with tunnels and with masks.

    python benchmarks/fills.py DATA [--set dev|held-out] [--methods fill,standard,patchmatch,telea] [--width 10]
        [--pages N] [--cache FOLDER] [--pairs] [--photographs] [--stlpips]

DATA is the folder of the data. `dev` are the pages of pages/val and those of pages/more_val that are not held out;
`held-out` are the pages and pairs of held_out_fills.json. Of each page the middle 512x512 pixels are taken.

Tunnels: 25 polylines of 8 points, steps of 14 px, turns of standard deviation 0.45 rad; seed 100 + number of the page.
The figures are those of `bokwon.evaluation.measure.ink`, as `bokwon evaluate` has them: medians over pages with at
least 300 pixels of ink in the hole.

With --pairs the pairs of held_out_fills.json (or, for `dev`, one mask a page) are filled too: PSNR in the hole, and the
shift-tolerant LPIPS of `stlpips-pytorch`, where --stlpips asks for it, as means.

With --photographs the model is `photo`, and photographs of photos/val take the place of pages: every second one for
`dev`, the others for `held-out`. Both sets use the masks of `dev`. Smaller photographs are enlarged to 512 pixels.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import bokwon
from bokwon.evaluation.measure.ink import INK_FIGURES, measure_ink
from bokwon.evaluation.measure.metrics import hole_psnr
from bokwon.evaluation.measure.perceptual import load_metrics
from bokwon.inpaint.engines.patchmatch import PatchMatchEngine
from bokwon.utilities.checksums import sha256_of

Picture = NDArray[np.uint8]
Hole = NDArray[np.bool_]
Filler = Callable[[Picture, Hole], Picture]

HERE = Path(__file__).parent
SIDE = 512
LOOKED_AT = ("cremma_medieval_016.jpg", "testaments_016.jpg")
COLUMNS = ("put back", "false", "at 5", "at 10", "ghost", "tint", "psnr")


def tunnels(number: int, width: int) -> Hole:
    """Return 25 wandering tunnels, (512, 512)."""
    rng = np.random.default_rng(100 + number)
    hole = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(25):
        place, angle = rng.uniform(0, SIDE, 2), rng.uniform(0, 2 * np.pi)
        points = [place]
        for _ in range(7):
            angle += rng.normal(0, 0.45)
            points.append(points[-1] + 14 * np.array([np.cos(angle), np.sin(angle)]))
        cv2.polylines(hole, [np.rint(points).astype(np.int32)], False, 1, width)
    return hole > 0


def measure(truth: Picture, hole: Hole, filled: Picture) -> dict[str, float] | None:
    """Return the figures of one page, or None where too little ink is hidden."""
    figures = measure_ink(filled, truth, hole)
    if figures["ink_back"] is None:
        return None
    shown = {column: float(figures[name] or 0) for column, name in zip(COLUMNS, INK_FIGURES, strict=False)}
    return {**shown, "psnr": hole_psnr(filled, truth, hole)}


def pages_of(data: Path, which: str) -> list[tuple[int, Path]]:
    """Return the number and path of each page of a set; numbers are places in their folder's list."""
    held = set(json.loads((HERE / "held_out_fills.json").read_text())["held_out"])
    found = []
    for folder in ("val", "more_val"):
        for number, path in enumerate(sorted((data / "pages" / folder).glob("*.jpg"))):
            if (path.name in held) == (which == "held-out") and path.name not in LOOKED_AT:
                found.append((number, path))
    return found


def crop(path: Path) -> Picture:
    """Return the middle of a picture."""
    with Image.open(path) as image:
        page = np.asarray(image.convert("RGB"))
    if min(page.shape[:2]) < SIDE:
        height, width = (max(SIDE, round(side * SIDE / min(page.shape[:2]))) for side in page.shape[:2])
        page = np.asarray(cv2.resize(page, (width, height), interpolation=cv2.INTER_CUBIC))
    top, left = ((size - SIDE) // 2 for size in page.shape[:2])
    return np.ascontiguousarray(page[top : top + SIDE, left : left + SIDE])


def fillers(names: list[str], cache: Path | None, model: str = "document") -> dict[str, Filler]:
    """Return what fills, by name; `fill` and `standard` are a shipped model without and with its finish."""

    def restorer(finish: Any, grain: Any = "auto") -> Filler:
        settings = bokwon.RestoreSettings(model, engine="onnx", precision="float32", finish=finish, grain=grain)
        made = bokwon.Restorer(settings)
        return lambda damaged, hole: made.restore(damaged, hole).image

    def patchmatch(damaged: Picture, hole: Hole) -> Picture:
        light = PatchMatchEngine().fill(damaged, hole, 0.0)
        return np.where(hole[..., None], np.clip(np.rint(light * 255), 0, 255), damaged).astype(np.uint8)

    made: dict[str, Callable[[], Filler]] = {
        "fill": lambda: restorer("off"),
        "standard": lambda: restorer("standard"),
        "conservative": lambda: restorer("conservative"),
        "match": lambda: restorer("off", "match"),
        "patchmatch": lambda: patchmatch,
        "telea": lambda: (
            lambda damaged, hole: np.asarray(
                cv2.inpaint(damaged, hole.astype(np.uint8), 8, cv2.INPAINT_TELEA), np.uint8
            )
        ),
    }
    return {name: _kept(made[name](), cache / name) if cache else made[name]() for name in names}


def _kept(fill: Filler, folder: Path) -> Filler:
    """Return a filler that keeps what it fills as PNG."""

    def filled(damaged: Picture, hole: Hole) -> Picture:
        path = folder / f"{sha256_of(damaged.tobytes() + hole.tobytes())}.png"
        if path.exists():
            with Image.open(path) as image:
                return np.asarray(image)
        picture = fill(damaged, hole)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
        return picture

    return filled


def perceptual() -> Callable[[Picture, Picture], float]:
    """Return the shift-tolerant LPIPS with AlexNet."""
    import torch

    metrics, reasons = load_metrics(("ST-LPIPS",))
    if reasons:
        raise SystemExit(f"ST-LPIPS: {reasons['ST-LPIPS']}")

    def tensor(picture: Picture) -> torch.Tensor:
        return torch.from_numpy(picture.transpose(2, 0, 1).copy())[None].float() / 127.5 - 1

    def distance(one: Picture, other: Picture) -> float:
        with torch.inference_mode():
            return float(metrics["ST-LPIPS"](tensor(one), tensor(other)))

    return distance


def pairs_of(data: Path, which: str, *, photographs: bool = False) -> list[tuple[Path, Path]]:
    """Return pages, or photographs, and the masks laid over them."""
    plan = json.loads((HERE / "held_out_fills.json").read_text())
    masks = data / plan["masks"]
    if which == "held-out" and not photographs:
        return [(data / plan["pages"] / pair["page"], masks / pair["mask"]) for pair in plan["pairs"]]
    taken = {pair["mask"] for pair in plan["pairs"]}
    offered = sorted(masks.glob("[0123]*/*/*.png"))
    offered = [mask for mask in offered if str(mask.relative_to(masks)) not in taken]
    if photographs:
        pages = sorted((data / "photos" / "val").glob("*.jpg"))[which == "held-out" :: 2]
    else:
        pages = [path for _, path in pages_of(data, which)][::2]
    return [(page, offered[97 * number % len(offered)]) for number, page in enumerate(pages)]


def tunnel_rows(data: Path, which: str, width: int, limit: int | None, methods: dict[str, Filler]) -> None:
    """Print the medians of the tunnels, over all pages and by kind of page."""
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    pages = pages_of(data, which)
    for number, path in pages if limit is None else pages[:: -(-len(pages) // limit)]:
        truth, hole = crop(path), tunnels(number, width)
        damaged = np.where(hole[..., None], 255, truth).astype(np.uint8)
        for name, fill in methods.items():
            figures = measure(truth, hole, fill(damaged, hole))
            if figures is not None:
                kind = path.name.split("_")[0] if path.parent.name == "val" else "more_val"
                for key in ("all", kind):
                    found.setdefault(key, {}).setdefault(name, []).append(figures)
    print(f"\n| tunnels of {width} px, {which} | pages | {' | '.join(COLUMNS)} |\n|---|---|{'---:|' * len(COLUMNS)}")
    for kind, by_method in found.items():
        for name, rows in by_method.items():
            medians = [f"{np.median([row[column] for row in rows]):.1f}" for column in COLUMNS]
            print(f"| {kind}, {name} | {len(rows)} | {' | '.join(medians)} |", flush=True)


def pair_rows(pairs: list[tuple[Path, Path]], title: str, methods: dict[str, Filler], *, stlpips: bool) -> None:
    """Print the means over pairs of pictures and masks."""
    distance = perceptual() if stlpips else None
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    for page, mask in pairs:
        truth = crop(page)
        with Image.open(mask) as image:
            hole = np.asarray(image.convert("L")) > 127
        damaged = np.where(hole[..., None], 255, truth).astype(np.uint8)
        for name, fill in methods.items():
            filled = fill(damaged, hole)
            far = distance(filled, truth) if distance else float("nan")
            found[name].append((hole_psnr(filled, truth, hole), far))
    print(f"\n| {title} | pairs | PSNR in the hole | ST-LPIPS |\n|---|---:|---:|---:|")
    for name, rows in found.items():
        print(f"| {name} | {len(rows)} | {np.mean([a for a, _ in rows]):.2f} | {np.mean([b for _, b in rows]):.4f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--set", dest="which", choices=("dev", "held-out"), default="dev")
    parser.add_argument("--methods", default="fill,standard")
    parser.add_argument("--width", type=int, action="append", help="of the tunnels, 6, 10 or 16; may be repeated")
    parser.add_argument("--pages", type=int, help="at most so many, evenly chosen")
    parser.add_argument("--pairs", action="store_true", help="fill pairs of pages and masks too")
    parser.add_argument("--photographs", action="store_true", help="fill pairs of photographs and masks instead")
    parser.add_argument("--cache", type=Path, help="where fills are kept; remove it when the code has changed")
    parser.add_argument(
        "--stlpips", action="store_true", help="measure ST-LPIPS of the pairs; needs bokwon[perceptual]"
    )
    arguments = parser.parse_args()
    photographs = arguments.photographs
    methods = fillers(arguments.methods.split(","), arguments.cache, "photo" if photographs else "document")
    for width in arguments.width or []:
        tunnel_rows(arguments.data, arguments.which, width, arguments.pages, methods)
    if arguments.pairs or photographs:
        pairs = pairs_of(arguments.data, arguments.which, photographs=photographs)
        title = f"{'photographs' if photographs else 'pairs'}, {arguments.which}"
        pair_rows(pairs, title, methods, stlpips=arguments.stlpips)


if __name__ == "__main__":
    main()
