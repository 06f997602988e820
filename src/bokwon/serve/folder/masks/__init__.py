"""The masks of pages: files, steps, tools, regions."""

from bokwon.serve.folder.masks.found_regions import FoundRegion
from bokwon.serve.folder.masks.sources import MaskSources
from bokwon.serve.folder.masks.store import Change, Mask, MaskStore

__all__ = ["Change", "FoundRegion", "Mask", "MaskSources", "MaskStore"]
