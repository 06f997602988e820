"""Crops of images with masks, and the batches of each process at each step."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from bokwon.errors import ArgumentError
from bokwon.training.data.config import DataConfig
from bokwon.training.data.hub import HubSource
from bokwon.training.data.images import open_source
from bokwon.training.data.masks import open_holes
from bokwon.training.malloc import release_memory
from bokwon.training.signals import blocked, ignore_all
from bokwon.utilities.processes import leave_with_parent

__all__ = ["Batches", "Crops", "Picks", "make_loader", "open_batches", "run_loader", "start_worker"]

Pixels: TypeAlias = npt.NDArray[np.uint8]

_BLOCK = 1 << 16
"""Items whose sources are drawn at a time; even."""
_STREAM = 1 << 40
"""Separates the seeds of sources from those of items, which are (seed, number)."""


class Picks:
    """The source of each item, drawn at random by the shares of the sources.

    A run may have hundreds of millions of items, so the sources are computed on demand. Only one block of them is
    stored, and a sum for each block.

    Args:
        shares: Probability of each source; they add up to 1.
        seed: Of the draws.
    """

    def __init__(self, shares: npt.NDArray[np.float64], seed: int) -> None:
        self._edges, self._seed = np.cumsum(shares)[:-1], seed
        # How many items each source has given before each block.
        self._before = [np.zeros(len(shares), np.int64)]
        self._last: tuple[int, npt.NDArray[np.intp]] = (-1, np.zeros(0, np.intp))

    def at(self, index: int) -> tuple[int, int]:
        """Return the source of an item, and how many items before it are from the same source.

        Args:
            index: Number of the item, from 0.
        """
        if not len(self._edges):
            return 0, index
        block, place = divmod(index, _BLOCK)
        while len(self._before) <= block:
            drawn = self._draw(len(self._before) - 1)
            self._before.append(self._before[-1] + np.bincount(drawn, minlength=len(self._edges) + 1))
        if self._last[0] != block:
            self._last = block, self._draw(block)
        drawn = self._last[1]
        pick = int(drawn[place])
        return pick, int(self._before[block][pick]) + int(np.count_nonzero(drawn[:place] == pick))

    def _draw(self, block: int) -> npt.NDArray[np.intp]:
        generator = np.random.PCG64((self._seed, _STREAM))
        # Each of its numbers of 64 bits makes two numbers of type float32.
        generator.advance(block * _BLOCK // 2)
        draws = np.random.Generator(generator).random(_BLOCK, dtype=np.float32)
        return np.searchsorted(self._edges, draws, side="right")


class Crops(Dataset[tuple[Tensor, Tensor]]):
    """Random crops of images, each with a mask.

    Item i does not depend on the number of workers and processes: its random numbers depend only on (seed, i).

    Args:
        config: Sources, sizes and augmentation.
        count: How many items there are.
        seed: Of all random choices.

    Raises:
        BokwonError: If a source cannot be opened.
    """

    def __init__(self, config: DataConfig, count: int, seed: int) -> None:
        self.config, self.count, self.seed = config, count, seed
        self.picks = Picks(_shares(config.image_weights, len(config.images)), seed)
        self.sources = [open_source(name, config, seed) for name in config.images]
        masks = config.masks or ("generated",)
        self.mask_shares = _shares(config.mask_weights, len(masks))
        self.holes = [open_holes(name, config) for name in masks]

    @property
    def has_streams(self) -> bool:
        """Whether an image comes from a Hugging Face data set."""
        return any(isinstance(source, HubSource) for source in self.sources)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Give one crop: image (3, S, S) in [0, 1] and valid (1, S, S)."""
        rng = np.random.default_rng((self.seed, index))
        pick, number = self.picks.at(index)
        image = self.sources[pick].draw(rng, number)
        crop = _retone(_crop(image, self.config, rng), rng, self.config.tone)
        if self.config.flip and rng.random() < 0.5:
            crop = crop[:, ::-1]
        hole = self.holes[int(rng.choice(len(self.holes), p=self.mask_shares))].draw(rng)
        pixels = torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1)))
        return pixels.float() / 255, 1 - torch.from_numpy(hole)[None].float()


class Batches(Sampler[list[int]]):
    """The items of each batch of one process.

    Step t uses the items from t E up to (t + 1) E, where E = batch x accumulate x processes. In each of the
    `accumulate` rounds, the processes take `batch` items each, in order of their rank. So at each step, one process
    with a large batch uses the same images as several with small ones.

    Args:
        steps: Optimiser steps in all.
        batch: Images a process works on at a time.
        accumulate: Rounds a step.
        rank: Number of this process.
        processes: How many there are.
        start: First step.
    """

    def __init__(
        self, steps: int, batch: int, accumulate: int = 1, rank: int = 0, processes: int = 1, start: int = 0
    ) -> None:
        self.rounds = range(start * accumulate, steps * accumulate)
        self.batch, self.rank, self.processes = batch, rank, processes

    def __len__(self) -> int:
        return len(self.rounds)

    def __iter__(self) -> Iterator[list[int]]:
        for number in self.rounds:
            first = (number * self.processes + self.rank) * self.batch
            yield list(range(first, first + self.batch))


