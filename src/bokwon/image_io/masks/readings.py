"""What in a mask picture is hole: people paint on a copy of the scan, erase, draw on a layer, label, or use gray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError
from bokwon.image_io.masks.painted import changed_pixels
from bokwon.image_io.modes import alpha, to_pillow
from bokwon.types import Hole, Pixels

__all__ = ["MaskAs", "MaskKind", "Reading", "Scan", "read_samples"]

MaskKind = Literal["painted", "erased", "drawn", "labels", "gray", "colour"]
"""Ways to read a mask, see `read_samples`."""

MaskAs = Literal["auto", MaskKind]
"""A way, or `auto`: the first that fits."""

Scan = tuple[Pixels, str]
"""Samples of the damaged image and their mode."""

_HALF = 128
_NEAR = 32
"""A gray within this distance of black or white counts as one of them."""
_MOSTLY = 0.5
"""From this share of transparent pixels on, a mask is a layer that was drawn on."""
_SOFT = 16
"""A gray mask of more values than this is soft; fewer may be labels."""
_AREA = 4
"""Side in pixels of a square of gray that is no smoothed edge."""
_BAND, _AT_ONCE = 64, 1 << 18
"""Rows and values that are looked at in one piece."""
_LEAST_KEPT = 0.2
"""An erased copy keeps at least this share of the scan."""
_COLOUR = 32
"""Difference between the channels of a pixel, in 8-bit levels, above which it is coloured and not gray."""
_OPTIONS = {
    "painted": "whatever differs from the image is hole",
    "erased": "transparent pixels are hole",
    "drawn": "painted pixels are hole",
    "labels": "everything but 0 (black) is hole",
    "gray": "at least half light is hole",
    "colour": "coloured pixels are hole",
}
assert set(_OPTIONS) == set(get_args(MaskKind))


@dataclass(frozen=True, eq=False)
class Reading:
    """How a mask was read.

    Attributes:
        hole: (H, W).
        kind: The reading, such as `painted`.
        said: The reading in words, for messages.
        plain: Whether it is a usual mask, with only black and white.
    """

    hole: Hole
    kind: MaskKind
    said: str
    plain: bool = False


def read_samples(
    pixels: Pixels,
    mode: str,
    *,
    scan: Scan | None = None,
    how: MaskAs = "auto",
    white_is_hole: bool = True,
    name: str = "the mask",
) -> Reading:
    """Turn the samples of a mask picture into a hole.

    The first reading that fits is taken:

    1. `painted`: a copy of the scan that was painted on. The hole is where the two differ.
    2. `erased`: a partly transparent copy of the scan. The hole is the transparent part.
    3. `drawn`: a mostly transparent image. The hole is the opaque part.
    4. `labels`: black and one other value or colour. The hole is the other value.
    5. `gray`: mostly black and white. The hole is at least half as bright as white.

    Args:
        pixels: Samples (H, W) or (H, W, C) of any mode.
        mode: Their mode.
        scan: The damaged image, of the same size and the same way up.
        how: Use this reading. It may also be `colour`: the hole is every coloured pixel.
        white_is_hole: Whether white is hole, for `labels` and `gray`.
        name: Name in messages.

    Raises:
        ArgumentError: It could mean two things, or does not fit the reading that was asked for.
    """
    if how != "auto":
        return _read_as(pixels, mode, how, scan, white_is_hole, name)
    opaque = _opaque(pixels, mode)
    drawn = _opaque(pixels, mode, _NEAR + 1)
    if drawn is not None and not drawn.any():
        raise ArgumentError(f"{name} is transparent everywhere", "save the layer that holds the mask")
    if scan is not None and (copied := _read_copy(pixels, mode, scan, opaque)) is not None:
        return copied
    if opaque is not None and drawn is not None and not opaque.all():
        if np.count_nonzero(drawn) <= (1 - _MOSTLY) * drawn.size:
            # Brushes are often half transparent, so that the page shows through.
            return Reading(drawn, "drawn", "drawn on a transparent layer, what is painted is hole")
        if not _is_black_and_white(_gray(pixels, mode)[opaque]):
            raise _unclear(f"{name} has transparent parts and is no copy of the image", "erased", "drawn")
    if (label := _second_value(pixels, mode, opaque)) is not None:
        return _labels(pixels, mode, white_is_hole, opaque, label)
    _check_gray(pixels, mode, opaque, name)
    return _read_gray(pixels, mode, white_is_hole, opaque)


def _read_copy(pixels: Pixels, mode: str, scan: Scan, opaque: Hole | None) -> Reading | None:
    """Read a copy of the scan that was painted on or erased; None for another picture."""
    partly = opaque is not None and not opaque.all()
    if partly and np.count_nonzero(opaque) < _LEAST_KEPT * opaque.size:  # type: ignore[arg-type, union-attr]
        return None
    if not partly and _is_bilevel(pixels, mode) and not _is_bilevel(*scan):
        # The usual mask. A copy of this scan would have its grays.
        return None
    changed = changed_pixels(_rgb(pixels, mode), _rgb(*scan), opaque if partly else None)
    if changed is None:
        return None
    if not partly:
        return Reading(changed, "painted", "painted on a copy of the image, what differs from it is hole")
    before = _opaque(*scan)
    # What the scan itself lacks is not erased.
    erased = ~opaque if before is None else ~opaque & before  # type: ignore[operator]
    if changed.any():
        said = "a copy of the image, what is erased or painted is hole"
        return Reading(erased | changed, "erased", said)
    return Reading(erased, "erased", "a copy of the image, what is erased is hole")


def _read_as(pixels: Pixels, mode: str, how: MaskKind, scan: Scan | None, white_is_hole: bool, name: str) -> Reading:
    opaque = _opaque(pixels, mode)
    if how in ("erased", "drawn"):
        if opaque is None or opaque.all():
            raise ArgumentError(f"{name} has no transparent pixels", f"leave out --mask-as {how}")
        drawn = _opaque(pixels, mode, _NEAR + 1)
        return Reading(~opaque if drawn is None or how == "erased" else drawn, how, _OPTIONS[how])
    if how == "painted":
        if scan is None:
            raise ArgumentError(f"{name} has another size than the image, so they cannot be compared", "resize it")
        changed = changed_pixels(_rgb(pixels, mode), _rgb(*scan), opaque)
        if changed is None:
            fix = "paint on a copy of the very image, or leave out --mask-as painted"
            raise ArgumentError(f"{name} is no copy of the image: more than its painted parts differs", fix)
        return Reading(changed, how, _OPTIONS[how])
    if how == "labels":
        return _labels(pixels, mode, white_is_hole, opaque, "everything but 0")
    if how == "colour":
        return Reading(_within(_coloured(pixels, mode), opaque), how, _OPTIONS[how])
    return _read_gray(pixels, mode, white_is_hole, opaque)


def _labels(pixels: Pixels, mode: str, white_is_hole: bool, opaque: Hole | None, label: str) -> Reading:
    samples = pixels[..., :-1] if opaque is not None else pixels
    marked = (_rgb(pixels, mode) if mode == "CMYK" else samples) != 0
    marked = marked if marked.ndim == 2 else marked.any(axis=-1)
    if white_is_hole:
        return Reading(_within(marked, opaque), "labels", f"labels, {label} is hole")
    return Reading(_within(~marked, opaque), "labels", "labels, 0 is hole")


def _read_gray(pixels: Pixels, mode: str, white_is_hole: bool, opaque: Hole | None) -> Reading:
    light = _gray(pixels, mode)
    white = light >= _HALF
    said = f"{'white' if white_is_hole else 'black'} is hole"
    undecided = light.size - np.count_nonzero(light == 0) - np.count_nonzero(light == 255)
    if undecided:
        said += f" ({undecided} gray pixels, as JPEG and smoothing make them; at least {_HALF} of 255 counts as white)"
    plain = not undecided
    if opaque is not None and not opaque.all():
        said, plain = f"{said}, transparent pixels are no hole", False
    return Reading(_within(white if white_is_hole else ~white, opaque), "gray", said, plain)


def _check_gray(pixels: Pixels, mode: str, opaque: Hole | None, name: str) -> None:
    """Refuse what is not mostly black and white.

    Raises:
        ArgumentError: Colours, labels, or a picture.
    """
    if mode in ("RGB", "RGBA", "CMYK"):
        colours = _coloured(pixels, mode)
        if opaque is not None:
            colours &= opaque
        if colours.any():
            raise _unclear(f"{name} has colours ({colours.mean():.1%} of it)", "colour", "gray")
    light = _gray(pixels, mode)
    counts = _histogram(light if opaque is None else light[opaque])
    deep = mode in ("L", "LA") and pixels.dtype == np.uint16
    if deep and counts[1:].sum() == 0 and (pixels if mode == "L" else pixels[..., 0]).any():
        raise _unclear(f"{name} has several labels below 256, and no white", "labels", "gray")
    values = np.flatnonzero(counts)
    if values.tolist() in ([0], [255]):
        return
    near = (counts[: _NEAR + 1].sum() + counts[255 - _NEAR :].sum()) / counts.sum()
    if values[0] <= _NEAR and values[-1] >= 255 - _NEAR:
        if len(values) > _SOFT and near >= _MOSTLY:
            return
        if len(values) <= _SOFT and not _has_areas_between(light):
            return
    if len(values) == 2 and values[0]:
        raise _either_of(name, *values.tolist())
    if len(values) <= _SOFT:
        told = ", ".join(map(str, values[:-1])) + f" and {values[-1]}" if len(values) > 1 else str(values[0])
        raise _unclear(f"{name} has the values {told}, which may be labels or gray", "labels", "gray")
    # The mask is not a copy of the image that was painted on: that was checked. So `--mask-as painted` would not help.
    raise ArgumentError(
        f"{name} is neither black and white (it has grays from {values[0]} to {values[-1]}) nor a copy of the image",
        f"paint on a copy of the very image, or add --mask-as gray ({_OPTIONS['gray']})",
    )


def _has_areas_between(light: NDArray[np.uint8]) -> bool:
    """Return whether gray fills areas, as labels do; smoothing makes gray edges only."""
    import cv2

    between = ((light > _NEAR) & (light < 255 - _NEAR)).astype(np.uint8)
    return bool(cv2.erode(between, np.ones((_AREA, _AREA), np.uint8), borderValue=0).any())


def _unclear(fault: str, *ways: MaskKind) -> ArgumentError:
    fix = ", or ".join(f"--mask-as {way} ({_OPTIONS[way]})" for way in ways)
    return ArgumentError(fault, f"say how to read it: {fix}")


def _either_of(name: str, dark: int, light: int) -> ArgumentError:
    """Return the error for a mask of two values, neither of them black."""
    fix = "redraw it in black and white"
    if dark < _HALF <= light:
        ways = (
            f"--mask-as gray --holes {colour} ({value} is hole)"
            for colour, value in (("white", light), ("black", dark))
        )
        fix = f"say which: {', or '.join(ways)}"
    return ArgumentError(f"{name} has the values {dark} and {light}, and either may be hole", fix)


def _second_value(pixels: Pixels, mode: str, opaque: Hole | None) -> str | None:
    """Return what a mask of black and one other value calls the other; None for other masks, and black and white."""
    if mode == "1":
        return None
    if mode in ("L", "LA"):
        gray = pixels if mode == "L" and pixels.ndim == 2 else pixels[..., 0]
        white = np.iinfo(gray.dtype).max
        values = np.flatnonzero(_histogram(gray if opaque is None else gray[opaque]))
        return f"value {values[1]}" if len(values) == 2 and values[0] == 0 and values[1] != white else None
    colours = _rgb(pixels, mode)
    colours = colours.reshape(-1, 3) if opaque is None else colours[opaque]
    marked = (colours[:, 0] | colours[:, 1] | colours[:, 2]) != 0
    if marked.all() or not marked.any():
        return None
    others = colours[marked]
    if (others == 255).all() or (others != others[0]).any():
        return None
    return "colour #{:02x}{:02x}{:02x}".format(*others[0])


def _opaque(pixels: Pixels, mode: str, least: int = _HALF) -> Hole | None:
    """Return where the opacity is at least `least` of 255; None for a mode without transparency."""
    opacity = alpha(pixels, mode)
    if opacity is None:
        return None
    return np.asarray(opacity >= (least << 8 if opacity.dtype == np.uint16 else least))


def _within(hole: Hole, opaque: Hole | None) -> Hole:
    return hole if opaque is None else hole & opaque


def _is_black_and_white(light: NDArray[np.uint8]) -> bool:
    counts = _histogram(light)
    return bool(counts[0] and counts[255] and counts[0] + counts[255] >= 0.9 * light.size)


def _is_bilevel(pixels: Pixels, mode: str) -> bool:
    if mode == "1":
        return True
    # Most pictures have a gray in their first rows.
    bands = (_rgb(pixels[top : top + _BAND], mode) for top in range(0, len(pixels), _BAND))
    return not any(((samples > 0) & (samples < 255)).any() for samples in bands)


def _histogram(samples: Pixels) -> NDArray[np.intp]:
    """Return how many samples have each value. Piece by piece: NumPy counts in a copy of eight times the size."""
    flat = samples.reshape(-1)
    counts = np.zeros(np.iinfo(samples.dtype).max + 1, np.intp)
    for start in range(0, len(flat), _AT_ONCE):
        counts += np.bincount(flat[start : start + _AT_ONCE], minlength=len(counts))
    return counts


def _coloured(pixels: Pixels, mode: str) -> NDArray[np.bool_]:
    """Return where the channels of a pixel differ by more than gray ones do, (H, W)."""
    # NumPy's reductions take ten times as long over a short last axis.
    red, green, blue = np.moveaxis(_rgb(pixels, mode), -1, 0)
    most = np.maximum(np.maximum(red, green), blue)
    return np.asarray(most - np.minimum(np.minimum(red, green), blue) > _COLOUR)


def _eight_bits(pixels: Pixels, mode: str) -> NDArray[np.uint8]:
    if mode == "1":
        return np.multiply(pixels, 255, dtype=np.uint8)
    # All ones in 16 bits is white; so is every value that rounds to it.
    return pixels if pixels.dtype == np.uint8 else np.asarray(pixels >> 8, np.uint8)


def _gray(pixels: Pixels, mode: str) -> NDArray[np.uint8]:
    """Return the lightness of samples of any mode, uint8 (H, W)."""
    samples = _eight_bits(pixels, mode)
    if mode in ("1", "L"):
        return samples.reshape(samples.shape[:2])
    if mode == "LA":
        return samples[..., 0]
    if mode == "CMYK":
        return np.array(to_pillow(samples, mode).convert("L"))
    return np.array(Image.fromarray(np.ascontiguousarray(samples[..., :3])).convert("L"))


def _rgb(pixels: Pixels, mode: str) -> NDArray[np.uint8]:
    """Return the colours of samples of any mode, uint8 (H, W, 3)."""
    if mode == "CMYK":
        return np.array(to_pillow(_eight_bits(pixels, mode), mode).convert("RGB"))
    if mode in ("RGB", "RGBA"):
        return _eight_bits(pixels, mode)[..., :3]
    gray = _gray(pixels, mode)
    return np.broadcast_to(gray[..., None], (*gray.shape, 3))
