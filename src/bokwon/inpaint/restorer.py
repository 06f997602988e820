"""The Python interface: an image and a hole in, the restored image and what was done out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import bokwon
from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.masks import MOST_WIDENED, as_hole, check_hole, looks_inverted, widen_hole
from bokwon.image_io.modes import from_pillow, missing_pixels, mode_of_array, to_pillow
from bokwon.inpaint.engines.mirrored_views import VIEWS, EnsembleEngine
from bokwon.inpaint.engines.onnx import PRECISIONS, TILES, Engine, load_engine, prefers_int8
from bokwon.inpaint.engines.opencv import CLASSICAL, OpenCVEngine
from bokwon.inpaint.fill import Letters, Progress, fill_hole, tiling_for
from bokwon.inpaint.finish.background_estimate import survey
from bokwon.inpaint.finish.grain import GrainChoice, add_grain
from bokwon.inpaint.finish.ink import InkChoice, sharpen_ink
from bokwon.inpaint.models import DEFAULT_MODEL, Model, find_int8, find_model, load_model
from bokwon.inpaint.tiling import Tiling
from bokwon.types import Hole, Pixels
from bokwon.utilities.processes import available_cores

__all__ = ["METHODS", "Restoration", "Restorer"]

METHODS = ("model", *CLASSICAL)

_LANES = 4
"""How many windows are finished at the same time at most, each in some 50 MiB."""

ImageT = TypeVar("ImageT", bound="NDArray[Any] | Image.Image")


@dataclass(frozen=True, eq=False)
class Restoration(Generic[ImageT]):
    """A restored image and the record of how it came about.

    Attributes:
        image: The image with its hole filled: of the input's kind, size, mode and depth, every pixel outside the hole
            bit for bit the input's.
        hole: (H, W) bool, True where pixels were made up: the hole given, widened if that was asked for.
        method: `model`, `telea` or `ns`.
        model: Name of the model; None for a classical method.
        sha256: Checksum of the model file; None for a classical method.
        engine: What ran it, with version.
        tiles: How many tiles were run; 0 where the hole was empty.
        version: Version of bokwon.
        notices: What the user should know, one sentence each.
    """

    image: ImageT
    hole: Hole
    method: str
    model: str | None
    sha256: str | None
    engine: str
    tiles: int
    version: str
    notices: tuple[str, ...]


class Restorer:
    """Restores images with one loaded model or method; make it once, use it often.

    Args:
        model: Name of a shipped model, or path of a model file (.onnx).
        method: `model`, or without any model `telea` or `ns`.
        tile: Side of the pieces that large pages are cut into, a multiple of 128 pixels; the engine's own by default.
        threads: How many threads the engine may use; all cores by default, and never more than there are.
        letters: `leave` fills only near what is known and puts paper into the rest of a hole, so that no letter is made
            up; `restore` fills all of it.
        engine: What runs model files: `onnx`, `openvino`, or `auto`, which is ONNX Runtime for int8 models, OpenVINO
            for others where it is installed and the processor computes in bfloat16, and ONNX Runtime everywhere else.
        grain: `match` gives what is filled the grain of the paper around it; `off` leaves it as it was filled; `auto`,
            as the command has it, is `match` for models for pages and `off` for all else.
        precision: What the model computes with: `float32`; `bfloat16`, by OpenVINO; `int8`, by its int8 model and ONNX
            Runtime; or `auto`, which is the fastest of them here. They differ by little.
        ink: `sharpen` moves what lies between ink and paper in a fill to one of them, `clear` to paper where the fill
            is not sure of a stroke; `off` leaves it as it was filled; `auto`, as the command has it, is `clear` for
            models for pages and `off` for all else.
        ensemble: Of how many mirrored views of a tile the mean is taken, 1, 2 or 4: better for photographs, in as many
            times the time.
        widen: By how many pixels holes are widened, 0 to 32: a mask has to cover the soft edge of the damage.

    Attributes:
        method: The method.
        model: The model in use, the int8 one where that is; None for a classical method.
        sha256: Checksum of the model file; None for a classical method.
        precision: What the model computes with, `float32`, `bfloat16` or `int8`, once `auto` is decided.
        engine: What fills the tiles.
        letters: Whether letters are made up.
        grain: Whether fills get the grain of the paper, `off` or `match`, once `auto` is decided.
        ink: Whether fills come out as ink or paper, `off`, `sharpen` or `clear`, once `auto` is decided.
        ensemble: Of how many views of a tile the mean is taken.
        widen: By how many pixels `restore` widens holes, and whoever calls `fill` should.

    Raises:
        ArgumentError: No such method or model, or a choice that does not exist.
        FileAccessError: The model file cannot be read.
        InputFileError: It is damaged, or not a model of bokwon's kind.
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        *,
        method: str = "model",
        tile: int | None = None,
        threads: int | None = None,
        letters: Letters = "restore",
        engine: str = "auto",
        grain: GrainChoice = "off",
        precision: str = "auto",
        ink: InkChoice = "off",
        ensemble: int = 1,
        widen: int = 0,
    ) -> None:
        if method not in METHODS:
            raise ArgumentError(f"no method is named {method!r}", f"choose one of {', '.join(METHODS)}")
        if ensemble not in VIEWS:
            raise ArgumentError(f"ensemble cannot be {ensemble!r}", "choose 1, 2 or 4")
        if ensemble > 1 and method != "model":
            raise ArgumentError(f"method {method} has no ensemble", "leave out one of the two")
        if not 0 <= widen <= MOST_WIDENED:
            raise ArgumentError(f"holes cannot be widened by {widen} pixels", f"give 0 to {MOST_WIDENED}")
        self.method = method
        self.model: Model | None = None
        self.sha256: str | None = None
        self.precision = "float32"
        self.engine: Engine
        if threads is not None:
            # Engines start as many as they are told, be it a hundred thousand.
            threads = min(threads, available_cores())
        if method == "model":
            self.model = _in_precision(find_model(model), precision, engine)
            kind = self.model.precision
            if kind == "int8":
                precision = "auto"
                if engine == "auto":
                    # OpenVINO is slower with them than in bfloat16.
                    engine = "onnx"
            data, self.sha256 = load_model(self.model)
            loaded = load_engine(
                data, self.model.name, engine=engine, precision=precision, threads=threads, tile=TILES[kind]
            )
            self.engine, self.precision = loaded, kind if kind == "int8" else loaded.precision
            if ensemble > 1:
                self.engine = EnsembleEngine(loaded, ensemble)
        else:
            self.engine = OpenCVEngine(method, threads=threads)
        if letters not in get_args(Letters):
            raise ArgumentError(f"letters cannot be {letters!r}", "choose restore or leave")
        if grain not in get_args(GrainChoice):
            raise ArgumentError(f"grain cannot be {grain!r}", "choose auto, off or match")
        if ink not in get_args(InkChoice):
            raise ArgumentError(f"ink cannot be {ink!r}", "choose auto, off, sharpen or clear")
        self.letters = letters
        self._for_pages = self.model is not None and self.model.for_pages
        self.grain = ("match" if self._for_pages else "off") if grain == "auto" else grain
        self.ink = ("clear" if self._for_pages else "off") if ink == "auto" else ink
        self._lanes = min(threads or available_cores(), _LANES)
        self.ensemble = ensemble
        self.widen = widen
        self._tiling = tiling_for(self.engine) if tile is None else Tiling(tile)

    def restore(
        self, image: ImageT, hole: NDArray[Any] | Image.Image, *, progress: Progress | None = None
    ) -> Restoration[ImageT]:
        """Fill the holes of an image.

        Args:
            image: NumPy array: uint8 or uint16, (H, W) or (H, W, C) with gray, gray and alpha, RGB or RGBA channels
                (OpenCV's BGR must be turned first), or bool (H, W). Or a Pillow image of mode 1, L, LA, P, PA, RGB,
                RGBA, CMYK or I;16; palettes come back as RGB.
            hole: (H, W), True where pixels are missing: bool, or uint8 with only 0 and 1 or only 0 and 255; or a Pillow
                image, white = hole.
            progress: Told after each tile how many are done, and of how many.

        Returns:
            The restored image, of the same kind, and how it was made. The input is not changed.

        Raises:
            ArgumentError: The image or the hole cannot be taken as it is; the message says what to do.
        """
        known, notices = as_hole(hole)
        if isinstance(image, Image.Image):
            pixels, mode, changes = from_pillow(image)
            notices += changes
        elif isinstance(image, np.ndarray):
            mode, pixels = mode_of_array(image), image.copy()
        else:
            raise ArgumentError(f"image is a {type(image).__name__}", "pass a NumPy array or a Pillow image")
        check_hole(known, (pixels.shape[1], pixels.shape[0]), name="the hole")
        if not known.any():
            notices += ("the hole is empty: the image comes back as it was",)
        elif looks_inverted(known):
            share = f"{np.count_nonzero(known) / known.size:.0%}"
            notices += (f"the hole covers {share} of the image; if True means known in it, pass ~hole",)
        known = self.widened(known)
        tiles = self.fill(pixels, mode, known, progress=progress)
        restored: Any = _like(image, pixels, mode) if isinstance(image, Image.Image) else pixels
        return Restoration(
            image=cast(ImageT, restored),
            hole=known,
            method=self.method,
            model=self.model.name if self.model else None,
            sha256=self.sha256,
            engine=self.engine.description,
            tiles=tiles,
            version=bokwon.__version__,
            notices=notices,
        )

    def widened(self, hole: Hole, *, name: str = "the hole") -> Hole:
        """Return a hole as it is to be filled.

        Args:
            hole: (H, W).
            name: What messages call it.

        Raises:
            ArgumentError: Widened it covers everything.
        """
        wide = widen_hole(hole, self.widen)
        if wide.all():
            raise ArgumentError(
                f"{name}, widened by {self.widen} pixels, covers everything, nothing is left to restore from",
                "widen it by less",
            )
        return wide

    def fill(self, pixels: Pixels, mode: str, hole: Hole, *, progress: Progress | None = None) -> int:
        """Fill a hole in place: what `restore` is built on, for callers that hold decoded pages.

        Args:
            pixels: Samples of the page; only those inside the hole are written.
            mode: Their mode, a key of `bokwon.image_io.modes.MODES`.
            hole: (H, W) bool of the page's size, not everywhere True.
            progress: Told after each tile how many are done, and of how many.

        Returns:
            How many tiles were run.
        """
        if mode == "L" and pixels.ndim == 3:
            pixels = pixels[..., 0]
        tiles = fill_hole(
            pixels,
            mode,
            hole,
            self.engine,
            tiling=self._tiling,
            letters=self.letters,
            bounded=self._for_pages,
            progress=progress,
        )
        if tiles:
            self._finish(pixels, mode, hole)
        return tiles

    def _finish(self, pixels: Pixels, mode: str, hole: Hole) -> None:
        if mode == "1" or (self.ink == "off" and self.grain == "off"):
            return
        # Once for both: what they write is not what they look at.
        around = survey(pixels, missing_pixels(pixels, mode, hole), mode, near=hole, lanes=self._lanes)
        if self.ink != "off":
            sharpen_ink(pixels, mode, hole, clear=self.ink == "clear", around=around, lanes=self._lanes)
        if self.grain == "match":
            add_grain(pixels, mode, hole, around=around, lanes=self._lanes)


def _like(image: Image.Image, pixels: Pixels, mode: str) -> Image.Image:
    restored = to_pillow(pixels, mode, like=image.mode)
    restored.info = {key: value for key, value in image.info.items() if image.mode == mode or key != "transparency"}
    return restored


def _in_precision(model: Model, precision: str, engine: str) -> Model:
    if precision not in PRECISIONS:
        raise ArgumentError(f"no precision is named {precision!r}", f"choose one of {', '.join(PRECISIONS)}")
    if model.precision == "int8":
        return model
    if precision == "int8":
        if engine == "openvino":
            raise ArgumentError("int8 models are made for ONNX Runtime", "leave out one of OpenVINO and int8")
        return find_int8(model)
    if precision == "bfloat16" and engine == "onnx":
        raise ArgumentError("ONNX Runtime does not compute in bfloat16", "leave out one of onnx and bfloat16")
    if precision == "auto" and prefers_int8(engine):
        try:
            return find_int8(model)
        except InputFileError:
            # Most models have none; one that is another's is not for this one to run.
            return model
    return model
