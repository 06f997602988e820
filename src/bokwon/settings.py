"""The settings of a restoration, each declared once: type, default, limits and help.

Python, the command line, folders, records and `bokwon evaluate` all read them here.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from bokwon.errors import ArgumentError

__all__ = [
    "CERTAIN",
    "DETECTION_GROW",
    "DETECTION_THRESHOLD",
    "DETECTOR",
    "MODELS",
    "Classical",
    "EngineName",
    "Letters",
    "Material",
    "Precision",
    "RestoreSettings",
    "choices",
    "setting_types",
]

DETECTOR = "detect"
"""Name of the shipped model that finds damage; the default of all commands. An added model of this name replaces it."""

DETECTION_GROW = 2
"""Pixels by which found damage is grown by default, so that the hole covers its soft rim."""

DETECTION_THRESHOLD = 0.55
"""Least confidence of found damage by default. At 0.5 one sound page in two has a mark, at 0.55 one in three."""

CERTAIN = 0.9
"""Least confidence at which found damage is filled by default before a person has checked it."""

Classical = Literal["telea", "ns"]
"""Methods that need no model."""

EngineName = Literal["auto", "onnx", "openvino"]
"""The engines that run model files."""

Precision = Literal["auto", "float32", "bfloat16", "int8"]
"""The number types that models compute with."""

Letters = Literal["auto", "restore", "leave"]
"""Whether a hole is filled to its middle, or with paper where the evidence is far."""

Material = Literal["page", "photo", "rubbing"]
"""What a picture shows: a page of ink on paper, a photograph, or a rubbing with light writing on dark paper."""

MODELS: dict[Material, str] = {"page": "document", "photo": "photo", "rubbing": "document"}
"""The model that each material is filled with."""

_OF_A_MODEL = ("model", "material", "engine", "precision", "ensemble")
_OF_THE_MACHINE = ("model", "engine", "threads")


def _told(text: str, panel: str = "Advanced", **more: Any) -> dict[str, Any]:
    """Return the metadata of a setting.

    Args:
        text: Its help.
        panel: Where `bokwon restore --help` shows it.
        more: `least` and `most` of a number; `shown`, what the help calls the default, and `metavar`, the value.
    """
    return {"help": text, "panel": panel, **more}


@dataclass(frozen=True)
class RestoreSettings:
    """The settings of a restoration. The metadata of each field holds its help, as in `bokwon restore --help`.

    Example:
        >>> RestoreSettings("photo", ensemble=4).finish
        'standard'
        >>> RestoreSettings(method="magic")
        Traceback (most recent call last):
            ...
        bokwon.errors.ArgumentError: method cannot be 'magic'; choose model, telea or ns

    Raises:
        ArgumentError: A value is of the wrong type or does not exist, or two settings contradict each other.
    """

    model: str | Path | None = field(
        default=None,
        metadata=_told(
            "Use this model: the name of a shipped or added one, the path of an .onnx file, or hf:OWNER/NAME of the "
            "Hugging Face Hub.",
            "Model",
            shown="that of the material",
            metavar="NAME|FILE|hf:ID",
        ),
    )
    _: KW_ONLY
    material: Literal["auto", Material] = field(
        default="auto",
        metadata=_told(
            "Fill as a page (ink on paper), a photo, or a rubbing (white writing on black). auto looks at each page "
            "and takes a page where it is not sure.",
            "Model",
        ),
    )
    method: Literal["model", Classical] = field(
        default="model",
        metadata=_told("Fill with a trained model, or by Telea's or the Navier-Stokes (ns) method.", "Model"),
    )
    finish: Literal["standard", "conservative", "off"] = field(
        default="standard",
        metadata=_told(
            "standard fills pages with the page's own patches. conservative also puts paper where a letter "
            "would be a guess. off keeps the fill as the model made it.",
            "Model",
        ),
    )
    grow: int = field(
        default=0,
        metadata=_told(
            "Fill this many pixels around the holes too. It helps where masks leave out the soft edge of the damage.",
            "Masks",
            least=0,
            most=32,
            metavar="PIXELS",
        ),
    )
    engine: EngineName = field(
        default="auto", metadata=_told("Run the model with ONNX Runtime or OpenVINO. auto takes the faster one.")
    )
    precision: Precision = field(
        default="auto",
        metadata=_told("Compute in this number type. auto takes the fastest one here; the results differ little."),
    )
    ensemble: Literal[1, 2, 4] = field(
        default=1,
        metadata=_told(
            "Take the mean of this many mirrored views. It improves photographs and takes as many times the time."
        ),
    )
    ink: Literal["auto", "off", "patches"] = field(
        default="auto",
        metadata=_told(
            "patches replaces a fill by the known patches of the page that look most like it. auto follows finish."
        ),
    )
    grain: Literal["auto", "off", "match", "copy"] = field(
        default="auto",
        metadata=_told(
            "copy adds the texture of similar places of the picture. match adds noise like the grain of the paper. "
            "auto is copy for photographs, and off for pages, whose patches have grain already."
        ),
    )
    letters: Letters = field(
        default="auto",
        metadata=_told("leave puts paper where a letter would be a guess. restore fills it. auto follows finish."),
    )
    tile: int | None = field(
        default=None,
        metadata=_told(
            "Cut large pages into tiles of this side, a multiple of 128. Smaller tiles take less memory.",
            least=1,
            shown="the engine's own",
            metavar="PIXELS",
        ),
    )
    threads: int | None = field(
        default=None,
        metadata=_told("Use this many threads in each process.", least=1, shown="all cores, shared by the processes"),
    )

    def __post_init__(self) -> None:
        """Check every value, and that the settings fit together."""
        kinds = setting_types()
        for item in fields(self):
            _check(item.name, getattr(self, item.name), kinds[item.name], item.metadata)
            if self.method != "model" and item.name in _OF_A_MODEL and getattr(self, item.name) != item.default:
                fix = f"leave out {item.name} or method"
                raise ArgumentError(f"method {self.method} takes no {item.name}", fix)
        if self.model is not None and self.material != "auto":
            fix = "leave out material: the model's card says what it is for; or leave out model"
            raise ArgumentError(f"material {self.material} and model {self.model} cannot be given together", fix)

    @property
    def chooses_material(self) -> bool:
        """Whether model and finish are chosen for each page."""
        return self.method == "model" and self.model is None and self.material == "auto"

    def resolved(self, *, for_pages: bool, for_photographs: bool = False) -> RestoreSettings:
        """Replace `auto` in `ink`, `grain` and `letters` by the values that belong to `finish`.

        Args:
            for_pages: Whether the model is for pages of ink on paper. Only these get patches.
            for_photographs: Whether the model is for photographs. Only these get texture.

        Raises:
            ArgumentError: Patches and texture are both asked for.
        """
        finished = self.finish != "off"
        ink = self.ink if self.ink != "auto" else "patches" if finished and for_pages else "off"
        if ink == "patches" and self.grain == "copy":
            raise ArgumentError(
                "--grain copy does not work with patches of the page, which have its grain already",
                "leave out --grain copy, or add --ink off",
            )
        chosen: dict[str, Any] = {
            "ink": ink,
            "grain": "copy" if finished and for_photographs and ink == "off" else "off",
            "letters": "leave" if self.finish == "conservative" else "restore",
        }
        return replace(self, **{name: value for name, value in chosen.items() if getattr(self, name) == "auto"})

    def of_pixels(self) -> dict[str, Any]:
        """Return the settings that change pixels, without those of the machine. Records and `--resume` use them."""
        return {name: value for name, value in vars(self).items() if name not in _OF_THE_MACHINE}


@cache
def setting_types() -> dict[str, Any]:
    """Return the type of each setting."""
    # Cached, because Python evaluates the text of every annotation anew at each call.
    return get_type_hints(RestoreSettings)


def choices(name: str) -> tuple[Any, ...]:
    """Return the allowed values of a setting; () if it takes any number or text."""
    kind = setting_types()[name]
    return get_args(kind) if get_origin(kind) is Literal else ()


def _check(name: str, value: Any, kind: Any, told: Any) -> None:
    if offered := choices(name):
        fits = isinstance(value, str | int) and not isinstance(value, bool) and value in offered
        fix = f"choose {', '.join(map(str, offered[:-1]))} or {offered[-1]}"
    elif "least" in told:
        least, most = told["least"], told.get("most")
        whole = isinstance(value, kind) and not isinstance(value, bool)
        fits = whole and (value is None or least <= value <= (value if most is None else most))
        fix = f"give a whole number from {least} {'up' if most is None else f'to {most}'}"
    else:
        fits, fix = isinstance(value, kind), "give a name or a path"
    if not fits:
        raise ArgumentError(f"{name} cannot be {value!r}", fix)
