"""Irregular holes of an exact area; bins, data sets, sorting, statistics."""

from bokwon.synthesis.masks.bins import BINS, CELLS, Cell, cell_of, parse_bins, select_cells
from bokwon.synthesis.masks.dataset import PRESETS, MaskSet, make_set
from bokwon.synthesis.masks.generate import KINDS, border_width, make_mask, touches_border
from bokwon.synthesis.masks.grid import grid_hole
from bokwon.synthesis.masks.plots import plot_samples
from bokwon.synthesis.masks.polarity import Polarity, find_polarity, list_masks, read_mask
from bokwon.synthesis.masks.protocols import MaskGenerator
from bokwon.synthesis.masks.sorting import Sorting, sort_masks
from bokwon.synthesis.masks.squares import centred_square
from bokwon.synthesis.masks.statistics import MaskFigures, measure_folder, measure_mask

__all__ = [
    "BINS",
    "CELLS",
    "KINDS",
    "PRESETS",
    "Cell",
    "MaskFigures",
    "MaskGenerator",
    "MaskSet",
    "Polarity",
    "Sorting",
    "border_width",
    "cell_of",
    "centred_square",
    "find_polarity",
    "grid_hole",
    "list_masks",
    "make_mask",
    "make_set",
    "measure_folder",
    "measure_mask",
    "parse_bins",
    "plot_samples",
    "read_mask",
    "select_cells",
    "sort_masks",
    "touches_border",
]
