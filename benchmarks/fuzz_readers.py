"""Read thousands of damaged files of every format: nothing but documented errors may come of it.

    python benchmarks/fuzz_readers.py [--count 10000] [--jobs 1] [--out benchmarks/results/fuzz_readers.json]

Each file is a small good one with a few bytes changed, cut out, doubled or cut off; half of the PNG files get right
checksums again. It is opened as `bokwon restore` opens it, every page of it is read, one pixel of each is changed, and
it is written again. A process that dies, an exception that is no `BokwonError`, and a file that takes the processor
longer than ten seconds are failures. The result names the commit with which each format was tried.
"""

from __future__ import annotations

import argparse
import io
import json
import struct
import subprocess
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bokwon.errors import BokwonError
from bokwon.image_io.document import open_document
from bokwon.image_io.formats import FORMATS
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.output_formats import encode_page
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source
from bokwon.utilities.processes import run_in_processes

LIMIT = 1_000_000
SLOW = 10.0


@dataclass(frozen=True)
class Chunk:
    """Seeds of one format to try."""

    format: str
    first: int
    count: int


def originals(heif: Path | None = None) -> dict[str, tuple[bytes, ...]]:
    """Return small good files of every format; of HEIF, which no package here writes, the one that is given."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (24, 32, 3)).astype(np.uint8)
    images = {"RGB": Image.fromarray(rgb), "L": Image.fromarray(rgb[..., 0]), "1": Image.fromarray(rgb[..., 0] > 127)}

    def saved(kind: str, mode: str = "RGB", **settings: object) -> bytes:
        stream = io.BytesIO()
        images[mode].save(stream, kind, **settings)
        return stream.getvalue()

    pages = saved("TIFF", save_all=True, append_images=[images["L"], images["1"]])
    with_profile = io.BytesIO()
    encode_page(with_profile, rgb, "RGB", "BMP", Metadata(icc=bytes(range(256))))
    with_alpha = io.BytesIO()
    encode_page(with_alpha, np.dstack([rgb, rgb[..., 0]]), "RGBA", "BMP", Metadata())
    deep_png = cv2.imencode(".png", rgb.astype(np.uint16) * 257)[1].tobytes()
    found = {
        "PNG": (
            saved("PNG", dpi=(300, 300)),
            saved("PNG", "L", transparency=7),
            saved("PNG", "1", transparency=1),
            deep_png,
        ),
        "JPEG": (saved("JPEG", quality=90), saved("JPEG", "L", progressive=True)),
        "WEBP": (saved("WEBP", lossless=True), saved("WEBP")),
        "BMP": (saved("BMP"), saved("BMP", "1"), with_profile.getvalue(), with_alpha.getvalue()),
        "TIFF": (
            saved("TIFF", compression="tiff_lzw"),
            saved("TIFF", "1", compression="group4"),
            saved("TIFF", compression="jpeg"),
        ),
        "TIFF pages": (pages,),
    }
    import imagecodecs
    import pikepdf
    import tifffile

    deep = rng.integers(0, 65536, (24, 32, 4)).astype(np.uint16)

    def tiff(samples: np.ndarray, photometric: str, **settings: object) -> bytes:
        stream = io.BytesIO()
        tifffile.imwrite(stream, samples, photometric=photometric, metadata=None, **settings)
        return stream.getvalue()

    found["TIFF deep and tiled"] = (
        tiff(deep, "separated", compression="zlib"),
        tiff(deep[..., :2], "minisblack", planarconfig="contig", tile=(16, 16)),
        tiff(rgb, "rgb", compression="lzw", tile=(16, 16)),
        tiff(deep, "separated", byteorder=">", bigtiff=True),
    )
    found["TIFF of uncommon kinds"] = (
        tiff(np.moveaxis(deep[..., :3], -1, 0), "rgb", planarconfig="separate"),
        tiff(deep[..., :3], "rgb", compression="zstd"),
        tiff(deep[..., 0], "minisblack", compression="jpeg2000"),
        tiff(rgb, "rgb", compression="webp", tile=(16, 16)),
    )
    big = io.BytesIO()
    with tifffile.TiffWriter(big, bigtiff=True) as writer:
        for samples in (deep[..., :3], deep[..., :3] >> 1):
            writer.write(samples, photometric="rgb", compression="zlib", metadata=None)
    pyramid = io.BytesIO()
    with tifffile.TiffWriter(pyramid) as writer:
        writer.write(rgb, photometric="rgb", subifds=2, metadata=None)
        for step in (2, 4):
            writer.write(rgb[::step, ::step], photometric="rgb", subfiletype=1, metadata=None)
        writer.write(rgb, photometric="rgb", metadata=None)
    found["TIFF pages"] += (big.getvalue(), pyramid.getvalue())
    found["PNG"] += (_deep_png(deep),)

    found["JPEG of uncommon kinds"] = (
        bytes(imagecodecs.jpegls_encode(rgb)),
        bytes(imagecodecs.jpeg8_encode((deep[..., :3] >> 4).copy(), bitspersample=12)),
        bytes(imagecodecs.jpeg8_encode(deep[..., 0].copy(), lossless=True, bitspersample=16)),
        bytes(imagecodecs.ljpeg_encode(deep[..., 0] >> 2, bitspersample=14)),
    )
    found["BMP of uncommon kinds"] = (
        _bmp(deep[..., 0], 16, 3, struct.pack("<3I", 0xF800, 0x7E0, 0x1F)),
        _bmp(deep[..., :2], 32, 6, struct.pack("<4I", 0xFF, 0xFF00, 0xFF0000, 0xFF << 24)),
        _bmp(rgb[..., 0] & 1, 8, 0, bytes(range(256)) * 4),
        _bmp(np.frombuffer(b"\x20\x07\0\0" * 24 + b"\0\1", np.uint8), 8, 1, bytes(range(256)) * 4),
    )
    found["AVIF"] = (bytes(imagecodecs.avif_encode(rgb, level=90)),)
    found["JPEG2000"] = (
        imagecodecs.jpeg2k_encode(rgb, level=0, reversible=True, codecformat="jp2"),
        imagecodecs.jpeg2k_encode(rgb[..., 0], level=0, codecformat="j2k"),
        imagecodecs.jpeg2k_encode(deep[..., 0] >> 4, level=0, reversible=True, bitspersample=12, codecformat="jp2"),
        *_jpegs_2000_of_uncommon_kinds(rgb),
    )
    pdf = pikepdf.new()
    names = pikepdf.Name
    palette = pikepdf.Array([names.Indexed, names.DeviceRGB, 15, bytes(range(48))])
    stream = io.BytesIO()
    images["1"].save(stream, "TIFF", compression="group4")
    with Image.open(stream) as image:
        start, size = image.tag_v2[273][0], image.tag_v2[279][0]
    pictures = (
        (rgb.tobytes(), None, names.DeviceRGB, 8),
        (found["JPEG"][0], names.DCTDecode, names.DeviceRGB, 8),
        (rgb[:, :16, 0].tobytes(), None, palette, 4),
        (stream.getvalue()[start : start + size], names.CCITTFaxDecode, names.DeviceGray, 1),
        (found["JPEG2000"][0], names.JPXDecode, names.DeviceRGB, 8),
    )
    for data, kind, space, bits in pictures:
        image = pdf.make_stream(b"")
        image.write(data, filter=kind)
        if kind == names.CCITTFaxDecode:
            image.DecodeParms = pikepdf.Dictionary(K=-1, Columns=32, Rows=24)
        image.Type, image.Subtype = names.XObject, names.Image
        image.Width, image.Height, image.ColorSpace, image.BitsPerComponent = 32, 24, space, bits
        page = pdf.add_blank_page(page_size=(32, 24))
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=pdf.make_indirect(image)))
        page.Contents = pdf.make_stream(b"/Im0 Do")
    stream = io.BytesIO()
    pdf.save(stream)
    if heif is not None:
        found["HEIF"] = (heif.read_bytes(),)
    found["PDF"] = (stream.getvalue(), _pdf_of_strips_and_stencil(rgb), *_pdfs_of_uncommon_kinds(rgb))
    return found


def _pdf_of_strips_and_stencil(rgb: np.ndarray) -> bytes:
    import pikepdf
    from pikepdf import Array, Dictionary, Name

    pdf = pikepdf.new()

    def add(data: bytes, height: int, bits: int, **entries: object) -> pikepdf.Object:
        shape = {"Type": Name.XObject, "Subtype": Name.Image, "Width": 32, "Height": height, "BitsPerComponent": bits}
        return pdf.make_indirect(
            pikepdf.Stream(pdf, data, Dictionary({f"/{k}": v for k, v in (shape | entries).items()}))
        )

    strips = [
        add(rgb[part].tobytes(), len(rgb[part]), 8, ColorSpace=Name.DeviceRGB) for part in (slice(9), slice(9, 24))
    ]
    content = b"q 32 0 0 9 0 15 cm /Im0 Do Q q 32 0 0 15 0 0 cm /Im1 Do Q"
    form = pikepdf.Stream(pdf, content, Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 32, 24])))
    form.Matrix, form.Resources = (
        Array([2, 0, 0, 2, 1, 1]),
        Dictionary(XObject=Dictionary(Im0=strips[0], Im1=strips[1])),
    )
    stencil = add(np.packbits(rgb[..., 0] > 127, axis=1).tobytes(), 24, 1, ImageMask=True, Decode=Array([1, 0]))
    for image in (pdf.make_indirect(form), stencil):
        page = pdf.add_blank_page(page_size=(72, 72))
        page.Resources = Dictionary(XObject=Dictionary(Im0=image))
        page.Contents = pdf.make_stream(b"/Im0 Do")
    stream = io.BytesIO()
    pdf.save(stream)
    return stream.getvalue()


def _pdfs_of_uncommon_kinds(rgb: np.ndarray) -> tuple[bytes, ...]:
    """Return PDFs of turned pages, chains of filters and transparent colours, plain and encrypted."""
    import pikepdf
    from pikepdf import Array, Dictionary, Name

    pdf = pikepdf.new()
    lengths = b"".join(bytes([31]) + rgb[row, :, 0].tobytes() for row in range(24)) + b"\x80"
    packed = zlib.compress(lengths).hex().encode() + b">"
    filters = Array([Name.ASCIIHexDecode, Name.FlateDecode, Name.RunLengthDecode])
    for rotate, matrix in ((90, b"32 0 0 24 0 0"), (180, b"0 -32 24 0 0 32")):
        image = pdf.make_stream(packed)
        image.Type, image.Subtype, image.Filter = Name.XObject, Name.Image, filters
        image.Width, image.Height, image.ColorSpace, image.BitsPerComponent = 32, 24, Name.DeviceGray, 8
        image.Mask = Array([100, 150])
        page = pdf.add_blank_page(page_size=(32, 32))
        page.Rotate = rotate
        page.Resources = Dictionary(XObject=Dictionary(Im0=image))
        page.Contents = pdf.make_stream(b"q " + matrix + b" cm /Im0 Do Q")
    # Both pages draw the first picture.
    pdf.pages[1].Resources = pdf.pages[0].Resources
    files = []
    for encryption in (None, pikepdf.Encryption(owner="owner", user="", R=4)):
        stream = io.BytesIO()
        pdf.save(stream, encryption=encryption)
        files.append(stream.getvalue())
    return tuple(files)


def _bmp(samples: np.ndarray, depth: int, compression: int, behind: bytes) -> bytes:
    """Return a BMP of 32x24 pixels with the usual header, and masks or a palette behind it."""
    data = samples.tobytes()
    header = struct.pack("<IiiHHIIiiII", 40, 32, 24, 1, depth, compression, len(data), 2835, 2835, 0, 0)
    at = 14 + len(header) + len(behind)
    return b"BM" + struct.pack("<IHHI", at + len(data), 0, 0, at) + header + behind + data


def _jpegs_2000_of_uncommon_kinds(rgb: np.ndarray) -> tuple[bytes, ...]:
    """Return JPEG 2000 files with a palette, and with chroma that is smaller than luma."""
    from bokwon.image_io.formats.jpeg2000 import SIGNATURE

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", len(content) + 8, kind) + content

    def coded(samples: np.ndarray) -> bytearray:
        return bytearray(imagecodecs.jpeg2k_encode(samples, level=0, reversible=True, codecformat="j2k", mct=False))

    def file(codestream: bytes, channels: int, space: int, *boxes: bytes) -> bytes:
        shape = box(b"ihdr", struct.pack(">IIHBBBB", 24, 32, channels, 7, 7, 0, 0))
        header = box(b"jp2h", shape + box(b"colr", struct.pack(">BBBI", 1, 0, 0, space)) + b"".join(boxes))
        return SIGNATURE + b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 " + header + box(b"jp2c", codestream)

    import imagecodecs

    palette = box(b"pclr", struct.pack(">HB", 256, 3) + bytes((7, 7, 7)) + bytes(range(256)) * 3)
    columns = box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, column) for column in range(3)))
    smaller = coded(np.stack([rgb[..., 0], np.full_like(rgb[..., 0], 128), np.full_like(rgb[..., 0], 128)], axis=-1))
    for component in (1, 2):
        # Neutral chroma has no samples that are coded: it may be said to be of any size.
        smaller[43 + 3 * component : 45 + 3 * component] = b"\2\2"
    return file(bytes(coded(rgb[..., 0])), 1, 16, palette, columns), file(bytes(smaller), 3, 18)


def _deep_png(deep: np.ndarray) -> bytes:
    stream = io.BytesIO()
    encode_page(stream, np.ascontiguousarray(deep[..., :2]), "LA", "PNG", Metadata())
    return stream.getvalue()


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """Change a few bytes of a file, cut some out, double some, or cut it off."""
    spoilt = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        # The beginning is where sizes and offsets are.
        place = int(rng.integers(min(len(spoilt), 200)) if rng.random() < 0.5 else rng.integers(len(spoilt)))
        length = int(rng.integers(1, 9))
        kind = rng.integers(5)
        if kind == 0:
            spoilt[place] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            spoilt[place : place + length] = rng.integers(0, 256, length).astype(np.uint8).tobytes()
        elif kind == 2:
            spoilt[place : place + length] = rng.choice([b"\xff", b"\0"]) * length
        elif kind == 3:
            spoilt[place:place] = spoilt[place : place + length]
        else:
            del spoilt[place : place + (length if rng.random() < 0.7 else len(spoilt))]
        if not spoilt:
            break
    return bytes(spoilt)


def sign_again(data: bytes) -> bytes:
    """Make the checksums of a PNG file right, so that damage gets past them."""
    mended, place = bytearray(data), 8
    while place + 12 <= len(mended):
        (length,) = struct.unpack(">I", mended[place : place + 4])
        end = place + 8 + length
        if end + 4 > len(mended):
            break
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(mended[place + 4 : end]))
        place = end + 4
    return bytes(mended)


def attempt(data: bytes) -> str:
    """Read and rewrite a file; return the name of what came of it, `fault: ...` for what must not come."""
    begun = time.process_time()
    try:
        with open_document(Source("fuzz", data=data), max_pixels=LIMIT) as document:

            def transform(number: int, read: Callable[[], Page] | None) -> Page | None:
                if read is None:
                    return None
                page = read()
                pixels = page.pixels.copy()
                pixels[-1, -1] = ~pixels[-1, -1]
                return replace(page, pixels=pixels)

            first = document.page(1) if document.format is None else None
            kind = first.format if first else document.format
            # What the format does not hold is written as the one that messages name.
            elsewhere = FORMATS[kind].is_read_only or (kind == "JPEG" and first.pixels.dtype == np.uint16)
            document.rewrite(io.BytesIO(), "PNG" if elsewhere else kind, transform)
        outcome = "read"
    except BokwonError as error:
        outcome = type(error).__name__
    except Exception:
        return "fault: " + traceback.format_exc(limit=-3)
    return outcome if time.process_time() - begun < SLOW else "fault: slow"


def check_originals(files: dict[str, tuple[bytes, ...]]) -> None:
    """Exit if a good file is not read: then files made from it would test nothing."""
    for name, good in files.items():
        for number, data in enumerate(good, start=1):
            if (outcome := attempt(data)) != "read":
                sys.exit(f"the good file {number} of {name} is not read: {outcome}")


def commit() -> str:
    """Return the commit of the code, with `-dirty` after it if the code has changes that are not committed."""

    def git(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=Path(__file__).parent, check=check, capture_output=True, text=True)

    is_clean = git("diff", "--quiet", "HEAD", "--", "../src", Path(__file__).name, check=False).returncode == 0
    return git("rev-parse", "--short", "HEAD").stdout.strip() + ("" if is_clean else "-dirty")


def start(heif: Path | None = None) -> Callable[[Chunk], dict[str, int]]:
    """Make what tries one chunk, in a process of its own."""
    files = originals(heif)

    def work(chunk: Chunk) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for seed in range(chunk.first, chunk.first + chunk.count):
            rng = np.random.default_rng([seed, len(chunk.format)])
            good = files[chunk.format][seed % len(files[chunk.format])]
            spoilt = damage(good, rng)
            counts[attempt(sign_again(spoilt) if good[1:4] == b"PNG" and seed % 2 else spoilt)] += 1
        return dict(counts)

    return work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--formats", help="comma between; all by default")
    parser.add_argument("--heif", type=Path, help="a small good HEIF file, to try that format too")
    parser.add_argument("--out", type=Path, help="formats that are there already and are not tried now are kept")
    arguments = parser.parse_args()
    size = 200
    files = originals(arguments.heif)
    names = arguments.formats.split(",") if arguments.formats else list(files)
    check_originals({name: files[name] for name in names})
    chunks = [
        Chunk(name, first, min(size, arguments.count - first))
        for name in names
        for first in range(0, arguments.count, size)
    ]
    totals: dict[str, Counter[str]] = {chunk.format: Counter() for chunk in chunks}
    for chunk, counts in run_in_processes(partial(start, arguments.heif), chunks, arguments.jobs, attempts=1):
        totals[chunk.format].update(
            counts
            if isinstance(counts, dict)
            else {f"fault: died in {chunk.first}..{chunk.first + chunk.count}": chunk.count}
        )
    result = {name: dict(sorted(counts.items())) for name, counts in totals.items()}
    commits = dict.fromkeys(names, commit())
    if arguments.out and arguments.formats and arguments.out.exists():
        kept = json.loads(arguments.out.read_text())
        result, commits = kept["outcomes"] | result, kept["commits"] | commits
    text = json.dumps({"files_per_format": arguments.count, "commits": commits, "outcomes": result}, indent=1)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")
    sys.exit(any(name.startswith("fault") for counts in totals.values() for name in counts))


if __name__ == "__main__":
    main()
