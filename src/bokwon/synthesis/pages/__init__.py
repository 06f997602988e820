"""Aged pages whose text is known."""

from bokwon.synthesis.pages.composite import Page
from bokwon.synthesis.pages.dataset import PageSet, make_pages
from bokwon.synthesis.pages.fonts import SCRIPTS, Font, find_fonts
from bokwon.synthesis.pages.render import render_crop, render_page
from bokwon.synthesis.pages.styles import STYLES, Style, find_style
from bokwon.synthesis.pages.text import TextSource, read_text

__all__ = [
    "SCRIPTS",
    "STYLES",
    "Font",
    "Page",
    "PageSet",
    "Style",
    "TextSource",
    "find_fonts",
    "find_style",
    "make_pages",
    "read_text",
    "render_crop",
    "render_page",
]
