"""The engine that runs model files with OpenVINO, in bfloat16 where the processor has it."""

from __future__ import annotations

import io
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from queue import SimpleQueue
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, InputFileError, importing
from bokwon.inpaint.colour import Light
from bokwon.inpaint.engines.base import CONCURRENCY, CONTRACT, SCALE, ModelEngine
from bokwon.inpaint.engines.openvino_rewrites import tune
from bokwon.inpaint.runtime_facts import DEFAULT_FACTS, RuntimeFacts
from bokwon.inpaint.tiling import GRID, grid_of
from bokwon.settings import Precision
from bokwon.utilities.memory import is_out_of_memory, out_of_memory
from bokwon.utilities.processes import available_cores
from bokwon.utilities.telemetry import import_openvino

__all__ = ["OpenVinoEngine", "computes_in_bfloat16", "shape_buckets"]

_WORTH_COMPILING = 750_000
"""Pixels that can be computed in the time it takes to compile a model."""
_WORTH_A_SIZE = 1_400_000
"""Least size of an image, pixels, for which compiling a model of its size pays off even if it is run once."""
_ANY = 0, 0
"""In place of a size: the model for images of any size."""


def computes_in_bfloat16() -> bool:
    """Return whether OpenVINO is here and the processor has instructions for bfloat16."""
    try:
        core = _core()
    except ImportError:
        return False
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@lru_cache(maxsize=1)
def _core() -> Any:
    """Return the only core of the process. It lives as long as the process.

    The plugin of a core sets a signal stack for its thread. When the core is deleted, the plugin restores the stack it
    found. If there are two cores and the older one is deleted first, that stack is freed memory, and the next signal
    (Ctrl-C, the end of a child process) kills the process.
    """
    return import_openvino().Core()


class OpenVinoEngine(ModelEngine):
    """Runs a model file with OpenVINO on the processor.

    A model that is compiled for one size takes half the time and half the memory. So the tiles of a page are computed
    in few sizes (`shape_buckets`). Smaller tiles are padded, and the padding counts as hole; near it a fill may differ
    by a few levels. Networks of plain convolutions have no mask and would take the padding for a colour, so their
    tiles are not padded. Small images run on a model that is compiled once for any size.

    Args:
        data: The ONNX file, whole.
        name: Name in messages.
        facts: What the model's card says.
        threads: How many threads it may use; all cores by default.
        precision: `auto` is bfloat16 if the processor has it, else float32. `bfloat16` is an error without it.

    Raises:
        ArgumentError: The processor does not compute in bfloat16.
        InputFileError: Not a model file that OpenVINO reads.
        MissingDependencyError: OpenVINO is not installed, or not whole.
    """

    # Tiles of any shape are padded to a bucket.
    square = False

    def __init__(
        self,
        data: bytes,
        name: str,
        facts: RuntimeFacts = DEFAULT_FACTS,
        *,
        threads: int | None = None,
        precision: Precision = "auto",
    ) -> None:
        with importing("OpenVINO cannot be imported: {error}", "pip install 'bokwon[openvino]', or --engine onnx"):
            openvino, core = import_openvino(), _core()
        # Without hardware support bfloat16 is emulated: slower and less exact.
        if precision == "bfloat16" and not computes_in_bfloat16():
            raise ArgumentError("this processor does not compute in bfloat16", "choose --precision float32")
        rounded = precision != "float32" and computes_in_bfloat16()
        super().__init__(name, facts, "bfloat16" if rounded else "float32")
        settings: dict[str, str | int] = {"INFERENCE_PRECISION_HINT": "bf16" if rounded else "f32"}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        self._threads = threads or available_cores()
        try:
            model = core.read_model(io.BytesIO(data))
            inputs = {port.get_any_name() for port in model.inputs}
            if inputs != {"image", "valid"} or len(model.outputs) != 1:
                raise InputFileError(f"model {name} is not one of bokwon's kind: it has {sorted(inputs)}", CONTRACT)
            self.takes_scale = _open_scale(openvino, model)
        except InputFileError:
            raise
        # OpenVINO raises bare RuntimeErrors.
        except Exception as error:
            if is_out_of_memory(error):
                raise out_of_memory(f"loading the model {name}") from error
            raise InputFileError(f"model {name} cannot be loaded: {error}", "get an undamaged copy") from error
        # Partial convolutions count masks with average pooling.
        self._knows_holes = any(node.get_type_name() == "AvgPool" for node in model.get_ops())
        self._programs = _Programs(model, settings, 2 * self.tile**2, facts, takes_scale=self.takes_scale)
        self.description = f"OpenVINO {openvino.__version__.split('-')[0]}, processor, {self.precision}"

    def shared(self, sizes: Sequence[tuple[int, int]]) -> ModelEngine:
        """Return an engine that runs two tiles at once in few sizes; see `Engine.shared`."""
        taken = shape_buckets(sizes, 2 * self.tile**2, grid_of(self.multiple)) if self._knows_holes else {}
        return _PageEngine(self, self._programs, taken, CONCURRENCY if self._threads >= CONCURRENCY else 1)

    def run(self, light: Light, missing: NDArray[np.bool_], scale: float) -> NDArray[np.float32]:
        """Run one tile in its own size; see `ModelEngine.run`."""
        return self._programs.run(None, 1, light, missing, scale)


