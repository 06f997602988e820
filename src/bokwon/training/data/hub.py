"""Images of Hugging Face data sets, stored or streamed."""

from __future__ import annotations

import importlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError, InputFileError, importing
from bokwon.training.data.config import HubConfig
from bokwon.training.data.rgb import to_rgb

__all__ = ["HubSource"]

_log = logging.getLogger(__name__)
_TRIES = 100

Pixels: TypeAlias = npt.NDArray[np.uint8]


class HubSource:
    """A Hugging Face data set.

    A stored data set is drawn from at random. Of a streamed one, image k is example k of the shuffled stream. When the
    stream ends, it is shuffled again and restarted. A resumed run continues where it stopped.

    Args:
        name: NAME or NAME@CONFIG: a data set of the hub, or a folder that `datasets` reads.
        config: Split, column, streaming.
        seed: Of the stream's order.

    Raises:
        MissingDependencyError: If `datasets` is not installed.
        FileAccessError: If the data set cannot be loaded.
        ArgumentError: If it has no such column of images.
    """

    def __init__(self, name: str, config: HubConfig, seed: int) -> None:
        self.name, self.config, self.seed = name, config, seed
        self._set, self._column = _load(name, config)
        self._epoch, self._at, self._begun = 0, 0, 0
        self._stream: Iterator[dict[str, Any]] | None = None
        self._last: dict[str, Any] = {}
        self._reported: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        # A worker process opens its own stream.
        return {**self.__dict__, "_stream": None}

    def draw(self, rng: np.random.Generator, number: int) -> Pixels:
        """Return a random image, or image `number` of the stream."""
        for _ in range(_TRIES):
            example = self._next(number) if self.config.streaming else self._set[int(rng.integers(len(self._set)))]
            image = self._decode(example[self._column])
            if image is not None:
                return image
            # An unreadable image is replaced by the next one, which is then seen twice.
            number += 1
        raise InputFileError(f"{_TRIES} images of {self.name} in a row cannot be read", "check the data set")

    def _next(self, number: int) -> dict[str, Any]:
        if self._stream is not None and number == self._at - 1:
            return self._last
        if self._stream is None or number < self._at:
            self._epoch, self._at, self._begun, self._stream = 0, 0, 0, self._open(0)
        while True:
            for example in self._stream:
                self._at += 1
                if self._at > number:
                    self._last = example
                    return example
            if self._at == self._begun:
                raise InputFileError(
                    f"{self.name} has no examples in split {self.config.split}", "choose another split"
                )
            self._epoch, self._begun = self._epoch + 1, self._at
            self._stream = self._open(self._epoch)

    def _open(self, epoch: int) -> Iterator[dict[str, Any]]:
        # Not iter(self._set): in a worker process that gives only a share of the examples.
        batches = self._set.iter(batch_size=1)
        examples = ({name: values[0] for name, values in batch.items()} for batch in batches)
        return _shuffle(examples, self.config.shuffle, np.random.default_rng((self.seed, epoch)))

    def _decode(self, value: dict[str, Any] | None) -> Pixels | None:
        value = value or {}
        place = value.get("path") or "an image"
        try:
            data = value.get("bytes")
            with Image.open(io.BytesIO(data) if data else Path(place)) as file:
                return to_rgb(file)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            if place not in self._reported:
                self._reported.add(place)
                _log.warning("%s of %s is left out: %s", place, self.name, error)
            return None


def _shuffle(examples: Iterator[dict[str, Any]], size: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    # `datasets` has the like, but reads ahead in a thread that it waits for, five seconds at each end of the stream.
    waiting: list[dict[str, Any]] = []
    for example in examples:
        if len(waiting) < size:
            waiting.append(example)
        elif not waiting:
            yield example
        else:
            index = int(rng.integers(size))
            yield waiting[index]
            waiting[index] = example
    for index in rng.permutation(len(waiting)):
        yield waiting[int(index)]


def _load(name: str, config: HubConfig) -> tuple[Any, str]:
    with importing(f"hf:{name} needs the package datasets", "install it with: pip install 'bokwon[datasets]'"):
        datasets: Any = importlib.import_module("datasets")
    path, _, variant = name.partition("@")
    try:
        if (Path(path) / "state.json").is_file() or (Path(path) / "dataset_dict.json").is_file():
            loaded = datasets.load_from_disk(path)
            if isinstance(loaded, datasets.DatasetDict):
                loaded = loaded[config.split]
            if config.streaming:
                loaded = loaded.to_iterable_dataset()
        else:
            loaded = datasets.load_dataset(path, variant or None, split=config.split, streaming=config.streaming)
    except Exception as error:  # what a loader meets (network, files, scripts) has no common base
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise FileAccessError(
            f"the data set {name} cannot be loaded: {reason}",
            "check its name, data.hub.split and the network; private ones need `hf auth login`",
        ) from error
    if config.streaming and loaded.features is None:
        loaded = loaded._resolve_features()
    columns = [key for key, feature in loaded.features.items() if isinstance(feature, datasets.Image)]
    column = config.column or (columns[0] if columns else "")
    if column not in columns:
        raise ArgumentError(
            f"{name} has no column of images {column!r}".replace(" ''", ""),
            f"set data.hub.column to one of {', '.join(columns)}" if columns else "choose a data set of images",
        )
    # Decoded here, where a bad file can be left out, and only those that are used.
    return loaded.select_columns([column]).cast_column(column, datasets.Image(decode=False)), column
