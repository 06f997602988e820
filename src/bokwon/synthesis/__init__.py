"""Generates masks, damage and pages. Needs no PyTorch."""

from bokwon.synthesis.damage import apply_damage
from bokwon.synthesis.masks import make_mask, make_set
from bokwon.synthesis.pages import make_pages, render_crop, render_page

__all__ = ["apply_damage", "make_mask", "make_pages", "make_set", "render_crop", "render_page"]
