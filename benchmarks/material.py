"""The choice of the material: fits its constants, counts its errors, and measures what the choice is worth.

    python benchmarks/material.py fit DATA
    python benchmarks/material.py judge DATA
    python benchmarks/material.py rubbings DATA [--count 6]
    python benchmarks/material.py photos DATA [--count 12]

DATA is the folder of the data. `fit` measures pages/train, pages/more and photos/train, with crops, gray, sepia and
bordered copies, pages with a halftone, and holes; it prints `WEIGHTS` and `BIAS` of `bokwon.inpaint.material`, by
logistic regression in which pages and photographs weigh the same, and the medians of the measures. `judge` classifies
the sets that nothing was fitted on, and counts. `rubbings` fills tunnels on negatives of pages and on rubbings, as a
page and as a rubbing. `photos` fills tunnels on photos/val as a page and as `auto` does. The figures are those of
`bokwon evaluate`, medians.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from fills import tunnels
from numpy.typing import NDArray
from PIL import Image
from report import table

import bokwon
from bokwon.evaluation.measure.ink import INK_FIGURES, measure_ink
from bokwon.evaluation.measure.metrics import hole_psnr
from bokwon.inpaint.material import FEATURES, classify, features, small_copy

Picture = NDArray[np.uint8]
Hole = NDArray[np.bool_]

SIDE = 512
RIDGE = 0.01
"""Weight of the squared weights."""
NO_PAGES = ("cremma_mss-18_009",)
"""Pictures among the pages that show none."""
SETS = {
    "pages/val": ("page", ("pages/val/*",)),
    "pages/more_val": ("page", ("pages/more_val/*",)),
    "pages/eval_dibco": ("page", ("pages/eval_dibco/*",)),
    "photos/val": ("photo", ("photos/val/*",)),
    "photos/old": ("photo", ("photos/old/*",)),
    "damaged, pages": ("page", ("damaged/hdr*.jpg", "damaged/kotenseki*.jpg")),
    "damaged, family photographs": ("photo", ("damaged/family*.jpg",)),
    "damaged, details of painted leaves": ("photo", ("damaged/manuscript*.jpg",)),
    "damaged, rubbings": ("rubbing", ("damaged/rubbing*.jpg",)),
}
"""For each set: what its pictures show, and the patterns of their file names."""


def read(path: Path) -> Picture:
    """Return a picture in RGB."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def pictures(data: Path) -> Iterator[tuple[Picture, Hole | None, bool]]:
    """Yield what is fitted on: a picture, its hole, and whether it is a photograph."""
    rng = np.random.default_rng(0)
    photos = sorted((data / "photos/train").iterdir())[::4]
    for number, path in enumerate(sorted((data / "pages/train").glob("*.jpg"))[::3]):
        page = read(path)
        yield page, None, False
        part = cropped(page, rng, 300, 900)
        yield part, holes(part, rng) if number % 3 == 0 else None, False
    for number, path in enumerate(sorted((data / "pages/more").glob("*.jpg"))[::2]):
        if path.stem in NO_PAGES:
            continue
        page = read(path)
        yield page, None, False
        if number % 3 == 0:
            yield cropped(page, rng, 220, 500), None, False
        if number % 2 == 0:
            yield grayed(page), holes(page, rng), False
        if number % 4 == 2:
            yield with_halftone(page, read(photos[int(rng.integers(len(photos)))]), rng), None, False
    for number, path in enumerate(photos):
        photo = read(path)
        yield photo, None, True
        copies = (
            lambda photo: cropped(photo, rng, 150, 300),
            grayed,
            lambda photo: sepia(photo, rng),
            lambda photo: bordered(sepia(photo, rng), rng),
            lambda photo: faded(bordered(grayed(photo), rng), rng),
            lambda photo: bordered(photo, rng),
        )
        copy = copies[number % len(copies)](photo)
        yield copy, holes(copy, rng) if number % 4 == 0 else None, True


def cropped(picture: Picture, rng: np.random.Generator, least: int, most: int) -> Picture:
    """Return a part."""
    side = int(rng.integers(least, most))
    height, width = min(side, picture.shape[0]), min(int(side * rng.uniform(0.7, 1.4)), picture.shape[1])
    top = int(rng.integers(0, picture.shape[0] - height + 1))
    left = int(rng.integers(0, picture.shape[1] - width + 1))
    return picture[top : top + height, left : left + width]


