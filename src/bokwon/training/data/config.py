"""Images and masks of a training run: the `data` part of its configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bokwon.errors import ArgumentError

__all__ = ["DataConfig", "HubConfig", "PagesConfig"]


@dataclass(frozen=True)
class HubConfig:
    """How a Hugging Face data set ("hf:NAME") is read.

    Args:
        split: Name of the split.
        column: Column with the images; the first column of images where it is empty.
        streaming: Read while training, without storing the data set first.
        shuffle: Examples that are shuffled at a time when streaming; 0 keeps the order.
    """

    split: str = "train"
    column: str = ""
    streaming: bool = False
    shuffle: int = 1000


@dataclass(frozen=True)
class PagesConfig:
    """How pages ("pages") are rendered.

    Args:
        styles: Kinds of page, as in `bokwon pages make --style`; all by default.
        fonts: Folder of fonts; the system's by default.
        exclude_fonts: Fonts whose path or family contains one of these words are not used.
        text: Files of UTF-8 text; built-in lists by default.
        paper: Folder of photographs of paper; by default paper is drawn.
    """

    styles: tuple[str, ...] = ()
    fonts: str = ""
    exclude_fonts: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    paper: str = ""


@dataclass(frozen=True)
class DataConfig:
    """The sources of images and masks, and how crops are cut.

    Args:
        images: Sources: folders of images, searched through; "pages" (rendered while training); the data sets
            "places2", "imagenet" and "celeba-hq"; "hf:NAME" or "hf:NAME@CONFIG" (Hugging Face).
        image_weights: Relative frequency of each source; equal by default.
        root: Folder of the named data sets. Each lies in a subfolder of its name.
        split: Split of the named data sets.
        masks: Folders of mask files (white = hole), manifests (`manifest.jsonl` of `bokwon masks make`), and
            "generated". An empty list means "generated".
        mask_weights: Relative frequency of each of them; equal by default.
        mask_kind: The kind of generated masks.
        min_ratio: Smallest hole-to-image area ratio of a generated mask.
        max_ratio: Largest hole-to-image area ratio of a mask; up to 0.99.
        islands: Share of the masks from files in whose holes scattered pixels stay known, as in rubbed or flaked ink.
        crop: Side of the square crops, pixels.
        scale: Smallest and largest random magnification of a crop.
        flip: Mirror every second crop. Do not use it for pages, because writing must not be mirrored.
        tone: Strength of random changes of brightness, contrast and colour, 0 to 1.
        cache: MiB of decoded images that each worker keeps in memory.
        workers: Processes that prepare batches; 0 prepares them in the training process.
        hub: How Hugging Face data sets are read.
        pages: How pages are rendered.
    """

    images: tuple[str, ...] = ()
    image_weights: tuple[float, ...] = ()
    root: str = "data"
    split: Literal["train", "val"] = "train"
    masks: tuple[str, ...] = ()
    mask_weights: tuple[float, ...] = ()
    mask_kind: str = "mixed"
    min_ratio: float = 0.01
    max_ratio: float = 0.6
    islands: float = 0.0
    crop: int = 256
    scale: tuple[float, float] = (0.8, 1.25)
    flip: bool = False
    tone: float = 0.2
    cache: int = 2048
    workers: int = 1
    hub: HubConfig = field(default_factory=HubConfig)
    pages: PagesConfig = field(default_factory=PagesConfig)

    def __post_init__(self) -> None:
        if self.crop < 32:
            raise ArgumentError(f"data.crop is {self.crop}", "give at least 32 pixels")
        for name, sources in (("image", self.images), ("mask", self.masks)):
            weights = getattr(self, f"{name}_weights")
            if weights and len(weights) != len(sources):
                raise ArgumentError(
                    f"data.{name}_weights has {len(weights)} values for {len(sources)} data.{name}s",
                    f"give one weight for each of data.{name}s",
                )
            if weights and (min(weights) < 0 or sum(weights) <= 0):
                raise ArgumentError(f"data.{name}_weights is {weights}", "give weights >= 0, one of them positive")
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ArgumentError(f"data.scale is {self.scale}", "give two positive numbers, the smaller first")
        if not 0.01 < self.max_ratio <= 0.99:
            raise ArgumentError(f"data.max_ratio is {self.max_ratio}", "give a number above 0.01 and up to 0.99")
        if not 0 <= self.min_ratio < self.max_ratio:
            raise ArgumentError(
                f"data.min_ratio is {self.min_ratio}",
                f"give 0 or more, and less than data.max_ratio ({self.max_ratio})",
            )
        if not 0 <= self.islands <= 1:
            raise ArgumentError(f"data.islands is {self.islands}", "give a share from 0 to 1")
        if not 0 <= self.tone <= 1:
            raise ArgumentError(f"data.tone is {self.tone}", "give a number from 0 to 1")
        if self.workers < 0 or self.cache < 0 or self.hub.shuffle < 0:
            raise ArgumentError("data.workers, data.cache or data.hub.shuffle is negative", "give 0 or more")
