"""Restore every file of folders of test images, and hold what comes out against what another decoder reads.

    python benchmarks/corpus.py FOLDER [FOLDER ...] [--jobs 1] [--seconds 120] [--out benchmarks/results/corpus.json]

Each file goes through `bokwon restore` with a mask of its middle on every page. It must be refused with a documented
exit code, or come back with all samples outside the hole as another decoder reads them: tifffile, libvips, OpenCV,
imagecodecs, Pillow or PDFium, see `READERS`. A JPEG is encoded anew: there the mean difference is what is judged. The
list of files and outcomes is kept; nothing of the folders is. It takes `pip install pyvips[binary] pypdfium2` too.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import struct
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from bokwon.cli.main import main as bokwon
from bokwon.errors import BokwonError
from bokwon.image_io.document import open_document
from bokwon.image_io.formats import EXTENSIONS, FORMATS
from bokwon.image_io.source import Source
from bokwon.utilities.processes import Lost, run_in_processes

LIMIT = 50_000_000
LOSSY = 4.0
"""Levels of 255 by which samples of a JPEG may differ in the mean: small and noisy test images are coded coarsely."""
MOST = 100
"""Pixels of a side of the hole."""
LOSSY_MARKS = (b"\xff\xdb\0", b"DCTDecode", b"JPXDecode")
"""What the tables of a JPEG begin with, and what a PDF calls a picture that may have losses."""
EXPLAINED = {
    "emptyexiftag.tif": "tifffile and libtiff read Group 3 of its second page differently; bokwon reads it by libtiff",
}
"""Files on which no second decoder agrees, and why."""
SMALL = 4096
"""Pixels of a picture of which a mean says nothing: a JPEG's blocks have 64 or 256."""
DOCUMENTED = {1, 2, 3, 5, 7, 8}
"""Exit codes that a single file may be refused with."""
FAULTS = ("FAULT", "DIFFERS")
FAX, PLAIN = (2, 3, 4), (1, 5, 8, 32773, 32946)
"""Numbers of compressions of TIFF: those of faxes, and those that know nothing of pictures."""
OTHER_NAMES = {
    ".btf": ".tif",
    ".dib": ".bmp",
    ".j2c": ".j2k",
    ".jls": ".jpg",
    ".jpc": ".j2k",
    ".jpe": ".jpg",
    ".ljp": ".jpg",
}
"""Extensions of test images, and those under which bokwon knows their formats."""


@dataclass(frozen=True)
class Item:
    """One file, and the folder that it was found in."""

    folder: Path
    name: str


def usual_extension(path: Path) -> str:
    """Return the extension of a file in the form that bokwon knows."""
    extension = path.suffix.lower()
    return OTHER_NAMES.get(extension, extension)


