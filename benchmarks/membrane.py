"""What the membrane of `photo` gives, and how well masks have to cover the damage for it.

    python benchmarks/membrane.py IMAGES MASKS [--per-cell 4]

The shipped weights with their membrane and with it left out. First the pairs of `bokwon evaluate`, whose masks cover
all that is missing; then scratches drawn on the same images, 3 to 11 pixels wide and a little blurred, with masks that
reach so many pixels beyond them, as with `--widen`. PSNR over the pixels of the hole, means over the images; PyTorch,
float32.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from bokwon.evaluation.data.pairs import load_pair, plan_pairs
from bokwon.evaluation.measure.metrics import hole_psnr
from bokwon.image_io.masks import widen_hole
from bokwon.inpaint.models import find_model
from bokwon.nn.unet import PConvUNet
from bokwon.training.checkpoint import load_network
from bokwon.types import Hole

SCRATCHES, WIDTHS = 5, (3, 12)
BLUR = 0.6
REACHES = (2, 1, 0)


def fill(network: PConvUNet, damaged: NDArray[np.uint8], hole: Hole) -> NDArray[np.uint8]:
    image = torch.from_numpy(np.ascontiguousarray(damaged.transpose(2, 0, 1)))[None].float() / 255
    with torch.inference_mode():
        filled = network(image, torch.from_numpy(~hole).float()[None, None])[0].numpy().transpose(1, 2, 0)
    return np.rint(np.clip(filled, 0, 1) * 255).astype(np.uint8)


def scratched(truth: NDArray[np.uint8], number: int) -> tuple[NDArray[np.uint8], Hole]:
    """Return a picture with scratches, white or black by turns, and where they lie, before they are blurred."""
    rng = np.random.default_rng(number)
    drawn = np.zeros(truth.shape[:2], np.uint8)
    for _ in range(SCRATCHES):
        start, end = (tuple(int(value) for value in rng.integers(0, truth.shape[1::-1])) for _ in range(2))
        cv2.line(drawn, start, end, 1, int(rng.integers(*WIDTHS)))
    painted = cv2.GaussianBlur(np.where(drawn[..., None] > 0, np.uint8(250 if number % 2 else 5), truth), (0, 0), BLUR)
    hole = drawn > 0
    return np.where(widen_hole(hole, REACHES[0])[..., None], painted, truth), hole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("masks", type=Path)
    parser.add_argument("--per-cell", type=int, default=4)
    arguments = parser.parse_args()
    network, _ = load_network(find_model("photo").path.with_suffix(".safetensors"))
    network.eval()
    shapes = {base: replace(network.config, base=base) for base in ("pullpush", "membrane")}
    found: dict[str, list[list[float]]] = {}
    pairs = plan_pairs(arguments.images, arguments.masks, per_cell=arguments.per_cell).pairs
    seen = set[str]()
    for pair in pairs:
        truth, hole = load_pair(pair, arguments.images, arguments.masks)
        cases = {"the masks of the pairs": (truth, hole)}
        if pair.image not in seen:
            damaged, drawn = scratched(truth, len(seen))
            cases |= {f"scratches, {reach} px beyond": (damaged, widen_hole(drawn, reach)) for reach in REACHES}
        seen.add(pair.image)
        for name, (damaged, missing) in cases.items():
            figures = []
            for shape in shapes.values():
                network.config = shape
                figures.append(hole_psnr(fill(network, damaged, missing), truth, missing))
            found.setdefault(name, []).append(figures)
    print("| masks | pictures | without membrane, dB | with membrane, dB |\n|---|---|---|---|")
    for name, rows in found.items():
        without, with_it = np.mean(rows, axis=0)
        print(f"| {name} | {len(rows)} | {without:.2f} | {with_it:.2f} |")


if __name__ == "__main__":
    main()
