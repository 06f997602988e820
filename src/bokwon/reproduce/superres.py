"""Super-resolution as inpainting: the pixels of a small image are placed on a grid in a large one, the rest is hole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.evaluation.data.crops import SMALLEST, list_images, read_image
from bokwon.evaluation.measure.metrics import l1, psnr, ssim
from bokwon.evaluation.report.page import figure, jpeg_source, strip
from bokwon.evaluation.report.statistics import METRICS, interval
from bokwon.evaluation.report.tables import Table, interval_text, marked
from bokwon.nn.unet import PConvUNet
from bokwon.reproduce.inputs import prepare_images
from bokwon.reproduce.networks import Variant, train_variants
from bokwon.reproduce.page import Page, budget_note, training_table, write_page
from bokwon.reproduce.recipe import Progress, Recipe, configure, open_folder
from bokwon.synthesis.masks.grid import LARGEST_FACTOR, grid_hole
from bokwon.training.checkpoint import load_network

__all__ = ["enlarge", "reproduce_superres", "sample"]

Image8 = NDArray[np.uint8]

_SHOWN = 3
"""Images that the page shows for each factor."""
_ENLARGED = 4
"""How many times the pictures of the page are enlarged."""


def sample(image: Image8, factor: int) -> Image8:
    """Sample an image on a grid, which gives a smaller image.

    Args:
        image: (H, W, 3), H and W multiples of `factor`.
        factor: Distance between the pixels.

    Returns:
        (H / factor, W / factor, 3), the pixels (factor i + factor // 2, factor j + factor // 2).

    Source: Liu et al. 2018, section 5.2, read backwards.
    """
    return np.ascontiguousarray(image[factor // 2 :: factor, factor // 2 :: factor])


def enlarge(small: Image8, factor: int, method: int) -> Image8:
    """Enlarge a small image by interpolation; its pixels keep their grid places.

    Args:
        small: (h, w, 3).
        factor: How many times as large the result is.
        method: OpenCV's, such as `cv2.INTER_CUBIC`.

    Returns:
        (h factor, w factor, 3); beyond the outermost pixels the border is repeated.
    """
    height, width = small.shape[:2]
    # Unlike `cv2.resize`, which has the pixels in the middle of their cells: half a pixel off for even factors.
    rows, columns = ((np.arange(side * factor) - factor // 2) / factor for side in (height, width))
    across, down = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    return np.asarray(cv2.remap(small, across, down, method, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def reproduce_superres(recipe: Recipe, factors: Sequence[int], progress: Progress) -> Path:
    """Train one network on grids of known pixels, and compare it with interpolation.

    Args:
        recipe: The experiment; test masks are the grids.
        factors: How many times images are enlarged, from 2 to 10.
        progress: Told of every stage.

    Returns:
        The page.

    Raises:
        ArgumentError: A factor is out of range.
        BokwonError: Images or settings cannot be used, or the folder holds something else.

    Source: Liu et al. 2018, section 5.2.
    """
    if not factors or not all(2 <= factor <= LARGEST_FACTOR for factor in factors):
        raise ArgumentError(f"the factors are {list(factors)}", f"give numbers from 2 to {LARGEST_FACTOR}")
    open_folder(recipe, f"superres {sorted(factors)}")
    side = configure(recipe, ()).data.crop
    inputs = prepare_images(recipe, side, progress)
    # Where the side is no multiple of a factor, the hole is a little smaller or larger than 1 - 1 / factor^2. These
    # limits leave room for that, and none for the next factor.
    least, most = 1 - (min(factors) - 0.9) ** -2, min(0.99, 1.005 - max(factors) ** -2)
    grids = (f"data.min_ratio={least:.4f}", f"data.max_ratio={most:.4f}")
    config = configure(recipe, inputs.train, ("data.mask_kind=grid", "data.tone=0.0", *grids))
    networks = train_variants(recipe.out, config, [Variant("partial")], progress)
    network = load_network(recipe.out / "runs" / "partial")[0].eval()
    page = Page(
        "Super-resolution by partial convolution",
        "Each pixel (x, y) of a small image is put into a large one at (factor x + factor // 2, factor y + "
        "factor // 2), and the network fills what lies between. One network was trained on grids of all these "
        "factors, at all offsets.",
        [
            budget_note(config),
            *inputs.notes,
            "The small image has single pixels of the large one; it is not averaged. So it has aliasing, for every "
            "method alike. Networks for super-resolution are mostly measured on averaged images.",
            "The paper shows pictures beside networks that were made for super-resolution. Here the network is "
            "compared with interpolation.",
        ],
    )
    methods: dict[str, Callable[[Image8, int], Image8]] = {
        "partial": lambda small, factor: _fill(network, small, factor),
        "bicubic": lambda small, factor: enlarge(small, factor, cv2.INTER_CUBIC),
        "nearest": lambda small, factor: enlarge(small, factor, cv2.INTER_NEAREST),
    }
    paths = list_images(inputs.test)
    for factor in sorted(factors):
        report = progress(f"measuring factor {factor}")
        figures: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
        page.head(f"Factor {factor}: {100 * (1 - 1 / factor**2):.1f} % hole")
        strips = []
        for number, path in enumerate(paths, 1):
            truth = _multiple_of(read_image(path), factor)
            small = sample(truth, factor)
            filled = {name: method(small, factor) for name, method in methods.items()}
            for name, image in filled.items():
                figures[name].append({"l1": l1(image, truth), "psnr": psnr(image, truth), "ssim": ssim(image, truth)})
            if number <= _SHOWN:
                strips.append(_strip(path.name, small, filled, truth, factor, figures))
            report(number, len(paths))
        page.table(_table(figures))
        page.pictures(strips)
    page.head("Training")
    page.table(training_table(networks))
    return write_page(page, recipe.out)


def _fill(network: PConvUNet, small: Image8, factor: int) -> Image8:
    shape = (small.shape[0] * factor, small.shape[1] * factor)
    hole = grid_hole(shape, factor)
    image = np.zeros((*shape, 3), np.float32)
    image[~hole] = small.reshape(-1, 3) / np.float32(255)
    with torch.inference_mode():
        output = network(
            torch.from_numpy(image.transpose(2, 0, 1).copy())[None], torch.from_numpy(~hole).float()[None, None]
        )
    filled = np.array((output[0].clamp(0, 1) * 255).round().byte().numpy().transpose(1, 2, 0))
    filled[~hole] = small.reshape(-1, 3)
    return filled


def _multiple_of(image: Image8, factor: int) -> Image8:
    height, width = (side - side % factor for side in image.shape[:2])
    if min(height, width) < SMALLEST:
        raise ArgumentError(
            f"an image has {image.shape[:2]} pixels", f"use images of {SMALLEST + factor} pixels or more"
        )
    return np.ascontiguousarray(image[:height, :width])


def _table(figures: dict[str, list[dict[str, float]]]) -> Table:
    keys = ("l1", "psnr", "ssim")
    rows = []
    columns = [
        marked(key, [float(np.mean([each[key] for each in found])) for found in figures.values()]) for key in keys
    ]
    for (name, found), *means in zip(figures.items(), *columns, strict=True):
        gains = [own["psnr"] - other["psnr"] for own, other in zip(found, figures["bicubic"], strict=True)]
        gain = interval(gains, [str(number) for number in range(len(gains))])
        text = "" if name == "bicubic" else f"{gain.mean:+.2f} {interval_text(gain.low, gain.high, 2)}"
        rows.append((name, *means, text))
    count = len(figures["bicubic"])
    heads = (f"Means of {count} images", *(METRICS[key].title for key in keys), "dB better than bicubic [95 %]")
    return Table(heads, tuple(rows))


def _strip(
    name: str,
    small: Image8,
    filled: dict[str, Image8],
    truth: Image8,
    factor: int,
    figures: dict[str, list[dict[str, float]]],
) -> str:
    shown = [figure("small", f"{small.shape[1]} x {small.shape[0]}", [jpeg_source(_larger(small, factor))])]
    for method, image in filled.items():
        shown.append(figure(method, f"{figures[method][-1]['psnr']:.2f} dB", [jpeg_source(_larger(image, 1))]))
    shown.append(figure("truth", "&nbsp;", [jpeg_source(_larger(truth, 1))]))
    return strip(name, f"{truth.shape[1]} x {truth.shape[0]} pixels", shown)


def _larger(image: Image8, factor: int) -> Image8:
    scale = factor * max(1, min(_ENLARGED, 512 // (max(image.shape[:2]) * factor)))
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST), np.uint8)
