"""What `--ink sharpen|clear` and `--grain match` give and cost, on the pairs of `bokwon evaluate --per-cell 2`.

    python benchmarks/finish.py IMAGES MASKS VGG19.safetensors [--per-cell 2]

PSNR over the pixels of the hole and the VGG distance of the composite, means over the pairs; `document` in float32. The
figures are kept in benchmarks/results/finish.md.
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
from bokwon.evaluation.feature_distance import TAPS
from bokwon.evaluation.pairs import load_pair, plan_pairs
from bokwon.nn.features import VGGFeatures
from bokwon.nn.terms import feature_distance

RESULTS = Path(__file__).parent / "results"
FINISHES = [(ink, grain) for grain in ("off", "match") for ink in ("off", "sharpen", "clear")]


def as_tensor(pixels: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None].float() / 255


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("masks", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("--per-cell", type=int, default=2)
    arguments = parser.parse_args()
    network = VGGFeatures("vgg19", arguments.features, TAPS)
    restorers = [
        bokwon.Restorer(precision="float32", engine="onnx", ink=ink, grain=grain)  # type: ignore[arg-type]
        for ink, grain in FINISHES
    ]
    pairs = plan_pairs(arguments.images, arguments.masks, per_cell=arguments.per_cell).pairs
    found: list[list[tuple[float, float]]] = []
    for pair in pairs:
        truth, hole = load_pair(pair, arguments.images, arguments.masks)
        damaged = np.where(hole[..., None], 0, truth).astype(np.uint8)
        figures = []
        with torch.inference_mode():
            wanted = network(as_tensor(truth))
            for restorer in restorers:
                restored = restorer.restore(damaged, hole).image
                error = float(((restored.astype(float) - truth)[hole] ** 2).mean())
                distance = float(feature_distance(network(as_tensor(restored)), wanted))
                figures.append((10 * np.log10(255**2 / error), distance))
        found.append(figures)
        print(pair.number, *(f"{psnr:.2f} {distance:.3f}" for psnr, distance in figures), flush=True)
    means = np.array(found).mean(axis=0)
    rows = [
        {"ink": ink, "grain": grain, "psnr": round(psnr, 3), "vgg": round(distance, 4)}
        for (ink, grain), (psnr, distance) in zip(FINISHES, means.tolist(), strict=True)
    ]
    model = restorers[0].model
    kept = {"date": str(date.today()), "model": model.name if model else None, "sha256": restorers[0].sha256}
    (RESULTS / "finish.json").write_text(json.dumps({**kept, "pairs": len(pairs), "rows": rows}, indent=1) + "\n")
    text = f"# Ink and grain\n\nMade by `benchmarks/finish.py`, which says how: {len(pairs)} pairs, {kept['date']}, "
    text += f"`{kept['model']}` {str(kept['sha256'])[:12]}.\n\n| --ink | --grain | PSNR in hole, dB | VGG distance |\n"
    text += "|---|---|---:|---:|\n"
    text += "".join(f"| {row['ink']} | {row['grain']} | {row['psnr']:.2f} | {row['vgg']:.3f} |\n" for row in rows)
    (RESULTS / "finish.md").write_text(text)


if __name__ == "__main__":
    main()
