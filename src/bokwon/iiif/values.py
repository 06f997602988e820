"""Values in IIIF JSON: lists, whole numbers, and texts as language maps of Presentation 3."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import Any

__all__ = ["as_list", "language_map", "plain_text", "whole_number"]

_LONGEST = 10_000
"""Characters of a text; the rest is cut off."""
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,7}")
"""A language tag of BCP 47."""
_TAG = re.compile(r"<[^<>]*>")


def as_list(value: Any) -> list[Any]:
    """Return the items of a JSON value that may be a list, a single item or missing."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def language_map(value: Any) -> dict[str, list[str]]:
    """Return a text as a language map of Presentation 3.

    Args:
        value: A language map; or, in Presentation 2, a text, an object with `@value`, or a list of these.
    """
    found: dict[str, list[str]] = {}
    if isinstance(value, dict) and "@value" not in value:
        for language, texts in value.items():
            for text in as_list(texts):
                _add(found, language, text)
        return found
    for item in as_list(value):
        if isinstance(item, dict):
            _add(found, item.get("@language"), item.get("@value"))
        else:
            _add(found, None, item)
    return found


def _add(found: dict[str, list[str]], language: Any, text: Any) -> None:
    if not isinstance(text, str | int | float) or isinstance(text, bool):
        return
    # Control characters would move the cursor of a terminal.
    shown = "".join(" " if unicodedata.category(each) in ("Cc", "Cs") else each for each in str(text)[:_LONGEST])
    if shown.strip():
        name = language if isinstance(language, str) and _LANGUAGE.fullmatch(language) else "none"
        found.setdefault(name, []).append(shown.strip())


def plain_text(texts: dict[str, list[str]]) -> str:
    """Return a text in the first of its languages, on one line, without HTML tags."""
    first = next(iter(texts.values()), [])
    return " ".join(unescape(_TAG.sub(" ", "; ".join(first))).split())


def whole_number(value: Any) -> int | None:
    """Return a positive whole number; None for anything else. Some servers write numbers as texts."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31 else None
