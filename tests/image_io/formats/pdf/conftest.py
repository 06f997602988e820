"""PDFs small enough to be made on the spot."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

AddImage = Callable[..., Any]


@pytest.fixture
def encode_fax() -> Callable[[np.ndarray, str], bytes]:
    """Encodes bits (H, W), False for black, by one of Pillow's compressions of TIFF files."""

    def encode(bits: np.ndarray, compression: str) -> bytes:
        stream = io.BytesIO()
        # Ones are what Pillow has encoded as black.
        Image.fromarray(~bits).save(stream, "TIFF", compression=compression)
        with Image.open(stream) as image:
            assert image.tag_v2[262] == 1
            start, size = image.tag_v2[273][0], image.tag_v2[279][0]
        return stream.getvalue()[start : start + size]

    return encode


@pytest.fixture
def pdf() -> pikepdf.Pdf:
    """An empty PDF."""
    return pikepdf.new()


@pytest.fixture
def add_image(pdf: pikepdf.Pdf) -> AddImage:
    """Adds an image object to the PDF: of samples (H, W) or (H, W, 3), bool for 1 bit, or of encoded data."""

    def add(samples: np.ndarray, **entries: Any) -> Any:
        packed = np.packbits(samples, axis=1) if samples.dtype == bool else samples
        plain = packed.astype(">u2") if samples.dtype == np.uint16 else packed
        stream = pdf.make_stream(b"")
        stream.write(entries.pop("data", plain.tobytes()), filter=entries.pop("Filter", None))
        stream.Type, stream.Subtype = Name.XObject, Name.Image
        stream.Height, stream.Width = samples.shape[:2]
        stream.ColorSpace = Name.DeviceGray if samples.ndim == 2 else Name.DeviceRGB
        stream.BitsPerComponent = 1 if samples.dtype == bool else 8 * samples.dtype.itemsize
        for key, value in entries.items():
            stream[f"/{key}"] = value
        if "/ImageMask" in stream:
            del stream["/ColorSpace"]
        return pdf.make_indirect(stream)

    return add


@pytest.fixture
def add_page(pdf: pikepdf.Pdf) -> Callable[..., Any]:
    """Adds a page of 200 by 200 points to the PDF that draws images, named Im0, Im1 and so on."""

    def add(content: str, *images: Any) -> Any:
        page = pdf.add_blank_page(page_size=(200, 200))
        page.Contents = pdf.make_stream(content.encode())
        page.Resources = Dictionary(XObject=Dictionary({f"/Im{n}": image for n, image in enumerate(images)}))
        return page

    return add
