"""Text for pages: from files, or drawn from built-in frequency lists."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.synthesis.pages import frequency_lists

__all__ = ["TextSource", "clusters", "read_text", "script_of"]

_BUILTIN: dict[str, tuple[str, ...]] = {
    "hanja": tuple(dict.fromkeys(frequency_lists.HANJA)),
    "hangul": tuple(dict.fromkeys(frequency_lists.HANGUL)),
    "old_hangul": frequency_lists.OLD_HANGUL,
    "latin": tuple(frequency_lists.ENGLISH.split()),
    "kana": tuple(frequency_lists.HIRAGANA),
}


@dataclass(frozen=True)
class TextSource:
    """Where a page's text comes from.

    Attributes:
        texts: Running text for each script. A script without text uses the built-in lists.
    """

    texts: Mapping[str, str] = field(default_factory=dict)

    def take(self, rng: np.random.Generator, script: str, count: int) -> list[str]:
        """Take text of one script.

        Args:
            rng: Random generator.
            script: `hanja`, `hangul`, `old_hangul`, `latin` or `kana`.
            count: Number of characters, including spaces. The result may be a little longer.

        Returns:
            Characters; a cluster of conjoining jamo counts as one. Only Hangul and Latin text has spaces.
        """
        text = self.texts.get("hangul" if script == "old_hangul" else script)
        if not text:
            return _draw(rng, script, count)
        start = int(rng.integers(len(text)))
        piece = text[start : start + count]
        while len(piece) < count:
            piece += " " + text[: count - len(piece)]
        found = clusters(piece)
        if script == "old_hangul":
            # Running text in modern spelling, sprinkled with the letters that it has lost.
            old = _BUILTIN["old_hangul"]
            change = rng.random(len(found)) < 0.25
            found = [
                old[int(rng.integers(len(old)))] if flag and script_of(c) == "hangul" else c
                for c, flag in zip(found, change, strict=True)
            ]
        if script in {"hanja", "kana", "old_hangul"}:
            return [c for c in found if not c.isspace()]
        return found


def read_text(files: Iterable[str | Path]) -> TextSource:
    """Read text files, and sort them by their prevailing script.

    Raises:
        FileAccessError: A file is missing or unreadable.
        InputFileError: A file is not UTF-8, or holds no text of a known script.
    """
    texts: dict[str, str] = {}
    for file in files:
        path = Path(file)
        try:
            text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise InputFileError(f"{path} is not UTF-8 text", "convert it with iconv -t utf-8") from error
        except OSError as error:
            raise FileAccessError(f"cannot read {path}: {error.strerror}", "name a readable text file") from error
        counts = Counter(script for script in map(script_of, text[:20000]) if script)
        if not counts:
            raise InputFileError(f"{path} holds no hanja, hangul, Latin or kana text", "give a file with text")
        # Japanese mixes kana and hanja: a fifth of kana is enough to tell it.
        kana = counts.get("kana", 0) > 0.2 * sum(counts.values())
        script = "kana" if kana else max(counts, key=lambda name: counts[name])
        lines = text.split("\n")
        joined = "".join(lines) if script in {"hanja", "kana"} else " ".join(" ".join(lines).split())
        texts[script] = texts.get(script, "") + joined
    return TextSource(texts)


@lru_cache(maxsize=65536)
def script_of(character: str) -> str | None:
    """Return the script of one character or cluster, None for digits, punctuation and anything else."""
    code = ord(character[0])
    if 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3134F:
        return "hanja"
    if 0xAC00 <= code <= 0xD7A3:
        return "hangul"
    if 0x1100 <= code <= 0x11FF or 0xA960 <= code <= 0xA97F or 0xD7B0 <= code <= 0xD7FF:
        return "old_hangul"
    if 0x3041 <= code <= 0x30FF:
        return "kana"
    if character[0].isalpha() and code < 0x250:
        return "latin"
    return None


def clusters(text: str) -> list[str]:
    """Split text into characters. Syllables of conjoining jamo and letters with accents stay whole."""
    found: list[str] = []
    for character in text:
        code = ord(character)
        joins = 0x1160 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FF or unicodedata.combining(character) > 0
        if joins and found and not found[-1].isspace():
            found[-1] += character
        else:
            found.append(character)
    return found


def _draw(rng: np.random.Generator, script: str, count: int) -> list[str]:
    if script not in _BUILTIN:
        raise ArgumentError(f"unknown script {script}", f"choose from {', '.join(_BUILTIN)}")
    if script == "old_hangul":
        # A quarter of the syllables in old spelling, as in texts of the 15th to 17th century.
        old = rng.random(count) < 0.25
        modern, ancient = _zipf(rng, "hangul", count), _zipf(rng, "old_hangul", count)
        return [a if flag else m for flag, m, a in zip(old, modern, ancient, strict=True)]
    if script == "kana":
        hanja, kana = _zipf(rng, "hanja", count), _zipf(rng, "kana", count)
        return [h if flag else k for flag, h, k in zip(rng.random(count) < 0.35, hanja, kana, strict=True)]
    if script == "hanja":
        return _zipf(rng, "hanja", count)
    found: list[str] = []
    if script == "hangul":
        letters = iter(_zipf(rng, "hangul", 2 * count))
        while len(found) < count:
            found += [next(letters) for _ in range(int(rng.integers(1, 6)))]
            found += ["."] if rng.random() < 0.1 else []
            found.append(" ")
        return found
    begin = True
    words = iter(_zipf(rng, "latin", count))
    while len(found) < count:
        word = next(words)
        found += list(word[0].upper() + word[1:] if begin else word)
        begin = rng.random() < 0.08
        found += ["."] if begin else [","] if rng.random() < 0.07 else []
        found.append(" ")
    return found


def _zipf(rng: np.random.Generator, script: str, count: int) -> list[str]:
    words = _BUILTIN[script]
    chosen = np.searchsorted(_ladder(len(words)), rng.random(count))
    return [words[place] for place in np.minimum(chosen, len(words) - 1).tolist()]


@lru_cache(maxsize=16)
def _ladder(count: int) -> NDArray[np.float64]:
    # Rank-frequency law, flattened so that rare characters are seen too.
    weights = 1.0 / (np.arange(count) + 20.0)
    return np.asarray(np.cumsum(weights) / weights.sum(), np.float64)
