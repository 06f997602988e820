"""bokwon restores damaged documents and photographs with partial convolutions.

Nothing heavy is loaded until it is used: neither OpenCV, ONNX Runtime nor PyTorch.
"""

from __future__ import annotations

# Not imported from `typing`, and nothing else is imported here: imports delay the first line of the command, and until
# it runs, Ctrl-C shows a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray
    from PIL import Image

    from bokwon import errors
    from bokwon.detection.detector import Damage, Detector
    from bokwon.inpaint.restoration import ImageT, Restoration
    from bokwon.inpaint.restorer import Restorer
    from bokwon.settings import RestoreSettings
    from bokwon.version import __version__

__all__ = [
    "Damage",
    "Detector",
    "Restoration",
    "RestoreSettings",
    "Restorer",
    "__version__",
    "detect",
    "errors",
    "restore",
]


def restore(
    image: ImageT, hole: NDArray[Any] | Image.Image, *, allow_large: bool = False, **settings: Any
) -> Restoration[ImageT]:
    """Fill the holes of an image, as the command `bokwon restore` does.

    For many images make one `Restorer` and call its `restore`: models are loaded once.

    Args:
        image: NumPy array: uint8 or uint16, (H, W) or (H, W, C) with gray, gray and alpha, RGB or RGBA channels, or
            bool (H, W). Or a Pillow image of mode 1, L, LA, P, PA, RGB, RGBA, CMYK or I;16; palettes come back as RGB.
        hole: (H, W), True where pixels are missing: bool, or uint8 with only 0 and 1 or only 0 and 255; or a Pillow
            image, read as the command reads mask files.
        allow_large: Whether more than 60 % of the image may be hole.
        settings: Fields of `RestoreSettings`, such as `material="photo"`; by default those of the command.

    Returns:
        The restored image, of the kind, size, mode and depth of the input, and how it was made. The input is not
        changed.

    Raises:
        errors.ArgumentError: The image, the hole or a setting cannot be used; the message says what to do.
        errors.FileAccessError: The model file cannot be read.
        errors.InputFileError: The model file is damaged, or is not a model of bokwon.

    Example:
        >>> import numpy as np
        >>> page = np.full((64, 64), 230, np.uint8)
        >>> hole = np.zeros(page.shape, bool)
        >>> hole[20:30, 20:30] = True
        >>> page[hole] = 0
        >>> restored = restore(page, hole, method="telea").image
        >>> int(restored[25, 25])
        230
    """
    from bokwon.inpaint.restorer import Restorer
    from bokwon.settings import RestoreSettings

    return Restorer(RestoreSettings(**settings)).restore(image, hole, allow_large=allow_large)


def detect(image: NDArray[Any] | Image.Image, *, model: str | Path | None = None) -> Damage:
    """Find the damage of an image, as the command `bokwon detect` does.

    For many images, and for other options, make one `Detector` and call its `detect`: the model is loaded once.

    Args:
        image: NumPy array: uint8 or uint16, (H, W) or (H, W, C) with gray, gray and alpha, RGB or RGBA channels, or
            bool (H, W). Or a Pillow image.
        model: Name of a shipped model, or path of a model file (.onnx); by default that of the command.

    Returns:
        The damage. Pass its `hole` to `restore`. `kinds` and `confidence` tell the kind and the confidence at each
        pixel.

    Raises:
        errors.ArgumentError: The image or the model cannot be used; the message says what to do.
        errors.FileAccessError: The model file cannot be read.
        errors.InputFileError: The model file is damaged, or is not a damage detector.
    """
    from bokwon.detection.detector import Detector

    return (Detector() if model is None else Detector(model)).detect(image)


_MODULES = {
    "Damage": "bokwon.detection.detector",
    "Detector": "bokwon.detection.detector",
    "Restoration": "bokwon.inpaint.restoration",
    "RestoreSettings": "bokwon.settings",
    "Restorer": "bokwon.inpaint.restorer",
    "__version__": "bokwon.version",
    "errors": "bokwon.errors",
}


def __getattr__(name: str) -> Any:
    from bokwon.utilities.lazy_names import lazy_names

    return lazy_names(__name__, _MODULES)(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
