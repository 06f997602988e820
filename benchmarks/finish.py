"""What `--ink sharpen|clear` and `--grain match` give and cost, on the pairs of `bokwon evaluate --per-cell 2`.

    python benchmarks/finish.py IMAGES MASKS VGG19.safetensors [--per-cell 2]

PSNR over the pixels of the hole and the VGG distance of the composite, means over the pairs; `document` in float32. The
last rows are of no method: they are the truth itself near what is known, and deeper in the hole its paper without ink.
The figures are kept in benchmarks/results/finish.md.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import bokwon
from bokwon.evaluation.data.pairs import load_pair, plan_pairs
from bokwon.evaluation.measure.feature_distance import TAPS
from bokwon.inpaint.finish.background import Paper
from bokwon.inpaint.hole_depth import depth_in_hole, rise
from bokwon.nn.features import VGGFeatures
from bokwon.nn.losses.terms import feature_distance

RESULTS = Path(__file__).parent / "results"
FINISHES = [(ink, grain) for grain in ("off", "match") for ink in ("off", "sharpen", "clear")]
TRUE_WITHIN = (8, 16)
"""Pixels from what is known up to which the last rows have the truth; it fades from half of them on."""


def as_tensor(pixels: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None].float() / 255


def true_near_the_rim(truth: NDArray[np.uint8], hole: NDArray[np.bool_], reach: int) -> NDArray[np.uint8]:
    """Return the page with nothing but paper where a hole is deeper than `reach`, and the truth elsewhere."""
    whole = slice(0, hole.shape[0]), slice(0, hole.shape[1])
    paper = Paper(np.where(hole[..., None], 0, truth).astype(np.uint8), hole, "RGB").at(whole) * 255
    share = rise(depth_in_hole(hole, whole, reach + 1), reach / 2, reach)
    return np.clip(np.rint(truth * (1 - share) + paper * share), 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("masks", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("--per-cell", type=int, default=2)
    arguments = parser.parse_args()
    network = VGGFeatures("vgg19", arguments.features, TAPS)
    restorers = [
        bokwon.Restorer(bokwon.RestoreSettings(precision="float32", engine="onnx", ink=ink, grain=grain))  # type: ignore[arg-type]
        for ink, grain in FINISHES
    ]
    pairs = plan_pairs(arguments.images, arguments.masks, per_cell=arguments.per_cell).pairs
    found: list[list[float]] = []
    distances: list[list[float]] = []
    for pair in pairs:
        truth, hole = load_pair(pair, arguments.images, arguments.masks)
        damaged = np.where(hole[..., None], 0, truth).astype(np.uint8)
        pictures = [restorer.restore(damaged, hole).image for restorer in restorers]
        errors = [float(((picture.astype(float) - truth)[hole] ** 2).mean()) for picture in pictures]
        found.append([float(10 * np.log10(255**2 / error)) for error in errors])
        # Of these the PSNR tells nothing: where a hole is narrow they are the truth.
        pictures += [true_near_the_rim(truth, hole, reach) for reach in TRUE_WITHIN]
        with torch.inference_mode():
            wanted = network(as_tensor(truth))
            distances.append([float(feature_distance(network(as_tensor(picture)), wanted)) for picture in pictures])
        print(pair.number, *(f"{one:.2f}" for one in found[-1]), *(f"{one:.3f}" for one in distances[-1]), flush=True)
    psnr, distance = np.array(found).mean(axis=0).tolist(), np.array(distances).mean(axis=0).tolist()
    rows = [
        {"ink": ink, "grain": grain, "psnr": round(figure, 3), "vgg": round(far, 4)}
        for (ink, grain), figure, far in zip(FINISHES, psnr, distance, strict=False)
    ]
    bounds = [
        {"true within": reach, "vgg": round(far, 4)}
        for reach, far in zip(TRUE_WITHIN, distance[len(FINISHES) :], strict=True)
    ]
    model = restorers[0].model
    kept = {"date": str(date.today()), "model": model.name if model else None, "sha256": restorers[0].sha256}
    (RESULTS / "finish.json").write_text(
        json.dumps({**kept, "pairs": len(pairs), "rows": rows, "bounds": bounds}, indent=1) + "\n"
    )
    text = f"# Ink and grain\n\nMade by `benchmarks/finish.py`, which says how: {len(pairs)} pairs, {kept['date']}, "
    text += f"`{kept['model']}` {str(kept['sha256'])[:12]}.\n\n| --ink | --grain | PSNR in hole, dB | VGG distance |\n"
    text += "|---|---|---:|---:|\n"
    text += "".join(f"| {row['ink']} | {row['grain']} | {row['psnr']:.2f} | {row['vgg']:.3f} |\n" for row in rows)
    text += "".join(
        f"| no method: the truth within {row['true within']} pixels of what is known, paper deeper "
        f"| | | {row['vgg']:.3f} |\n"
        for row in bounds
    )
    (RESULTS / "finish.md").write_text(text)


if __name__ == "__main__":
    main()
