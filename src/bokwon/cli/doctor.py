"""`bokwon doctor`: shows what is installed and whether each model works, as text to paste into a bug report."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from bokwon.errors import BokwonError, MemoryLimitError
from bokwon.settings import RestoreSettings
from bokwon.utilities.processes import available_cores
from bokwon.utilities.translation import translate
from bokwon.version import __version__

if TYPE_CHECKING:
    from bokwon.types import Hole, Pixels

__all__ = ["describe_system", "doctor", "made_page", "try_model"]

_REQUIRED = ("numpy", "pillow", "opencv-python-headless", "onnxruntime", "typer", "rich")
_EXTRAS = {
    "archive": (("imagecodecs", "pikepdf", "tifffile"), "PDF, JPEG 2000 and TIFF of every kind"),
    "heif": (("pi-heif",), "HEIC and HEIF"),
    "openvino": (("openvino",), "the engine OpenVINO"),
    "cluster": (("ray",), "several machines"),
    "train": (("torch", "torchvision", "onnx"), "training and export"),
    "eval": (("matplotlib", "scikit-image", "scipy"), "measuring"),
}
"""Optional parts: the packages that show whether one is installed, and what it is for."""

# Largest difference in light, of 255, between a filled blank and the paper around it.
_CLOSE = 12


class Line(NamedTuple):
    """A line of the report.

    Attributes:
        subject: What it is about.
        finding: What was found.
        good: Whether it is as it has to be.
        error: The error that ended the check, if any.
    """

    subject: str
    finding: str
    good: bool = True
    error: BokwonError | None = None

    @classmethod
    def failed(cls, subject: str, error: BokwonError) -> Line:
        """Return the line about a check that an error ended."""
        return cls(subject, str(error), False, error)


def doctor(
    test: Annotated[bool, typer.Option("--test/--no-test", help="Restore a small test page with each model.")] = True,
) -> None:
    """Check this installation: versions, optional parts, processor, models; and restore a test page with each model.

    The report names no file of yours: paste it where you ask for help. Exit code 15 if something is wrong, 7 if memory
    is too small.
    """
    wrong = 0
    lacking = None
    for line in (*describe_system(), *_models(test)):
        wrong += not line.good
        if isinstance(line.error, MemoryLimitError):
            lacking = line.error
        typer.echo(f"{'' if line.good else '!! '}{translate(line.subject)}: {translate(line.finding)}")
    if lacking is not None:
        raise lacking
    if wrong:
        raise BokwonError(
            f"{wrong} of these lines report a problem, marked with !!",
            "install bokwon anew: pip install --force-reinstall bokwon",
        )
    typer.echo(translate("all is well"))


def describe_system() -> Iterator[Line]:
    """Tell versions of bokwon, Python and packages, the processor, and which optional parts are installed."""
    yield Line("bokwon", __version__)
    bits = sys.maxsize.bit_length() + 1
    yield Line("Python", f"{platform.python_version()} ({platform.python_implementation()}, {bits} bits)")
    yield Line("system", f"{platform.system()} {platform.release()}, {platform.machine()}")
    yield Line("processor", f"{available_cores()} cores, {_features()}")
    if (memory := _memory()) is not None:
        yield Line("memory", f"{memory / 2**30:.1f} GiB")
    for package in _REQUIRED:
        found = _version(package)
        yield Line(package, found or "not installed", found is not None)
    for extra, (packages, purpose) in _EXTRAS.items():
        versions = {package: _version(package) for package in packages}
        missing = [package for package, found in versions.items() if found is None]
        if missing:
            yield Line(f"optional: {extra}", f"not installed; for {purpose}: pip install 'bokwon[{extra}]'")
        else:
            yield Line(f"optional: {extra}", ", ".join(f"{package} {found}" for package, found in versions.items()))


def made_page() -> tuple[Pixels, Hole]:
    """Return a small page of strokes on paper and a hole in it that lies half on a stroke, half on blank paper.

    Returns:
        uint8 (192, 256, 3) and bool (192, 256).
    """
    import numpy as np

    page = np.full((192, 256, 3), (236, 228, 208), np.uint8)
    for left in range(24, 120, 24):
        page[32:160, left : left + 5] = (52, 44, 40)
    hole = np.zeros(page.shape[:2], bool)
    hole[84:100, 40:64] = True
    hole[84:100, 180:200] = True
    return page, hole


def try_model(model: str) -> Line:
    """Restore the made page with a model, and judge the result.

    Args:
        model: Name of a model that fills.

    Returns:
        What ran, how long it took, and whether the result is right: nothing changed outside the hole, and blank paper
        filled with paper.
    """
    import numpy as np

    from bokwon.inpaint.restorer import Restorer

    page, hole = made_page()
    damaged = page.copy()
    damaged[hole] = 255
    try:
        begun = monotonic()
        restorer = Restorer(RestoreSettings(model))
        restored = restorer.restore(damaged, hole)
        seconds = monotonic() - begun
    except BokwonError as error:
        return Line.failed(f"model {model}", error)
    precision = restorer.settings.precision
    about = ", ".join([restored.engine, *[precision] * (precision not in restored.engine), f"{seconds:.1f} s"])
    if not np.array_equal(restored.image[~hole], damaged[~hole]):
        return Line(f"model {model}", f"changed pixels outside the hole ({about})", False)
    off = np.abs(restored.image[84:100, 180:200].astype(int) - page[84:100, 180:200]).mean()
    if not off <= _CLOSE:
        return Line(f"model {model}", f"fills blank paper wrongly, by {off:.0f} of 255 ({about})", False)
    return Line(f"model {model}", f"works ({about})")


def _models(test: bool) -> Iterator[Line]:
    from bokwon.inpaint.models import INT8_OF, list_models, load_model

    for model in list_models():
        name, card = model.path.stem, model.card or {}
        try:
            load_model(model)
        except BokwonError as error:
            yield Line.failed(f"model {name}", error)
            continue
        fills = "classes" not in card and INT8_OF not in card
        yield try_model(name) if test and fills else Line(f"model {name}", "its file is complete")


def _version(package: str) -> str | None:
    # Here, since every command loads this module.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        # OpenCV has several packages of one content.
        if package == "opencv-python-headless" and importlib.util.find_spec("cv2"):
            import cv2

            return str(cv2.__version__)
        return None


def _features() -> str:
    """Return the processor's instructions that matter for speed."""
    try:
        import cv2

        line = cv2.getCPUFeaturesLine()
    except (ImportError, AttributeError):
        return "instructions unknown"
    # OpenCV marks with * what it was built for, and with ? what the processor lacks.
    known = [word.strip("*") for word in line.split() if not word.endswith("?")]
    wanted = [word for word in known if word.startswith(("AVX", "NEON", "SVE", "FP16", "SSE4"))]
    return " ".join(wanted) or "none of the instructions that make it fast"


def _memory() -> int | None:
    """Return the machine's memory, bytes; None where it cannot be asked."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
