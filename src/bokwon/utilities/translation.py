"""Messages in the language of the user. The code and all files that programs read stay in English.

Messages are translated where they are shown, and not where they arise: they come from worker processes, from reports of
earlier runs and from libraries, and a server answers each user in another language. So the English text is looked up in
a catalogue (`locales/ko.po`) of texts with placeholders. What stood in a placeholder is looked up in turn.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

__all__ = ["ENGLISH", "LANGUAGES", "LOCALES", "Text", "language", "read_catalogue", "told", "translate"]

ENGLISH = "en"
LANGUAGES = (ENGLISH, "ko")
"""English, and those that have a catalogue."""
LOCALES = Path(__file__).parents[1] / "locales"
"""Folder of the catalogues."""

_FIELD = re.compile(r"((?:\{[^{}]*\})+)")
"""Placeholders; those without text between them count as one."""
_EDGES = re.compile(r"([;,:]?\s*)(.*?)(\s*)", re.DOTALL)
"""What a part of a sentence begins and ends with, and what catalogues leave out."""
_JOINTS = {"; ": "; ", ": ": ": ", " (": " (", ", or ": ", 또는 ", ", ": ", ", " or ": " 또는 "}
"""What joins texts that are translated one by one, and what joins their translations."""
_WORD = re.compile(r"(?<![\w/.-])[a-z]{2,}(?:/s)?(?![\w/.-])")
"""An English word."""
_GENERAL = 8
"""A text with fewer letters around its placeholders fits almost anything, so joints are looked for first."""
_VERBATIM = re.compile(r"(?:^|_)(?:path|target|folder|output|outputs|inputs|file|record|final|out|text|part|stem)$")
"""Names of placeholders in which names of files stand, and never messages."""
_TYPED = re.compile("KINDS|by_name|choices|numbers|offered")
"""Names of placeholders in which words stand that the user may type."""
_WORD_OF_A_NAME = re.compile(r"(?:^|_)(?:name|title|image|mask|source)$")
"""Names of placeholders in which a single word is the name of a file."""
_NUMBER = re.compile(r"number|per_second|[xy]\d")
"""Names of placeholders in which a number stands."""
_DIGITS, _COUNTED, _ANYTHING, _NO_JOINT = r"([\d,.]+)", r"(\d.*?)", "(.*?)", "((?:(?!: |; ).)*?)"
"""Patterns of values."""


@dataclass(frozen=True)
class Text:
    """A text of a catalogue.

    Attributes:
        english: The text, with placeholders such as `{name}`.
        translation: Its translation, with the same placeholders.
    """

    english: str
    translation: str

    @cached_property
    def fields(self) -> list[str]:
        """Placeholders in order, without braces where one stands alone."""
        return [field[1:-1] if field.count("{") == 1 else field for field in _FIELD.split(self.english)[1::2]]

    @cached_property
    def literal(self) -> list[str]:
        """The text around the placeholders."""
        return _FIELD.split(self.english)[::2]

    @cached_property
    def weight(self) -> tuple[int, int]:
        """Number of letters around the placeholders, and of characters: texts with more are more particular."""
        around = "".join(self.literal)
        return sum(map(str.isalpha, around)), len(around)

    @cached_property
    def is_particular(self) -> bool:
        """Whether few texts can have been made from others and fit this one: it has letters enough, or a joint."""
        return self.weight[0] >= _GENERAL or any(joint in part for joint in (": ", "; ") for part in self.literal)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """A strict pattern, in which a value holds no joint unless it may be a sentence, and a lax one."""
        strict = [re.escape(self.literal[0])]
        for number, field in enumerate(self.fields):
            before, after = self.literal[number], self.literal[number + 1]
            last = number == len(self.fields) - 1 and not after and before.endswith((": ", "; "))
            glued = bool(re.search(r"[\w)]$", before)) or "{" in field
            value = _DIGITS if _NUMBER.fullmatch(field) else _COUNTED if field == "counted" else _NO_JOINT
            if value == _NO_JOINT and (last or glued):
                value = _ANYTHING
            strict += [value, re.escape(after)]
        lax = "".join(strict).replace(_NO_JOINT, _ANYTHING)
        return re.compile("".join(strict), re.DOTALL), re.compile(lax, re.DOTALL)

    def values(self, text: str, *, strict: bool) -> list[str] | None:
        """Return what stands in the placeholders of a text that was made from this one; None if it was not."""
        if not all(part in text for part in self.literal):
            return None
        found = self._patterns[0 if strict else 1].fullmatch(text)
        return None if found is None else list(found.groups())

    def filled(self, values: list[str]) -> str:
        """Return the translation with values in its placeholders."""
        waiting: dict[str, list[str]] = {}
        for field, value in zip(_FIELD.findall(self.english), values, strict=True):
            waiting.setdefault(field, []).append(value)
        return _FIELD.sub(lambda field: waiting[field[0]].pop(0), self.translation)


def language() -> str:
    """Return the language in which to speak to the user: one of `LANGUAGES`.

    BOKWON_LANG decides. Without it `LANG` does, if standard output and standard error are both a terminal: what scripts
    read stays in English.
    """
    wanted = os.environ.get("BOKWON_LANG")
    if not wanted and all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr)):
        wanted = os.environ.get("LANG")
    wanted = (wanted or ENGLISH)[:2].lower()
    return wanted if wanted in LANGUAGES else ENGLISH


def translate(text: str, to: str | None = None) -> str:
    """Return a message in another language. What has no translation stays in English.

    Args:
        text: The message in English.
        to: One of `LANGUAGES`; that of the user by default.
    """
    to = to or language()
    return str(text) if to == ENGLISH else _translate(str(text), to)[0]


def told(error: Exception, to: str | None = None) -> str:
    """Return an error as one line: what is wrong, and what to do about it."""
    message, fix = getattr(error, "message", None), getattr(error, "fix", None)
    if message is None or fix is None:
        return translate(str(error), to)
    return " ".join("; ".join(translate(part, to) for part in (message, fix) if part).split())


def read_catalogue(path: Path) -> dict[str, str]:
    """Read the texts of a .po file, as Babel writes it, and their translations."""
    found: dict[str, str] = {}
    parts: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith(("msgid ", "msgstr ")):
            parts.append("")
        if line.startswith(("msgid ", "msgstr ", '"')):
            parts[-1] += json.loads(line[line.index('"') :])
        elif len(parts) == 2:
            found[parts[0]] = parts[1]
            parts = []
    found.pop("", None)
    return found


@cache
def _catalogue(to: str) -> tuple[dict[str, str], list[Text], list[Text]]:
    """Return the texts of a language without placeholders, the particular ones with some, and the general ones."""
    texts = [Text(*item) for item in read_catalogue(LOCALES / f"{to}.po").items() if item[1]]
    plain = {text.english: text.translation for text in texts if not text.fields}
    others = sorted((text for text in texts if text.fields), key=lambda text: text.weight, reverse=True)
    particular = [text for text in others if text.is_particular]
    return plain, particular, [text for text in others if not text.is_particular]


@lru_cache(maxsize=4096)
def _translate(text: str, to: str) -> tuple[str, int]:
    """Return a translation, and how many English words are left in it.

    A text can be read in several ways, as parts of sentences stand in others: the way that leaves fewest words counts.
    """
    edges = _EDGES.fullmatch(text)
    assert edges is not None
    before, inner, after = edges.groups()
    best = inner, _english_words(inner)
    for found in _readings(inner, to):
        if found[1] < best[1] or (best[0] == inner and found[1] == best[1]):
            best = found
        if not best[1]:
            break
    return before + best[0] + after, best[1]


def _english_words(text: str) -> int:
    return len(_WORD.findall(text)) if " " in text else 0


def _readings(text: str, to: str) -> Iterator[tuple[str, int]]:
    """Yield translations of a text with the number of English words that are left, the likelier ones first."""
    plain, particular, general = _catalogue(to)
    if text in plain:
        yield plain[text], 0
        return
    yield from _by_templates(particular, text, to, strict=True)
    if _english_words(text):
        yield from _in_parts(text, to)
    yield from _by_templates(particular, text, to, strict=False)
    yield from _by_templates(general, text, to, strict=True)


def _by_templates(templates: list[Text], text: str, to: str, *, strict: bool) -> Iterator[tuple[str, int]]:
    for template in templates:
        values = template.values(text, strict=strict)
        if values is not None:
            found = [_value(*pair, to) for pair in zip(template.fields, values, strict=True)]
            yield template.filled([value for value, _ in found]), sum(left for _, left in found)


def _in_parts(text: str, to: str) -> Iterator[tuple[str, int]]:
    """Yield translations of what is joined of several texts."""
    for joint, translated in _JOINTS.items():
        place = text.find(joint)
        while place >= 0:
            first, second = text[:place], text[place + len(joint) :]
            end = ")" if joint == " (" and second.endswith(")") else ""
            (before, left), (after, also) = _part(first, to), _part(second.removesuffix(end), to)
            if joint == translated or not left + also:
                yield before + translated + after + end, left + also
            place = text.find(joint, place + 1)


def _part(text: str, to: str) -> tuple[str, int]:
    """Translate a part of a text; a single word may be a name."""
    return _translate(text, to) if " " in text else (text, len(_WORD.findall(text)))


def _value(field: str, value: str, to: str) -> tuple[str, int]:
    """Translate what stood in a placeholder, unless it is a name."""
    if _TYPED.fullmatch(field):
        return value, 0
    if _VERBATIM.search(field) and " " in value and value in _catalogue(to)[0]:
        # Standard output in the place of a file.
        return _catalogue(to)[0][value], 0
    if _VERBATIM.search(field) or (" " not in value.strip() and _WORD_OF_A_NAME.search(field)):
        return value, _english_words(value)
    return _translate(value, to)