def make_loader(dataset: Crops, batches: Batches, workers: int) -> DataLoader[tuple[Tensor, Tensor]]:
    """Prepare batches in worker processes, ahead of time.

    Args:
        dataset: The crops.
        batches: Which crops, in which order.
        workers: Worker processes; 0 prepares batches in this process. With workers, OpenCV uses one thread in this
            process too.

    Returns:
        Batches of images (N, 3, S, S) and valid (N, 1, S, S).
    """
    if workers:
        # OpenCV's threads end here: a forked process that has inherited them waits for them without end.
        cv2.setNumThreads(1)
        # So do those of engines that nobody uses any more: to collect one, a forked process would wait for them too.
        gc.collect()
    return DataLoader(
        dataset,
        batch_sampler=batches,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=4 if workers else None,
        # Streams have threads of their own, which a forked process would wait for without end.
        multiprocessing_context="spawn" if workers and dataset.has_streams else None,
        worker_init_fn=start_worker,
        pin_memory=torch.cuda.is_available(),
        # Of its own: the loader draws a number at its start, and a resumed run starts one more.
        generator=torch.Generator(),
    )


def open_batches(
    dataset: Crops, batches: Batches, workers: int
) -> contextlib.AbstractContextManager[Iterator[tuple[Tensor, Tensor]]]:
    """Iterate over a loader. Its workers end with the block, also after an error.

    Args:
        dataset: The crops.
        batches: Which crops, in which order.
        workers: As in `make_loader`.

    Returns:
        A context that yields the batches.
    """
    return run_loader(make_loader(dataset, batches, workers))


@contextlib.contextmanager
def run_loader(loader: DataLoader[tuple[Tensor, Tensor]]) -> Iterator[Iterator[tuple[Tensor, Tensor]]]:
    """Run through a loader whose workers begin with `start_worker`; see `open_batches`."""
    with blocked():
        iterator = iter(loader)
    try:
        yield iterator
    finally:
        # Workers ignore the signal by which PyTorch and Python would end them when the process leaves.
        processes = getattr(iterator, "_workers", [])
        if processes:
            iterator._shutdown_workers()  # type: ignore[attr-defined]
        for process in processes:
            process.kill()
            process.join()


def start_worker(number: int) -> None:
    """Make a worker process of a loader ready: one thread, deaf to what stops the run, gone with its parent."""
    del number
    # The processes share the cores already.
    cv2.setNumThreads(1)
    # Images are of any size, other than the tensors of a step.
    release_memory()
    # Ctrl-C and a batch system's SIGTERM reach all processes of a run. The training process still needs its batches to
    # end the step it is in, and it ends its workers itself.
    ignore_all()
    threading.Thread(target=leave_with_parent, daemon=True).start()


def _shares(weights: tuple[float, ...], count: int) -> npt.NDArray[np.float64]:
    # Equal weights if none are given.
    if count == 0:
        raise ArgumentError("there is nothing to train on", "name sources with --images or data.images")
    shares = np.asarray(weights or [1.0] * count)
    return np.asarray(shares / shares.sum(), np.float64)


def _crop(image: Pixels, config: DataConfig, rng: np.random.Generator) -> Pixels:
    size = config.crop
    scale = max(float(rng.uniform(*config.scale)), size / min(image.shape[:2]))
    side = min(round(size / scale), *image.shape[:2])
    top = int(rng.integers(image.shape[0] - side + 1))
    left = int(rng.integers(image.shape[1] - side + 1))
    window = image[top : top + side, left : left + side]
    if side == size:
        return window
    how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return cv2.resize(window, (size, size), interpolation=how).astype(np.uint8, copy=False)


def _retone(image: Pixels, rng: np.random.Generator, strength: float) -> Pixels:
    # One lookup table a channel: gamma, contrast and brightness, and a little of each channel's own.
    if strength <= 0:
        return image
    levels = np.linspace(0, 1, 256)[:, None]
    gamma = np.exp(rng.normal(0, 0.5 * strength) + rng.normal(0, 0.15 * strength, 3))
    low = rng.uniform(0, 0.5 * strength)
    high = 1 - rng.uniform(0, 0.5 * strength)
    curves = low + (high - low) * levels**gamma
    tables = np.clip(np.round(curves * 255), 0, 255).astype(np.uint8).T
    return np.stack([table[image[..., channel]] for channel, table in enumerate(tables)], -1)