def grayed(picture: Picture) -> Picture:
    """Return it in gray."""
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def sepia(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return it as a brown print."""
    share = grayed(picture).astype(np.float32) / 255
    dark, light = np.array([45, 30, 20]), rng.uniform((200, 185, 150), (250, 235, 215))
    return np.asarray(dark + (light - dark) * share, np.uint8)


def bordered(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return it with the light border of a print."""
    width = max(4, int(rng.uniform(0.02, 0.09) * min(picture.shape[:2])))
    light = float(rng.integers(190, 250))
    value = (light, light - float(rng.integers(0, 12)), light - float(rng.integers(0, 40)))
    return np.asarray(cv2.copyMakeBorder(picture, width, width, width, width, cv2.BORDER_CONSTANT, value=value))


def faded(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return it with less contrast."""
    return np.clip(picture * rng.uniform(0.5, 0.8) + rng.uniform(20, 60), 0, 255).astype(np.uint8)


def with_halftone(page: Picture, photo: Picture, rng: np.random.Generator) -> Picture:
    """Return a page with a printed photograph on it, at the scale where its dots are gone."""
    height = int(page.shape[0] * rng.uniform(0.3, 0.55))
    width = int(page.shape[1] * rng.uniform(0.5, 0.9))
    top, left = int(rng.integers(0, page.shape[0] - height)), int(rng.integers(0, page.shape[1] - width))
    printed = cv2.resize(grayed(photo), (width, height)) / 255 * np.median(page.reshape(-1, 3), axis=0)
    page = page.copy()
    page[top : top + height, left : left + width] = printed
    return page


def holes(picture: Picture, rng: np.random.Generator) -> Hole:
    """Return some ellipses."""
    height, width = picture.shape[:2]
    hole = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(1, 8))):
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        axes = int(rng.integers(3, width // 6 + 4)), int(rng.integers(3, height // 6 + 4))
        cv2.ellipse(hole, centre, axes, float(rng.integers(0, 180)), 0, 360, 1, -1)
    return hole > 0 if hole.mean() < 0.5 else np.zeros((height, width), bool)


def fit(data: Path) -> None:
    """Print the constants."""
    rows, told = [], []
    for picture, hole, is_photo in pictures(data):
        nothing = np.zeros(picture.shape[:2], bool)
        rows.append(features(*small_copy(picture, "RGB", nothing if hole is None else hole))[: len(FEATURES)])
        told.append(is_photo)
    measured, photo = np.array(rows), np.array(told, float)
    mean, deviation = measured.mean(axis=0), measured.std(axis=0)
    inputs = np.c_[(measured - mean) / deviation, np.ones(len(measured))]
    share = np.where(photo == 1, 0.5 / photo.mean(), 0.5 / (1 - photo.mean())) / len(photo)
    ridge = RIDGE * np.r_[np.ones(len(mean)), 0]
    weights = np.zeros(inputs.shape[1])
    for _ in range(60):
        guess = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (share * (guess - photo)) + ridge * weights
        curve = (inputs * (share * guess * (1 - guess))[:, None]).T @ inputs + np.diag(ridge + 1e-9)
        weights -= np.linalg.solve(curve, slope)
    score = inputs @ weights
    for name, *numbers in zip(FEATURES, mean, deviation, weights, strict=False):
        print(f'    "{name}": ({", ".join(f"{number:.3f}" for number in numbers)}),')
    for name, column in zip(FEATURES, measured.T, strict=True):
        of_pages, of_photographs = median(column[photo == 0]), median(column[photo == 1])
        print(f"{name}: median of pages {of_pages:.2f}, of photographs {of_photographs:.2f}")
    print(f"BIAS = {weights[-1]:.3f}")
    print(f"{len(score)} pictures; pages, highest:", np.sort(score[photo == 0])[-8:].round(2))
    print("photographs, lowest:", np.sort(score[photo == 1])[:8].round(2))


def judge(data: Path) -> None:
    """Print the pictures of `SETS` that are not taken for what they show, and count how each set is taken."""
    rows, seconds = [], []
    for name, (right, patterns) in SETS.items():
        found: Counter[str] = Counter()
        for path in sorted(path for pattern in patterns for path in data.glob(pattern)):
            if path.is_dir() or path.stem.endswith("_ink") or path.suffix == ".json":
                continue
            picture = read(path)
            begun = time.process_time()
            verdict = classify(picture, "RGB", np.zeros(picture.shape[:2], bool))
            seconds.append(time.process_time() - begun)
            told = verdict.material if verdict.sure else "not sure"
            found[told] += 1
            if told != right:
                print(f"{path.relative_to(data)}: {told}: {verdict.why}")
        rows.append((name, *(str(found[told]) for told in ("page", "photo", "rubbing", "not sure"))))
    for mask in sorted((data / "damaged/masked").glob("*_mask.png")):
        path = mask.with_name(f"{mask.stem.removesuffix('_mask')}.jpg")
        verdict = classify(read(path), "RGB", read(mask)[..., 0] > 127)
        print(f"{path.relative_to(data)}: {verdict.material}{'' if verdict.sure else ', not sure'}: {verdict.why}")
    print(table(("set", "page", "photograph", "rubbing", "not sure: filled as a page"), rows))
    low, high = np.percentile(seconds, (10, 90)) * 1000
    print(f"processor time for a picture: {low:.0f} to {high:.0f} ms (10th to 90th percentile)")


def middle(picture: Picture, side: int = SIDE) -> Picture:
    """Return the middle."""
    top, left = (max(0, (size - side) // 2) for size in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def damaged(truth: Picture, number: int) -> tuple[Picture, Hole]:
    """Return a picture with tunnels of 10 pixels."""
    hole = tunnels(number, 10)[: truth.shape[0], : truth.shape[1]]
    return np.where(hole[..., None], np.uint8(255), truth), hole


def rubbings(data: Path, count: int) -> None:
    """Print how well white writing on black is filled as a page and through its negative."""
    pages = sorted((data / "pages/train").glob("*.jpg"))
    chosen = pages[5 :: len(pages) // count][:count]
    groups = {
        "negatives of pages": [255 - grayed(middle(read(path))) for path in chosen],
        "rubbings": [middle(read(path)) for path in sorted((data / "damaged").glob("rubbing*.jpg"))],
    }
    for name, truths in groups.items():
        for material in ("page", "rubbing", "photo"):
            restorer = bokwon.Restorer(bokwon.RestoreSettings(material=material))
            rows = []
            for number, truth in enumerate(truths):
                picture, hole = damaged(truth, number)
                filled = restorer.restore(picture, hole).image
                figures = measure_ink(255 - filled, 255 - truth, hole)
                rows.append((hole_psnr(filled, truth, hole), *(float(value or 0) for value in figures.values())))
            told = [f"{median(column):.2f}" for column in zip(*rows, strict=True)]
            print(f"{name} ({len(rows)}) as {material}: PSNR, {', '.join(INK_FIGURES)}: {' '.join(told)}")


def photos(data: Path, count: int) -> None:
    """Print how well photographs are filled as pages, and as what they are taken for."""
    paths = sorted((data / "photos/val").iterdir())
    paths = paths[:: max(1, len(paths) // count)][:count]
    for settings in ({"material": "page"}, {}, {"material": "photo"}, {"material": "photo", "grain": "off"}):
        restorer = bokwon.Restorer(bokwon.RestoreSettings(**settings))
        found: Counter[str | None] = Counter()
        psnr = []
        for number, path in enumerate(paths):
            truth = middle(read(path))
            picture, hole = damaged(truth, number)
            restored = restorer.restore(picture, hole)
            found[restored.material] += 1
            psnr.append(hole_psnr(restored.image, truth, hole))
        print(f"{settings or 'auto'}: {dict(found)}, PSNR median {median(psnr):.2f}, mean {np.mean(psnr):.2f}")


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("fit", "judge", "rubbings", "photos"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=8)
    arguments = parser.parse_args()
    if arguments.what == "fit":
        fit(arguments.data)
    elif arguments.what == "judge":
        judge(arguments.data)
    elif arguments.what == "rubbings":
        rubbings(arguments.data, arguments.count)
    else:
        photos(arguments.data, arguments.count)


if __name__ == "__main__":
    main()