class _PageEngine(ModelEngine):
    """Runs the tiles of one page."""

    def __init__(
        self,
        whole: OpenVinoEngine,
        programs: _Programs,
        taken: dict[tuple[int, int], tuple[int, int]],
        concurrency: int,
    ) -> None:
        super().__init__(whole.name, whole.facts, whole.precision)
        self.description, self.square = whole.description, whole.square
        self.takes_scale, self.concurrency = whole.takes_scale, concurrency
        self._programs = programs
        self._buckets = taken

    def run(self, light: Light, missing: NDArray[np.bool_], scale: float) -> NDArray[np.float32]:
        """Run one tile, padded to its bucket; see `ModelEngine.run`."""
        height, width = missing.shape
        return self._programs.run(self._buckets.get((height, width)), self.concurrency, light, missing, scale)


def shape_buckets(
    sizes: Iterable[tuple[int, int]], most: int, grid: int = GRID
) -> dict[tuple[int, int], tuple[int, int]]:
    """Choose few sizes to compute the tiles of a page in, each only a little larger than its tiles.

    Args:
        sizes: (H, W) of each tile.
        most: Largest sum of the pixels of all sizes. Beyond it, all tiles get one size.
        grid: The sides of the sizes are multiples of this many pixels.

    Returns:
        Size of tile to size of computation, a multiple of `grid` and at least as large. Sizes with too few pixels to be
        worth compiling for are left out.
    """
    counts = Counter(sizes)
    taken: dict[tuple[int, int], tuple[int, int]] = {}
    for size, count in sorted(counts.items(), key=lambda item: (-item[0][0] * item[0][1], item[0])):
        height, width = (-(-side // grid) * grid for side in size)
        fitting = [bucket for bucket in set(taken.values()) if bucket[0] >= height and bucket[1] >= width]
        best = min(fitting, key=lambda bucket: (bucket[0] * bucket[1], bucket), default=None)
        if best is None or count * (best[0] * best[1] - height * width) > _WORTH_COMPILING:
            best = height, width
        taken[size] = best
    if sum(height * width for height, width in set(taken.values())) > most:
        largest = tuple(max(sides) for sides in zip(*taken.values(), strict=True))
        taken = dict.fromkeys(taken, (largest[0], largest[1]))
    pixels: Counter[tuple[int, int]] = Counter()
    for size, (height, width) in taken.items():
        pixels[height, width] += counts[size] * height * width
    return {size: bucket for size, bucket in taken.items() if pixels[bucket] > _WORTH_COMPILING}


class _Kind(NamedTuple):
    """What a model is compiled for: a size or `_ANY`, the number of parallel runs, and the type of the samples."""

    shape: tuple[int, int]
    concurrency: int
    samples: str

    @property
    def pixels(self) -> int:
        return self.shape[0] * self.shape[1]


class _Programs:
    """A model, compiled for each size on first use. Those that were used last are kept.

    Args:
        model: OpenVINO's model, with dynamic sizes.
        settings: What it is compiled with.
        most: Largest sum of the pixels of all kept sizes. Memory grows with it.
        facts: What the model's card says.
        takes_scale: Whether the model takes the contrast of the page.
    """

    def __init__(
        self, model: Any, settings: dict[str, str | int], most: int, facts: RuntimeFacts, *, takes_scale: bool
    ) -> None:
        self._model = model
        self._facts = facts
        self._takes_scale = takes_scale
        self._settings = settings
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[_Kind, SimpleQueue[Any]] = OrderedDict()

    def run(
        self,
        bucket: tuple[int, int] | None,
        concurrency: int,
        light: Light,
        missing: NDArray[np.bool_],
        scale: float,
    ) -> NDArray[np.float32]:
        """Compute the output for an image.

        Args:
            bucket: The size to compute in. By default that of the image; small images use the model for any size.
            concurrency: Number of parallel runs.
            light: (H, W, 1) or (H, W, 3) samples.
            missing: (H, W), True where pixels are missing.
            scale: Contrast of the page, if the model takes it; 0 for that of the image.

        Returns:
            (1, 3, H, W), nominally in [0, 1].
        """
        height, width = missing.shape
        if bucket is None:
            bucket = (height, width) if height * width > _WORTH_A_SIZE else _ANY
        requests = self._requests(_Kind(bucket, concurrency, light.dtype.name))
        request = requests.get()
        try:
            image, valid = request.get_tensor("image"), request.get_tensor("valid")
            if bucket == _ANY:
                image.shape, valid.shape = (1, 3, height, width), (1, 1, height, width)
            _put(image.data[0], valid.data[0, 0], light, missing)
            if self._takes_scale:
                request.get_tensor(SCALE).data[...] = scale
            request.infer()
            return self._facts.to_unit(np.array(request.get_output_tensor(0).data[..., :height, :width]))
        finally:
            requests.put(request)

    def _requests(self, kind: _Kind) -> SimpleQueue[Any]:
        """Return the requests of a compiled model. Each serves one run at a time."""
        with self._lock:
            if kind not in self._kept:
                # Deleted first, so that both are never in memory together.
                sized = [other for other in self._kept if other.shape != _ANY]
                while sized and sum(other.pixels for other in sized) + kind.pixels > self._most:
                    del self._kept[sized.pop(0)]
                self._kept[kind] = self._compile(kind)
            self._kept.move_to_end(kind)
            return self._kept[kind]

    def _compile(self, kind: _Kind) -> SimpleQueue[Any]:
        openvino = import_openvino()
        model = self._model.clone()
        if kind.shape != _ANY:
            channels = {"image": 3, "valid": 1}
            model.reshape({name: [1, count, *kind.shape] for name, count in channels.items()})
        # Samples are passed as integers: floats would be four times as many bytes.
        given = openvino.preprocess.PrePostProcessor(model)
        black, white = self._facts.value_range
        largest = np.iinfo(kind.samples).max / (white - black)
        for name, type_name, divisor in (("image", kind.samples, largest), ("valid", "uint8", 1.0)):
            given.input(name).tensor().set_element_type(openvino.Type(np.dtype(type_name)))
            given.input(name).preprocess().convert_element_type(openvino.Type.f32).scale(float(divisor))
        if black:
            given.input("image").preprocess().mean(-black)
        model = given.build()
        if kind.shape != _ANY:
            tune(openvino, model)
        # A thread bound to a core waits for other work on that core: on a busy machine this took twice as long.
        settings = {**self._settings, "NUM_STREAMS": kind.concurrency, "ENABLE_CPU_PINNING": False}
        compiled = _core().compile_model(model, "CPU", settings)
        requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(kind.concurrency):
            requests.put(compiled.create_infer_request())
        return requests


def _put(image: NDArray[Any], valid: NDArray[np.uint8], light: Light, missing: NDArray[np.bool_]) -> None:
    """Write an image into the upper left of the input, and zero, which means hole, into the rest.

    Args:
        image: (3, H, W) of the samples' type.
        valid: (H, W), written 1 where pixels are known.
        light: (h, w, 1), repeated, or (h, w, 3).
        missing: (h, w).
    """
    height, width = missing.shape
    known = valid[:height, :width]
    np.logical_not(missing, out=known.view(np.bool_))
    np.multiply(light.transpose(2, 0, 1), known, out=image[:, :height, :width])
    for rest in (valid, image):
        rest[..., height:, :] = 0
        rest[..., :height, width:] = 0


def _open_scale(openvino: Any, model: Any) -> bool:
    """Make the scale an input again, if the model has one. OpenVINO turns inputs with a default into constants."""
    constants = [node for node in model.get_ops() if node.get_friendly_name() == SCALE]
    if not constants:
        return False
    scale = openvino.opset13.parameter([1], np.float32, name=SCALE)
    scale.output(0).get_tensor().set_names({SCALE})
    for port in list(constants[0].output(0).get_target_inputs()):
        port.replace_source_output(scale.output(0))
    model.add_parameters([scale])
    return True
