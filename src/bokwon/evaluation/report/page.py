"""Pieces of a page in HTML that opens by itself: tables, pictures side by side, and the frame around them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.evaluation.report.tables import Table

__all__ = ["figure", "html_page", "html_table", "jpeg_source", "png_source", "strip"]

_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)

_STYLE = """
:root{color-scheme:light}
body{margin:0;background:#fff;color:#1b1b1b;font:15px/1.5 Georgia,'Times New Roman',serif}
main{max-width:1240px;margin:0 auto;padding:36px 28px 80px}
h1{font-size:27px;font-weight:normal;margin:0 0 4px}
h2{font-size:19px;font-weight:normal;border-bottom:1px solid #1b1b1b;padding-bottom:3px;margin:44px 0 12px}
h3{font-size:15px;margin:26px 0 6px}
p{max-width:820px;margin:8px 0}
.lead{font-size:16px}
.by{color:#555;font-size:13px;max-width:none}
caption{text-align:left;padding:0 0 6px;font:13px/1.4 Georgia,'Times New Roman',serif}
.note{color:#555;font-size:13px}
figcaption{font-size:13px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font:13px/1.35 'Helvetica Neue',Arial,sans-serif;margin:10px 0 22px}
th,td{padding:3px 10px;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th{font-weight:600;border-top:1.5px solid #1b1b1b;border-bottom:1px solid #1b1b1b;white-space:normal;max-width:190px;
vertical-align:bottom}
th:first-child,td:first-child{text-align:left}
tbody tr:last-child td{border-bottom:1.5px solid #1b1b1b}
tbody tr:nth-child(2n) td{background:#f6f6f4}
table.facts td{text-align:left;white-space:normal;overflow-wrap:anywhere}
table.facts td:first-child{white-space:nowrap;color:#555}
img{display:block;max-width:100%}
.plot{margin:14px 0 24px;max-width:980px}
.case{margin:14px 0 34px}
.strip{display:grid;gap:6px;grid-auto-flow:column;grid-auto-columns:minmax(130px,1fr)}
.strip figure{margin:0;font:12px/1.3 'Helvetica Neue',Arial,sans-serif}
.strip img{width:100%;margin-bottom:4px;box-shadow:0 0 0 1px #d8d8d4}
.strip b{display:block}
.strip .best{color:#a33a00}
@media print{h2{break-after:avoid}.case,.plot{break-inside:avoid}}
"""


def html_page(title: str, parts: Iterable[str]) -> str:
    """Return a whole page; it needs no other file and no network.

    Args:
        title: What the browser's tab shows.
        parts: What stands on it, HTML.
    """
    head = f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style></head>'
    return "\n".join(["<!doctype html>", head, "<body><main>", *parts, "</main></body></html>"]) + "\n"


def html_table(table: Table, number: int) -> str:
    """Return a table; its first heading is its caption.

    Args:
        table: The table.
        number: Its number in the caption.
    """
    heads = "".join(f"<th>{_bold(head)}</th>" for head in ("", *table.heads[1:]))
    rows = "".join(f"<tr>{''.join(f'<td>{_bold(text)}</td>' for text in row)}</tr>" for row in table.rows)
    caption = f"<caption><b>Table {number}.</b> {escape(table.heads[0])}</caption>"
    return f'<div class="scroll"><table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def figure(name: str, text: str, pictures: Sequence[str]) -> str:
    """Return pictures one below the other with a caption.

    Args:
        name: In bold, above the text.
        text: HTML.
        pictures: Sources of pictures, such as `jpeg_source` gives.
    """
    shown = "".join(f'<img alt="{escape(name)}" src="{source}">' for source in pictures)
    return f"<figure>{shown}<figcaption><b>{escape(name)}</b>{text}</figcaption></figure>"


def strip(title: str, about: str, figures: Iterable[str]) -> str:
    """Return figures side by side.

    Args:
        title: Above them.
        about: A smaller line below the title.
        figures: HTML, such as `figure` gives.
    """
    return (
        f'<div class="case"><h3>{escape(title)}</h3><p class="note">{escape(about)}</p>'
        f'<div class="strip">{"".join(figures)}</div></div>'
    )


def jpeg_source(image: NDArray[np.uint8]) -> str:
    """Return a picture (H, W, 3) as the source of an `img`, compressed as JPEG."""
    _, jpeg = cv2.imencode(".jpg", image[..., ::-1], _JPEG)
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode()}"


def png_source(png: bytes) -> str:
    """Return a PNG file as the source of an `img`."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _bold(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text))
