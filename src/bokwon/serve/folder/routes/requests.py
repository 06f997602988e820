"""Reads and checks the values of requests: boxes, versions, members of a JSON body."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from bokwon.errors import ArgumentError
from bokwon.serve.folder.masks.files import Box
from bokwon.serve.problems import HttpError

__all__ = ["box_of", "choice", "json_body", "number", "version_asked", "whole_number"]

_TAG = re.compile(r'(?:W/)?"(\d{1,16})"|(\d{1,16})')


def version_asked(request: Request) -> int:
    """Return the version of the mask that a change was made on, as `If-Match` says.

    Raises:
        HttpError: The header is missing (428) or malformed (400).
    """
    told = request.headers.get("if-match")
    if told is None:
        raise HttpError(
            428,
            "The version of the mask is missing",
            "the request has no header If-Match",
            'send If-Match: "N" with the mask_version that was changed',
        )
    found = _TAG.fullmatch(told.strip())
    if found is None:
        raise HttpError(400, "Bad header", f"If-Match: {told[:100]} is no version", 'send If-Match: "N"')
    return int(found[1] or found[2])


def json_body(body: bytes) -> dict[str, Any]:
    """Return the object that a JSON body holds; an empty body is an empty object.

    Raises:
        HttpError: It is something else (400).
    """
    if not body.strip():
        return {}
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HttpError(400, "Bad request", f"the body is not JSON: {error}", "send a JSON object") from error
    if not isinstance(told, dict):
        raise HttpError(400, "Bad request", "the body is no JSON object", "send a JSON object")
    return told


def box_of(told: Any, size: tuple[int, int]) -> Box:
    """Return a box of a page, cut to its borders.

    Args:
        told: Left, top, right, bottom: a list, or text with commas.
        size: Width and height of the page.

    Raises:
        ArgumentError: It is not a box, or it lies outside the page.
    """
    parts = told.split(",") if isinstance(told, str) else told
    fix = f"give left,top,right,bottom within 0,0,{size[0]},{size[1]}"
    try:
        if len(parts) != 4 or any(isinstance(part, bool | float) for part in parts):
            raise ValueError
        left, top, right, bottom = (int(part) for part in parts)
    except (TypeError, ValueError):
        raise ArgumentError("that is no box", fix) from None
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1])
    if left >= right or top >= bottom:
        raise ArgumentError("the box lies off the page, or is empty", fix)
    return left, top, right, bottom


def whole_number(told: Mapping[str, Any], name: str, default: int | None, least: int, most: int) -> int:
    """Return a whole number of a request.

    Args:
        told: Parameters of the address, or members of a body.
        name: Name of the number.
        default: Value if it is missing; None if it is required.
        least: Least value.
        most: Largest value.

    Raises:
        ArgumentError: It is missing, no whole number, or out of range.
    """
    value = told.get(name, default)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ArgumentError(f"{name} is no whole number from {least} to {most}", f"give such a {name}")
    return value


def number(told: Mapping[str, Any], name: str, default: float | None, least: float, most: float) -> float | None:
    """Return a number of a request, or None where it is missing and has no default.

    Raises:
        ArgumentError: It is no number, or out of range.
    """
    value = told.get(name, default)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise ArgumentError(f"{name} is no number from {least:g} to {most:g}", f"give such a {name}")
    return float(value)


def choice(told: Mapping[str, Any], name: str, offered: tuple[str, ...], default: str | None = None) -> str:
    """Return a value of a request that must be one of several words.

    Raises:
        ArgumentError: It is missing, or another word.
    """
    value = told.get(name, default)
    if not isinstance(value, str) or value not in offered:
        raise ArgumentError(f"{name} is none of {', '.join(offered)}", f"give one of them as {name}")
    return value
