from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from bokwon.evaluation.report.page import figure, html_page, html_table, jpeg_source, png_source, strip
from bokwon.evaluation.report.tables import Table


def decoded(source: str) -> Image.Image:
    kind, data = source.split(";base64,")
    assert kind.startswith("data:image/")
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_table_has_its_caption_and_its_best_figures_in_bold() -> None:
    found = html_table(Table(("L1 & more", "a<b"), (("one", "**1.0**"), ("two", "2.0"))), 7)
    assert "<caption><b>Table 7.</b> L1 &amp; more</caption>" in found
    assert "<th></th><th>a&lt;b</th>" in found
    assert "<td>one</td><td><b>1.0</b></td>" in found


def test_pictures_are_in_the_page() -> None:
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[..., 0] = 200
    picture = decoded(jpeg_source(pixels))
    assert (picture.format, picture.size) == ("JPEG", (24, 16))
    red, green, blue = picture.convert("RGB").getpixel((8, 8))
    assert (abs(red - 200) < 4, green < 4, blue < 4) == (True, True, True)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    assert decoded(png_source(stream.getvalue())).format == "PNG"


def test_figures_stand_side_by_side_in_a_page() -> None:
    columns = [figure("one & two", "3 dB", ["data:a", "data:b"]), figure("three", "", ["data:c"])]
    page = html_page("a <title>", [strip("Heading", "about", columns)])
    assert "<title>a &lt;title&gt;</title>" in page
    assert page.count("<figure>") == page.count("</figure>") == 2
    assert '<img alt="one &amp; two" src="data:b"><figcaption><b>one &amp; two</b>3 dB' in page
    assert page.index("<h3>Heading</h3>") < page.index('<div class="strip">')
