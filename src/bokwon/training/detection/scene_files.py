"""Scenes on disk, made once by several processes, and the crops that a run cuts from them."""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from bokwon.errors import ArgumentError, accessing
from bokwon.synthesis.scenes.scene import draw_scene
from bokwon.synthesis.scenes.sources import Sources
from bokwon.training.detection.config import ScenesConfig
from bokwon.utilities.atomic import replacing, write_file

__all__ = ["SceneCrops", "augment", "make_scenes"]

# Scenes in one file.
_SHARD = 200

Pixels = NDArray[np.uint8]


def make_scenes(config: ScenesConfig, folder: Path, jobs: int = 1) -> list[Path]:
    """Make the missing scenes of a configuration.

    A file depends only on its number, not on the number of processes.

    Args:
        config: The configuration.
        folder: Output folder for files `NNNN.npz` with `images` and `labels`.
        jobs: Processes.

    Returns:
        The files.

    Raises:
        ArgumentError: The folder holds scenes of other settings.
        FileAccessError: A folder is missing or cannot be written.
    """
    told = json.dumps({**asdict(config), "folder": "", "count": 0}, sort_keys=True)
    note = folder / "scenes.json"
    with accessing(f"{folder} cannot be used: {{error}}", "name a writable folder"):
        folder.mkdir(parents=True, exist_ok=True)
        if not note.is_file():
            write_file(note, told + "\n")
        elif note.read_text(encoding="utf-8").strip() != told:
            raise ArgumentError(f"{folder} holds scenes of other settings", "name another scenes.folder")
    files = [folder / f"{number:04d}.npz" for number in range(-(-config.count // _SHARD))]
    missing = [number for number, file in enumerate(files) if not file.is_file()]
    counts = [min(_SHARD, config.count - number * _SHARD) for number in missing]
    if jobs == 1 or len(missing) < 2:
        for number, count in zip(missing, counts, strict=True):
            _make(config, files[number], number, count)
        return files
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        done = [pool.submit(_make, config, files[n], n, count) for n, count in zip(missing, counts, strict=True)]
        for future in done:
            future.result()
    return files


def _make(config: ScenesConfig, file: Path, number: int, count: int) -> None:
    cv2.setNumThreads(1)
    sources = Sources(
        pages=config.pages,
        crops=config.crops,
        photos=config.photos,
        films=config.films,
        papers=config.papers,
        exclude_fonts=config.exclude_fonts,
        exclude=config.exclude,
    )
    scenes = [draw_scene(np.random.default_rng((number, index)), sources, config.size) for index in range(count)]
    with replacing(file, sync=False) as stream:
        np.savez(
            stream, images=np.stack([one.image for one in scenes]), labels=np.stack([one.labels for one in scenes])
        )


class SceneCrops(Dataset[tuple[Tensor, Tensor]]):
    """Randomly augmented crops of scenes. Item n depends only on the seed and on n.

    Args:
        files: What `make_scenes` returns.
        length: Number of items.
        crop: Side of a crop, pixels.
        seed: Of the choices.
    """

    def __init__(self, files: list[Path], length: int, crop: int, seed: int) -> None:
        self._length, self._crop, self._seed = length, crop, seed
        self._images: list[Pixels] = []
        self._labels: list[Pixels] = []
        for file in files:
            with np.load(file) as arrays:
                self._images.append(arrays["images"])
                self._labels.append(arrays["labels"])
        self._starts = np.cumsum([0, *(len(images) for images in self._images)])

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """Return image, float32 (3, S, S) in [0, 1], and labels, int64 (S, S)."""
        rng = np.random.default_rng((self._seed, number))
        scene = int(rng.integers(self._starts[-1]))
        file = int(np.searchsorted(self._starts, scene, side="right")) - 1
        place = scene - int(self._starts[file])
        image, labels = augment(rng, self._images[file][place], self._labels[file][place], self._crop)
        pixels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        return pixels.float() / 255, torch.from_numpy(labels.astype(np.int64))


def augment(rng: np.random.Generator, image: Pixels, labels: Pixels, crop: int) -> tuple[Pixels, Pixels]:
    """Cut a crop out of a scene and augment it: mirror, scale, tone, blur, noise, JPEG, sometimes gray or negative.

    Args:
        rng: Source of randomness.
        image: uint8 (S, S, 3).
        labels: uint8 (S, S).
        crop: Side of the crop, pixels, at most S.

    Returns:
        uint8 (crop, crop, 3) and uint8 (crop, crop).
    """
    if rng.random() < 0.5:
        image, labels = image[:, ::-1], labels[:, ::-1]
    if rng.random() < 0.25:
        image, labels = image[::-1], labels[::-1]
    if rng.random() < 0.25:
        image, labels = image.transpose(1, 0, 2), labels.T
    scale = float(rng.uniform(0.8, 1.25)) if rng.random() < 0.6 else 1.0
    need = min(round(crop / scale), image.shape[0])
    y, x = (int(start) for start in rng.integers(0, image.shape[0] - need + 1, 2))
    image = np.ascontiguousarray(image[y : y + need, x : x + need])
    labels = np.ascontiguousarray(labels[y : y + need, x : x + need])
    if need != crop:
        how = cv2.INTER_AREA if need > crop else cv2.INTER_LINEAR
        image = np.asarray(cv2.resize(image, (crop, crop), interpolation=how), np.uint8)
        labels = np.asarray(cv2.resize(labels, (crop, crop), interpolation=cv2.INTER_NEAREST), np.uint8)
    return _photograph(rng, image), labels


def _photograph(rng: np.random.Generator, image: Pixels) -> Pixels:
    """Alter tone, sharpness and noise, as scanners, cameras and JPEG do."""
    picture = image
    if rng.random() < 0.15:
        picture = np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    if rng.random() < 0.7:
        low, high = rng.uniform(-0.06, 0.08), rng.uniform(0.88, 1.12)
        curve = low + (high - low) * (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.25))
        table = np.clip(255 * curve[:, None] * np.exp(rng.normal(0, 0.04, 3)), 0, 255).astype(np.uint8)
        picture = np.asarray(cv2.LUT(picture, table[None]), np.uint8)
    sharpness = rng.random()
    if sharpness < 0.25:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.3)), np.uint8)
    elif sharpness < 0.4:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        picture = np.clip(picture.astype(np.int16) * 2 - soft, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(1, 7), (*picture.shape[:2], 1))
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return 255 - picture if rng.random() < 0.015 else picture