def middle(size: tuple[int, int]) -> np.ndarray:
    """Return the hole: the same whichever way the image is turned or mirrored."""
    hole = np.zeros(size[::-1], bool)
    # Not larger than it takes: what is filled is not what is judged.
    across, down = (max(side // 3, (side - MOST) // 2) for side in size)
    hole[down : size[1] - down, across : size[0] - across] = True
    return hole


def is_read_only(path: Path) -> bool:
    """Return whether files of this kind come back as PNG."""
    return FORMATS[EXTENSIONS[path.suffix]].is_read_only


def write_masks(path: Path) -> dict[int, np.ndarray]:
    """Write a mask for each page that can be read; return the holes."""
    holes = {}
    Path("masks").mkdir()
    with open_document(Source.of(path), max_pixels=LIMIT) as document:
        for number in range(1, document.pages + 1):
            with suppress(BokwonError):
                # A mask of the right size for what cannot be read, too: then the file's own fault is what is told.
                if (size := document.size(number)) and 0 < size[0] * size[1] <= LIMIT:
                    write_mask(path, number, middle(size))
                holes[number] = middle(document.page(number).size)
                write_mask(path, number, holes[number])
    return holes


def write_mask(path: Path, number: int, hole: np.ndarray) -> None:
    """Write the mask of a page."""
    Image.fromarray(hole).save(f"masks/{path.stem}_p{number:03}.png")


def unified(samples: np.ndarray) -> np.ndarray:
    """Return samples of any kind as (H, W, C) of 16 bits, gray as three channels, so that depths can be compared."""
    if samples.dtype == bool:
        samples = samples.astype(np.uint8) * 255
    samples = samples.reshape(*samples.shape[:2], -1)
    wide = samples.astype(np.uint16) * 257 if samples.dtype == np.uint8 else samples.astype(np.uint16)
    if wide.shape[2] <= 2:
        wide = np.concatenate([np.repeat(wide[..., :1], 3, axis=2), wide[..., 1:]], axis=2)
    # What is opaque everywhere has no alpha.
    return wide[..., :3] if wide.shape[2] == 4 and (wide[..., 3] == 65535).all() else wide


def read_tiff(path: Path) -> list[np.ndarray]:
    """Decode the pages of a TIFF with tifffile."""
    import tifffile

    found = []
    with tifffile.TiffFile(path) as file:
        for page in file.pages:
            samples = np.asarray(page.asarray())
            if samples.dtype.kind not in "bu" or samples.ndim not in (2, 3):
                raise ValueError(f"samples {samples.dtype} {samples.shape}")
            if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and samples.ndim == 3:
                samples = np.moveaxis(samples, 0, -1)
            if page.colormap is not None:
                samples = np.moveaxis(page.colormap, 0, -1)[samples]
            elif page.bitspersample in (2, 4):
                samples = samples * np.uint8(255 // (2**page.bitspersample - 1))
            fax = page.compression in FAX
            # Without the tag libtiff takes a fax alone for a negative.
            if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE and (262 in page.tags or fax):
                samples = ~samples if samples.dtype == bool else np.iinfo(samples.dtype).max - samples
            if page.photometric == tifffile.PHOTOMETRIC.YCBCR and page.compression in PLAIN:
                samples = np.array(Image.fromarray(samples, "YCbCr").convert("RGB"))
            found.append(unified(samples))
    return found


def read_pdf(path: Path) -> list[np.ndarray]:
    """Decode the largest image of each page of a PDF with PDFium."""
    import pypdfium2

    found = []
    pdf = pypdfium2.PdfDocument(path)
    for page in pdf:
        images = [item for item in page.get_objects(max_depth=9) if isinstance(item, pypdfium2.PdfImage)]
        if not images:
            found.append(np.zeros((0, 0, 3), np.uint16))
            continue
        largest = max(images, key=lambda image: int(np.prod(image.get_px_size())))
        samples = largest.get_bitmap().to_numpy()
        found.append(unified(samples[..., :3] if samples.ndim == 3 else samples))
    return found


def read_opencv(path: Path) -> list[np.ndarray]:
    """Decode a file of one page with OpenCV."""
    data = path.read_bytes()
    if b"acTL" in data[:4096]:
        # OpenCV reads the animation, and bokwon the picture beside it.
        raise ValueError("an animation")
    samples = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if samples is None:
        raise ValueError("OpenCV does not read it")
    if samples.ndim == 3:
        samples[..., :3] = samples[..., 2::-1].copy()
    return [unified(samples)]


def read_imagecodecs(path: Path) -> list[np.ndarray]:
    """Decode a file of one page with the decoder that imagecodecs has for its format."""
    import imagecodecs

    data = path.read_bytes()
    names = {"JPEG": "jpegls" if b"\xff\xf7" in data[:64] else "ljpeg", "JPEG2000": "jpeg2k"}
    kind = EXTENSIONS[path.suffix]
    return [unified(getattr(imagecodecs, f"{names.get(kind, kind.lower())}_decode")(data))]


def read_bitfields(path: Path) -> list[np.ndarray]:
    """Decode a BMP whose channels are told apart by masks, which no other decoder does for every mask."""
    data = path.read_bytes()
    (start, length, width, height), (bits, kind) = (
        struct.unpack("<IIii", data[10:26]),
        struct.unpack("<HI", data[28:34]),
    )
    if kind not in (3, 6) or bits not in (16, 32):
        raise ValueError("it has no masks")
    masks = struct.unpack("<IIII", data[54:70])[: 4 if length >= 56 or kind == 6 else 3]
    row = (width * bits + 31) // 32 * 4
    rows = np.frombuffer(data, np.uint8, row * abs(height), start).reshape(-1, row)[:, : width * bits // 8]
    values = np.ascontiguousarray(rows[:: -1 if height > 0 else 1]).view(f"<u{bits // 8}").astype(np.uint64)
    masks = masks[: 4 if masks[-1] else 3]
    low = [max(mask & -mask, 1) for mask in masks]
    channels = [(values & mask) // step * 255 // max(mask // step, 1) for mask, step in zip(masks, low, strict=True)]
    return [unified(np.stack(channels, axis=-1).astype(np.uint8))]


def read_pillow(path: Path) -> list[np.ndarray]:
    """Decode a file of one page with Pillow."""
    with Image.open(path) as image:
        return [unified(np.array(image.convert("RGB") if image.mode == "P" else image))]


def read_libvips(path: Path) -> list[np.ndarray]:
    """Decode the pages of a file with libvips."""
    import pyvips

    found = []
    count = pyvips.Image.new_from_file(str(path), fail=True).get_n_pages()
    for page in range(count):
        image = pyvips.Image.new_from_file(str(path), fail=True, **({"page": page} if count > 1 else {}))
        found.append(unified(image.numpy()))
    return found


Reader = Callable[[Path], list[np.ndarray]]
READERS: dict[str, tuple[Reader, ...]] = {
    "PNG": (read_opencv, read_libvips),
    "JPEG": (read_opencv, read_libvips, read_imagecodecs),
    "TIFF": (read_tiff, read_libvips),
    "WEBP": (read_opencv, read_libvips),
    "BMP": (read_pillow, read_bitfields, read_opencv),
    "JPEG2000": (read_imagecodecs, read_opencv, read_libvips),
    "AVIF": (read_imagecodecs, read_libvips),
    "HEIF": (read_imagecodecs, read_libvips),
    "PDF": (read_pdf,),
}
"""Decoders of each format, which are not the one that bokwon decodes the file with, as far as there is another. One of
them has to agree: each has faults of its own, such as OpenCV's 5 bits of a BMP that stay dark."""


def compare(original: Path, restored: Path, holes: dict[int, np.ndarray]) -> str:
    """Return what other decoders find outside the holes."""
    said = [compare_with(read, original, restored, holes) for read in READERS[EXTENSIONS[original.suffix]]]
    return min(said, key=lambda text: ("equal", "lossy", "DIFFERS", "restored").index(text.split(",")[0].split(":")[0]))


def is_luma(path: Path) -> bool:
    """Return whether a TIFF stores luma and chroma, which decoders round differently on the way to RGB."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        return any(page.photometric == tifffile.PHOTOMETRIC.YCBCR for page in file.pages)


def read_first(path: Path, readers: Sequence[Reader]) -> list[np.ndarray] | None:
    """Return what the first of the decoders that can reads of a file."""
    for read in readers:
        with suppress(Exception):
            return read(path)
    return None


def compare_with(read: Reader, original: Path, restored: Path, holes: dict[int, np.ndarray]) -> str:
    """Return what a decoder finds outside the holes, with its name."""
    name = read.__name__.removeprefix("read_")
    try:
        before = read(original)
    except Exception as error:
        return f"restored, not checked: {type(error).__name__} of {name}"
    after = read_first(restored, (read, *READERS[EXTENSIONS[restored.suffix]]))
    if after is None:
        return "DIFFERS: nothing reads the output"
    if len(before) != len(after):
        return f"DIFFERS: {len(before)} pages before, {len(after)} after, for {name}"
    worst = 0.0
    for number, hole in holes.items():
        if number > len(before):
            return f"DIFFERS: page {number} is not there for {name}"
        old, new = before[number - 1], after[number - 1]
        if old.shape[:2] != hole.shape:
            return f"restored, not checked: {name} takes another picture"
        if old.shape != new.shape:
            return f"DIFFERS: page {number} has the shape {old.shape} before and {new.shape} after, for {name}"
        outside = np.abs(old[~hole].astype(int) - new[~hole]) / 257
        worst = max(worst, float(outside.mean()))
    if worst == 0.0:
        return f"equal, {name}"
    # Decoders of one JPEG differ, and so they do where it lies in a TIFF or PDF.
    data = original.read_bytes()
    lossy = EXTENSIONS[original.suffix] in ("JPEG", "WEBP", "AVIF", "HEIF") or any(mark in data for mark in LOSSY_MARKS)
    lossy |= EXTENSIONS[original.suffix] == "TIFF" and is_luma(original)
    small = max(hole.size for hole in holes.values()) < SMALL
    fine = lossy and (small or worst <= LOSSY)
    return f"{'lossy' if fine else 'DIFFERS'}, by {worst:.2f} levels in the mean, {name}"


def restore(item: Item) -> str:
    """Restore one file in the working folder; return what came of it."""
    path = Path("x" + Path(item.name).stem.lstrip(".") + usual_extension(Path(item.name)))
    shutil.copyfile(item.folder / item.name, path)
    try:
        holes = write_masks(path)
    except BokwonError:
        holes = {}
    except Exception:
        return "FAULT: " + traceback.format_exc(limit=-2)
    if not any(Path("masks").glob("*")):
        # Whatever is wrong with it, the command is to say it.
        Path("masks").mkdir(exist_ok=True)
        write_mask(path, 1, np.zeros((8, 8), bool))
    said = io.StringIO()
    output = Path("out") / path.with_suffix(".png" if is_read_only(path) else path.suffix).name
    output.parent.mkdir()
    code: Any = None
    try:
        with redirect_stderr(said):
            bokwon(
                [
                    "restore",
                    str(path),
                    str(output),
                    "--mask",
                    "masks",
                    "--mask-as",
                    "gray",
                    "--method",
                    "telea",
                    "--finish",
                    "off",
                ]
            )
    except SystemExit as left:
        code = left.code or 0
    except Exception:
        return "FAULT: " + traceback.format_exc(limit=-2)
    if list(Path().rglob(".bokwon-*")):
        return "FAULT: an unfinished file is left"
    lines = [line for line in said.getvalue().splitlines() if "error: " in line]
    message = lines[-1].split("error: ", 1)[1] if lines else ""
    if code == 0:
        return compare(path, output, holes) if output.exists() else "FAULT: exit code 0 without an output"
    if output.exists() or not message:
        return f"FAULT: exit code {code} with an output or without a message"
    return f"refused, {code}: {message}" if code in DOCUMENTED else f"FAULT: exit code {code}: {message}"


def work(item: Item) -> str:
    """Restore one file in a folder of its own."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.chdir(folder)
        try:
            return restore(item)
        finally:
            os.chdir(here)


def start() -> Callable[[Item], str]:
    """Make what does the work in each process."""
    # What is unexpected comes as it is, with its place.
    os.environ["BOKWON_DEBUG"] = "1"
    return work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=120.0, help="that a file may take")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    items = [
        Item(folder.absolute(), str(path.relative_to(folder)))
        for folder in arguments.folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and usual_extension(path) in EXTENSIONS and not path.name.startswith(".")
    ]
    outcomes: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for item, outcome in run_in_processes(start, items, arguments.jobs, attempts=1, limit=arguments.seconds):
        text = f"FAULT: {outcome.value}" if isinstance(outcome, Lost) else outcome
        if text.startswith("DIFFERS") and (why := EXPLAINED.get(Path(item.name).name)):
            text = f"explained: {why}"
        outcomes[f"{item.folder.name}/{item.name}"] = " ".join(text.split())
        counts[text.split(",")[0].split(":")[0]] += 1
        if text.startswith(FAULTS):
            print(f"{item.folder.name}/{item.name}: {text}", file=sys.stderr)
    text = json.dumps({"counts": dict(sorted(counts.items())), "outcomes": dict(sorted(outcomes.items()))}, indent=1)
    print(json.dumps(dict(counts)))
    if arguments.out:
        arguments.out.write_text(text + "\n")
    sys.exit(any(counts[fault] for fault in FAULTS))


if __name__ == "__main__":
    main()
