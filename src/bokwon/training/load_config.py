"""Configurations from TOML files, presets and the command line."""

from __future__ import annotations

import dataclasses
import json
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.training.config import TrainConfig
from bokwon.training.detection.config import DetectionConfig

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["differences", "from_mapping", "load", "override", "preset", "preset_names"]

_T = TypeVar("_T")
_Config = TypeVar("_Config", bound=TrainConfig | DetectionConfig)

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def preset_names() -> list[str]:
    """List the presets."""
    folder = resources.files("bokwon.training") / "presets"
    return sorted(Path(file.name).stem for file in folder.iterdir() if file.name.endswith(".toml"))


def preset(name: str) -> TrainConfig | DetectionConfig:
    """Return a preset's configuration.

    Args:
        name: "paper", "reimplementation", "document" or "photo"; "detect" for the network that finds damage.

    Raises:
        ArgumentError: If there is no such preset.
    """
    if name not in preset_names():
        raise ArgumentError(f"there is no preset {name!r}", f"choose one of {', '.join(preset_names())}")
    file = resources.files("bokwon.training") / "presets" / f"{name}.toml"
    return _build(tomllib.loads(file.read_text(encoding="utf-8")))


def load(path: Path, base: TrainConfig | DetectionConfig | None = None) -> TrainConfig | DetectionConfig:
    """Read a configuration from a file.

    Args:
        path: A TOML file. With `kind = "detection"` it is for the network that finds damage.
        base: Values that the file leaves out; by default the preset "detect" for that network, "document" for others.

    Returns:
        The configuration.

    Raises:
        FileAccessError: If there is no such file.
        InputFileError: If it is not TOML.
        ArgumentError: If it holds an unknown key or a value of the wrong type.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileAccessError(f"{path} cannot be read: {error.strerror}", "give the path of a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputFileError(f"{path} is not TOML: {error}", "correct the file") from error
    if table.get("kind") == "detection" and not isinstance(base, DetectionConfig):
        base = preset("detect")
    return _build(_merge(dataclasses.asdict(base or preset("document")), table))


def _build(table: Mapping[str, Any]) -> TrainConfig | DetectionConfig:
    """Make the configuration of the kind that a table says it is."""
    if "kind" in table:
        return from_mapping(DetectionConfig, table)
    return from_mapping(TrainConfig, table)


def override(config: _Config, assignments: Sequence[str]) -> _Config:
    """Change single values.

    Args:
        config: What to start from.
        assignments: "key=value" with dotted keys ("optimizer.learning_rate=2e-4"); the value is TOML, and a word
            that is not is taken as a string.

    Returns:
        The changed configuration.

    Raises:
        ArgumentError: If an assignment has no "=", an unknown key or a value of the wrong type.
    """
    table = dataclasses.asdict(config)
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise ArgumentError(f"--set {assignment} has no '='", "write --set key=value")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        *path, last = key.strip().split(".")
        target: Any = table
        for part in path:
            target = target.get(part) if isinstance(target, dict) else None
        if not isinstance(target, dict) or last not in target:
            raise ArgumentError(
                f"--set {assignment}: there is no setting {key.strip()!r}", "see docs/research/training.md"
            )
        target[last] = value
    return from_mapping(type(config), table)


def differences(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> list[str]:
    """Name the settings in which two configurations differ.

    Args:
        old: One, as nested mappings.
        new: The other.
        where: Dotted name of the table.

    Returns:
        Lines "key: old -> new".
    """
    lines = []
    for key in new:
        before, after = _plain(old.get(key)), _plain(new[key])
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            lines += differences(before, after, f"{where}{key}.")
        elif before != after:
            lines.append(f"{where}{key}: {json.dumps(before)} -> {json.dumps(after)}")
    return lines


def from_mapping(kind: type[_T], table: Mapping[str, Any], where: str = "") -> _T:
    """Build a dataclass from nested mappings, as TOML and JSON give them.

    Args:
        kind: The dataclass.
        table: Its values by name.
        where: Dotted name of the table, for messages.

    Returns:
        An instance.

    Raises:
        ArgumentError: If a key is unknown or a value has the wrong type or range.
    """
    hints = typing.get_type_hints(kind)
    unknown = set(table) - set(hints)
    if unknown:
        raise ArgumentError(
            f"unknown setting {where}{sorted(unknown)[0]}",
            f"one of {', '.join(where + name for name in hints)} is meant",
        )
    values = {name: _convert(hints[name], value, where + name) for name, value in table.items()}
    try:
        return kind(**values)
    except ArgumentError:
        raise
    except ValueError as error:
        raise ArgumentError(f"{where.rstrip('.') or 'configuration'}: {error}", "correct the value") from error


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        inner = below.get(key)
        merged[key] = _merge(inner, value) if isinstance(inner, dict) and isinstance(value, Mapping) else value
    return merged


def _plain(value: Any) -> Any:
    # Tuples come back from JSON as lists.
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return from_mapping(hint, value, where + ".")
    if origin is Literal and value in arguments:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, where)
    if origin is tuple and isinstance(value, (list, tuple)):
        if arguments[-1] is Ellipsis:
            return tuple(_convert(arguments[0], item, where) for item in value)
        if len(value) == len(arguments):
            return tuple(_convert(a, item, where) for a, item in zip(arguments, value, strict=True))
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    raise ArgumentError(f"{where} is {json.dumps(value, default=str)}", f"give {_wanted(hint)}")


def _wanted(hint: Any) -> str:
    """Say in words what a setting may be."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return f"one of {', '.join(json.dumps(argument) for argument in arguments)}"
    if origin in (typing.Union, types.UnionType):
        return _wanted(next(a for a in arguments if a is not type(None)))
    if origin is tuple and arguments[-1] is not Ellipsis:
        return f"a list of {len(arguments)} values, each {_wanted(arguments[0])}"
    if origin is tuple:
        return f"a list, each of its values {_wanted(arguments[0])}"
    return _WORDS.get(hint, "a table of settings")
